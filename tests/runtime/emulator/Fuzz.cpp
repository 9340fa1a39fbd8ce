//===- Fuzz.cpp - libFuzzer on PTX texts and on mutants of kernels -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled twice: MUNTIN_FUZZ_TOKENS runs mutants, else the bytes are a text
// for the parser and the decoder. `tools/fuzz 600 ptx kernels` runs each for
// ten minutes.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Emulator.h"
#include "tests/runtime/emulator/Mutants.h"

using namespace muntin::emulator;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
#ifdef MUNTIN_FUZZ_TOKENS
  test::runMutant({data, size});
#else
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  for (const unsigned architecture : {80u, 90u}) {
    Emulator emulator(architecture);
    (void)emulator.load(text);
  }
#endif
  return 0;
}
