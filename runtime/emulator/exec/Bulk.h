//===- Bulk.h - bulk copies -------------------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_BULK_H
#define MUNTIN_EMULATOR_EXEC_BULK_H

#include "runtime/emulator/exec/AsyncState.h"
#include "runtime/emulator/exec/Mbarrier.h"
#include "runtime/emulator/isa/Decoders.h"

namespace muntin::emulator {

/// One bulk copy that has been issued: what it does, and how its end is told.
struct BulkTask {
  std::function<void()> move;
  std::vector<MbarrierPlace> barriers; ///< complete_tx of `bytes` on each; none for a bulk group
  int64_t bytes = 0;
  Report issuer;
  // For the race checkers, where there are any.
  Cta *from = nullptr;                 ///< who issued it
  uint32_t agent = 0, action = 0;      ///< reads of the source, or all of a bulk group, at `from`
  std::vector<uint32_t> targetActions; ///< writes, at each barrier's CTA
  bool done = false;
  void perform();
};

/// Queues the task, or performs it, as the asynchrony says. With `group`, it belongs to the warp's open bulk group.
void issueBulk(Warp &w, std::shared_ptr<BulkTask> task, bool group);

/// The task will write `bytes` at `host`, shared memory of the mbarrier's CTA, and complete them there.
/// `proxy`: as the async proxy does.
void addTarget(Warp &w, unsigned lane, BulkTask &task, const MbarrierPlace &m, const uint8_t *host, uint64_t bytes,
               bool proxy);
/// The task begins with reads; the race checker will hear of them by the task's agent and action.
void beginSource(Warp &w, BulkTask &task, uint32_t agent);

/// A 64-bit register with the effective address of a bracketed operand's base and offset.
Ref effectiveAddress(Decoder &d, const Operand &o, bool isShared);

/// How elements are combined by the reducing forms.
enum class BulkReduction : uint8_t { None, Add, Min, Max, Inc, Dec, And, Or, Xor };
void reduceElements(uint8_t *to, const uint8_t *from, size_t bytes, BulkReduction op, Type type);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_BULK_H
