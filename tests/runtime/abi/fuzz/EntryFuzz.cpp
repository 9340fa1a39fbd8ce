//===- EntryFuzz.cpp - libFuzzer on the bytes of a cache entry ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The input is a byte that says how much of what follows is code, code and
// record, to which a footer that fits is made; the image in the record has its
// own checksum, so one is made for that too where it is of the right length.
// Then the input as it is.
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Entry.h"
#include "tests/runtime/abi/SignedEntry.h"
#include "tests/runtime/abi/SignedImage.h"
#include "tests/runtime/abi/fuzz/Fuzz.h"

#include <algorithm>

using namespace muntin;
using namespace muntin::testing;

namespace {

void readAndWrite(const std::string &bytes) {
  if (const Result<Entry> entry = deserializeEntry(bytes))
    require(serializeEntry(*entry) == bytes, "an entry that is read is written as it was");
}

std::string lengthOf(std::string_view text) {
  std::string bytes;
  for (int i = 0; i < 8; ++i)
    bytes += static_cast<char>(text.size() >> (8 * i));
  return bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view input = textOf(data, size);
  const Result<uint64_t> bytes = entryBytes(input);
  require(!bytes || *bytes >= kEntryFooterBytes, "an entry has a footer");
  (void)deserializeEntry(input);
  if (input.empty())
    return 0;
  const std::string_view rest = input.substr(1);
  const std::string_view code = rest.substr(0, std::min<size_t>(data[0], rest.size())),
                         behind = rest.substr(code.size());
  readAndWrite(signedEntry(code, behind));
  // As the runtime writes it: compiler, seconds, and an image whose payload is the input's.
  const std::string image = signedImage(behind);
  readAndWrite(signedEntry(code, lengthOf("ab") + "ab" + std::string(8, '\0') + lengthOf(image) + image));
  return 0;
}
