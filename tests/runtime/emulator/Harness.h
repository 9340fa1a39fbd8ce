//===- Harness.h - runs small PTX texts in tests ----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// evaluate() runs one instruction on many inputs. Expected values are the
// test's own formulas, never the emulator's functions.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_EMULATOR_HARNESS_H
#define MUNTIN_TESTS_RUNTIME_EMULATOR_HARNESS_H

#include "runtime/emulator/Emulator.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace muntin::emulator::test {

using Inputs = std::array<uint64_t, 3>;

/// The header of a module.
std::string header(unsigned architecture = 80);

/// Types of the registers %d, %a, %b, %c; "" where there is none; "pred" is stored as 0 or 1.
struct Form {
  std::string body; ///< e.g. "add.s32 %d, %a, %b;"
  std::string d = {}, a = {}, b = {}, c = {};
};

/// The whole module for a form: lane i of the grid loads its inputs, runs the body and stores %d.
std::string moduleFor(const Form &form, unsigned architecture = 80);
/// Results as raw bits, widened with zeros.
std::vector<uint64_t> evaluate(const Form &form, const std::vector<Inputs> &inputs, unsigned architecture = 80);

/// All pairs (or all, for one argument) of interesting values of a type.
std::vector<uint64_t> edges(const std::string &type);
std::vector<Inputs> pairs(const std::string &a, const std::string &b = "", const std::string &c = "");

using Expected = std::function<uint64_t(uint64_t, uint64_t, uint64_t)>;
/// Runs the form on all edges and compares bits with the formula.
void check(const Form &form, const Expected &expected, unsigned architecture = 80);

/// Loads and launches a text; the result is checked by the caller.
struct Session {
  Session(std::string text, unsigned architecture = 80, Options options = {});
  bool loaded() const { return module != nullptr; }
  LaunchResult launch(const std::string &kernel, LaunchShape shape, std::vector<uint8_t> params);
  template <typename T> uint64_t upload(const std::vector<T> &data) {
    return emulator.upload(data.data(), data.size() * sizeof(T));
  }
  template <typename T> std::vector<T> download(uint64_t address, size_t count) {
    std::vector<T> data(count);
    emulator.download(data.data(), address, count * sizeof(T));
    return data;
  }
  Emulator emulator;
  std::shared_ptr<LoadedModule> module;
  std::string error;
};

inline constexpr AsyncMode modes[] = {AsyncMode::Late, AsyncMode::Eager, AsyncMode::Random};

/// Where 16-byte piece `chunk` of row r lies within its row of `span` bytes, from the ISA's figures of the patterns.
inline unsigned place(unsigned swizzle, unsigned r, unsigned chunk) {
  return swizzle == 3   ? chunk ^ (r % 8)
         : swizzle == 2 ? chunk ^ (r / 2 % 4)
         : swizzle == 1 ? chunk ^ (r / 4 % 2)
                        : chunk;
}

/// Hands the text to ptxas where there is one. Every text of the tests goes through here.
void assemble(const std::string &text, unsigned architecture);

} // namespace muntin::emulator::test

#endif // MUNTIN_TESTS_RUNTIME_EMULATOR_HARNESS_H
