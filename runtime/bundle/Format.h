//===- Format.h - the numbers of the bundle's byte table ---*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_BUNDLE_FORMAT_H
#define MUNTIN_RUNTIME_BUNDLE_FORMAT_H

#include <cstdint>
#include <string_view>

namespace muntin::runtime {

constexpr std::string_view kBundleMagic("MUNTINBU", 8);
constexpr uint32_t kBundleVersion = 1;
constexpr uint64_t kBundleHeaderBytes = 48, kBundleRecordBytes = 48;
/// A kernel is some ten kilobytes; a false number must not make us take all memory.
constexpr uint64_t kMostImageBytes = uint64_t{1} << 30;

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_BUNDLE_FORMAT_H
