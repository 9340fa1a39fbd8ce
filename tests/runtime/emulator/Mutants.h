//===- Mutants.h - valid kernels, changed token by token --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A mutant is a string of bytes: first the kernel, the asynchrony and the
// checks, then five bytes per change (what, where, and which other token).
// FuzzTest draws them at random, libFuzzer by coverage (Fuzz.cpp).
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_EMULATOR_MUTANTS_H
#define MUNTIN_TESTS_RUNTIME_EMULATOR_MUTANTS_H

#include <cstdint>
#include <span>
#include <string>

namespace muntin::emulator::test {

/// A kernel's text after the changes.
std::string mutantText(std::span<const uint8_t> script);

enum class MutantEnd { Refused, Faulted, Ran };
/// Loads the mutant and runs it with few steps. Whatever happens, the process lives.
MutantEnd runMutant(std::span<const uint8_t> script);

} // namespace muntin::emulator::test

#endif // MUNTIN_TESTS_RUNTIME_EMULATOR_MUTANTS_H
