//===- Fuzz.cpp - libFuzzer on everything that reads foreign bytes --------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Image.h"
#include "tests/runtime/abi/SignedImage.h"

#include <cstdio>
#include <cstdlib>

using namespace muntin;

namespace {

void require(bool holds, const char *what) {
  if (holds)
    return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort(); // how libFuzzer learns of it
}

void fuzzMask(std::string_view text) {
  const Result<Mask> mask = parseMask(text);
  if (!mask)
    return;
  const Result<Mask> again = parseMask(printMask(*mask));
  require(again && *again == *mask, "a printed mask parses to itself");
  const Result<int> rank = maskRank(*mask);
  require(rank.ok(), "a parsed mask has one rank");
  const Result<Mask> expanded = expandMask(*mask, *rank == 0 ? 1 : *rank);
  if (!expanded)
    return;
  const Mask canonical = canonicalMask(*expanded);
  require(canonicalMask(canonical) == canonical, "canonical masks stay as they are");
}

void fuzzKey(std::string_view text) {
  if (const Result<Problem> problem = parseProblemKey(text))
    require(problemKey(*problem) == text, "a key that parses prints to itself");
}

void fuzzImage(std::string_view payload) {
  const std::string bytes = testing::signedImage(payload);
  if (const Result<Image> image = deserializeImage(bytes))
    require(serializeImage(*image) == bytes, "an image that is read is written as it was");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  fuzzMask(text);
  fuzzKey(text);
  fuzzImage(text);
  return 0;
}
