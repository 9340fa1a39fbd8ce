//===- StAsync.cpp - st.async ---------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each lane stores into the shared memory of a CTA of the cluster, some time
// later, and completes its bytes on an mbarrier of that same CTA.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Bulk.h"

#include <array>
#include <cstring>

namespace muntin::emulator {

namespace {

/// The lane's values, as they are at issue.
std::array<uint8_t, 16> valueOf(Warp &w, const Instr &in, unsigned lane) {
  std::array<uint8_t, 16> value{};
  const unsigned bytes = bytesOf(in.type);
  for (unsigned k = 0; k < in.vec; ++k) {
    const Ref r = w.extra(in, k);
    const uint64_t bits = bytes == 8 ? w.words<uint64_t>(r)[lane] : w.words<uint32_t>(r)[lane];
    std::memcpy(value.data() + bytes * k, &bits, bytes);
  }
  return value;
}

void store(Warp &w, const Instr &in, uint32_t mask) {
  Cta &cta = w.cta();
  const unsigned bytes = bytesOf(in.type) * in.vec;
  eachLane(mask, [&](unsigned i) {
    const uint64_t to = w.words<uint64_t>(in.op[1])[i], barrier = w.words<uint64_t>(in.op[2])[i];
    uint8_t *host = sharedHost(w, i, to, bytes, bytes);
    const MbarrierPlace m = findMbarrier(w, i, barrier);
    auto task = std::make_shared<BulkTask>();
    task->bytes = bytes;
    task->issuer = cta.reportAt(w, w.pc(), w.frame(), ReportKind::AsyncMisuse, static_cast<int>(i), to, "");
    addTarget(w, i, *task, m, host, bytes, false);
    task->move = [host, bytes, value = valueOf(w, in, i)] { std::memcpy(host, value.data(), bytes); };
    issueBulk(w, std::move(task), false);
  });
}

} // namespace

void decodeStAsync(Decoder &d) {
  d.take("weak");
  if (!d.take("shared::cluster") || !d.take("mbarrier::complete_tx::bytes"))
    d.unsupported();
  const int vector = d.takeOne({"v2", "v4"});
  const Type type = d.needType();
  d.now.vec = static_cast<uint8_t>(vector < 0 ? 1 : 2 << vector);
  if (bytesOf(type) < 4 || bytesOf(type) * d.now.vec > 16)
    d.unsupported();
  d.expectCount(3, 3);
  d.now.type = type;
  d.now.op[1] = effectiveAddress(d, d.operand(0), true);
  d.now.op[2] = effectiveAddress(d, d.operand(2), true);
  const Operand &value = d.operand(1);
  if (vector >= 0 && (value.kind != OperandKind::Vector || value.count != d.now.vec))
    d.fail(value, "expected " + std::to_string(d.now.vec) + " values in braces");
  for (unsigned k = 0; k < d.now.vec; ++k)
    d.extra(d.src(vector < 0 ? value : d.element(value, k), type));
  d.now.run = store;
}

} // namespace muntin::emulator
