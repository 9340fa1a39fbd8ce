//===- Embed.cpp - bytes as C source ---------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Embed.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

using namespace muntin;

static bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static bool isDigit(char c) { return c >= '0' && c <= '9'; }

Status muntin::checkIdentifier(const std::string &name) {
  if (!name.empty() && isLetter(name[0]) && std::ranges::all_of(name, [](char c) { return isLetter(c) || isDigit(c); }))
    return {};
  return Status::invalid(
      fmt::format("--embed is '{}'; expected a C identifier: letters, digits and _, a letter first", name));
}

std::string muntin::embeddedHeader(const std::string &name) {
  return fmt::format(R"(/* Made by muntin compile --embed {0}. */
#ifndef MUNTIN_EMBEDDED_{0}
#define MUNTIN_EMBEDDED_{0}

#include <stddef.h>

#ifdef __cplusplus
extern "C" {{
#endif

/* A bundle of kernels: mtn_session_add_bundle(session, {0}, {0}_size) opens it. */
extern const void *const {0};
extern const size_t {0}_size;

#ifdef __cplusplus
}}
#endif

#endif
)",
                     name);
}

std::string muntin::embeddedSource(const std::string &name, std::string_view bytes) {
  std::string source = fmt::format(R"(/* Made by muntin compile --embed {0}. */
#include "{0}.h"

#include <stdint.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the words below are little-endian"
#endif

static const uint64_t words[] = {{
)",
                                   name);
  constexpr size_t kWordsPerLine = 5;
  for (size_t word = 0; word * 8 < bytes.size(); ++word) {
    uint64_t value = 0;
    const std::string_view piece = bytes.substr(word * 8, 8);
    for (size_t i = 0; i < piece.size(); ++i)
      value |= static_cast<uint64_t>(static_cast<unsigned char>(piece[i])) << (8 * i);
    fmt::format_to(std::back_inserter(source), "{:#x}u,{}", value,
                   word % kWordsPerLine + 1 == kWordsPerLine ? '\n' : ' ');
  }
  source += fmt::format("}};\nconst void *const {0} = words;\nconst size_t {0}_size = {1};\n", name, bytes.size());
  return source;
}
