//===- ImageFuzz.cpp - libFuzzer on the bytes of an image -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The input is a payload, to which a header that fits is made: no checksum
// stands between the fuzzer and the reader. The input as it is comes second.
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Image.h"
#include "tests/runtime/abi/SignedImage.h"
#include "tests/runtime/abi/fuzz/Fuzz.h"

using namespace muntin;
using namespace muntin::testing;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view input = textOf(data, size);
  const std::string bytes = signedImage(input);
  if (const Result<Image> image = deserializeImage(bytes))
    require(serializeImage(*image) == bytes, "an image that is read is written as it was");
  (void)deserializeImage(input);
  return 0;
}
