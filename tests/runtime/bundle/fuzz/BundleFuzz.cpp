//===- Fuzz.cpp - libFuzzer on bundles ---------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The input's first four bytes say how many records there are and how long the
// index is; the checksums of header and index are made right, as nobody would
// find them by chance. Then the input once more, as it is.
//
//===----------------------------------------------------------------------===//

#include "runtime/bundle/Bundle.h"
#include "tests/runtime/bundle/SignedBundle.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace muntin;

static void readAll(std::string_view bytes) {
  const Result<runtime::Bundle> bundle = runtime::Bundle::openMemory(bytes);
  if (!bundle)
    return;
  for (size_t i = 0; i < bundle->size(); ++i) {
    const runtime::BundleItem item = bundle->item(i);
    if (const Result<Image> image = bundle->image(item); image && image->problemKey != item.key)
      std::abort();
    if (const auto found = bundle->find(item.key); !found || found->offset != item.offset)
      std::abort();
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view input(reinterpret_cast<const char *>(data), size);
  readAll(input);
  if (size < 4)
    return 0;
  const std::string_view rest = input.substr(4);
  const size_t indexBytes = std::min<size_t>(data[2] + 256u * data[3], rest.size());
  readAll(testing::signedBundle(data[0] + 256u * data[1], rest.substr(0, indexBytes), rest.substr(indexBytes)));
  return 0;
}
