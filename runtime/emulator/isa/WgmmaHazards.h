//===- WgmmaHazards.h - registers of products under way ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_ISA_WGMMAHAZARDS_H
#define MUNTIN_EMULATOR_ISA_WGMMAHAZARDS_H

#include "runtime/emulator/isa/Decoder.h"

namespace muntin::emulator {

/// Finds where, on some path, an ordinary instruction touches a register of a product under way, or a
/// product follows a write of its registers without wgmma.fence. Adds to each wait a use of the accumulators that
/// it may complete, so that their slots stay theirs until then.
struct WgmmaHazard {
  uint32_t pc = 0, reg = 0;
  std::string message;
};
std::vector<WgmmaHazard> analyseWgmma(DraftRoutine &draft, const WgmmaMarks &marks);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_ISA_WGMMAHAZARDS_H
