//===- WarpOps.cpp - shuffles, votes, matches, reductions, fences ---------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/Cta.h"
#include "runtime/emulator/exec/IntegerOps.h"
#include "runtime/emulator/exec/Lanes.h"
#include "runtime/emulator/isa/Decoders.h"

namespace muntin::emulator {

namespace {

enum class Shuffle : uint32_t { Up, Down, Butterfly, Index };

/// Which lanes a .sync instruction is for. False: the split waits for some of them.
bool gatherMembers(Warp &w, Ref members, uint32_t mask) {
  const uint32_t value = w.words<uint32_t>(members)[std::countr_zero(mask)];
  if (!((value >> std::countr_zero(mask)) & 1))
    w.cta().fault(w, ReportKind::BarrierMisuse, std::countr_zero(mask), value,
                  "the executing lane is not in its own member mask");
  return w.gather(value, mask);
}

void shuffle(Warp &w, const Instr &in, uint32_t mask) {
  if (!gatherMembers(w, in.op[5], mask))
    return;
  const uint32_t *a = w.words<uint32_t>(in.op[2]), *b = w.words<uint32_t>(in.op[3]), *c = w.words<uint32_t>(in.op[4]);
  uint32_t result[WarpSize], inRange = 0, silent = 0;
  eachLane(mask, [&](unsigned lane) {
    const int segment = static_cast<int>((c[lane] >> 8) & 31), clamp = static_cast<int>(c[lane] & 31);
    const int by = static_cast<int>(b[lane] & 31), me = static_cast<int>(lane);
    const int most = (me & segment) | (clamp & ~segment), least = me & segment;
    int from = me;
    bool ok = false;
    switch (static_cast<Shuffle>(in.aux)) {
    case Shuffle::Up:
      from = me - by;
      ok = from >= most;
      break;
    case Shuffle::Down:
      from = me + by;
      ok = from <= most;
      break;
    case Shuffle::Butterfly:
      from = me ^ by;
      ok = from <= most;
      break;
    case Shuffle::Index:
      from = least | (by & ~segment);
      ok = from <= most;
      break;
    }
    from = ok ? from : me;
    inRange |= uint32_t(ok) << lane;
    silent |= uint32_t(!((mask >> from) & 1)) << lane;
    result[lane] = a[from];
  });
  if (silent)
    w.cta().note(w, ReportKind::Remark, std::countr_zero(silent), mask,
                 "the lane reads from a lane that does not take part");
  eachLane(mask, [&](unsigned lane) { w.words<uint32_t>(in.op[0])[lane] = result[lane]; });
  w.setPredicate(in.op[1], inRange, mask);
}

enum class Vote : uint32_t { All, Any, Uniform, Ballot };

void vote(Warp &w, const Instr &in, uint32_t mask) {
  if (!gatherMembers(w, in.op[2], mask))
    return;
  const uint32_t votes = w.predicate(in.op[1]) & mask;
  if (static_cast<Vote>(in.aux) == Vote::Ballot)
    return eachLane(mask, [&](unsigned i) { w.words<uint32_t>(in.op[0])[i] = votes; });
  const bool all = votes == mask, any = votes != 0;
  const bool result = static_cast<Vote>(in.aux) == Vote::All   ? all
                      : static_cast<Vote>(in.aux) == Vote::Any ? any
                                                               : all || !any;
  w.setPredicate(in.op[0], result ? FullMask : 0, mask);
}

template <typename T> void matchAny(Warp &w, const Instr &in, uint32_t mask) {
  if (!gatherMembers(w, in.op[2], mask))
    return;
  const T *a = w.words<T>(in.op[1]);
  uint32_t result[WarpSize] = {};
  eachLane(mask, [&](unsigned i) { eachLane(mask, [&](unsigned j) { result[i] |= uint32_t(a[i] == a[j]) << j; }); });
  eachLane(mask, [&](unsigned i) { w.words<uint32_t>(in.op[0])[i] = result[i]; });
}

template <typename T> void matchAll(Warp &w, const Instr &in, uint32_t mask) {
  if (!gatherMembers(w, in.op[2], mask))
    return;
  const T *a = w.words<T>(in.op[1]);
  bool same = true;
  eachLane(mask, [&](unsigned i) { same &= a[i] == a[std::countr_zero(mask)]; });
  eachLane(mask, [&](unsigned i) { w.words<uint32_t>(in.op[0])[i] = same ? mask : 0; });
  w.setPredicate(in.op[3], same ? FullMask : 0, mask);
}

template <template <typename> class Op, typename T> void reduce(Warp &w, const Instr &in, uint32_t mask) {
  if (!gatherMembers(w, in.op[2], mask))
    return;
  const uint32_t *a = w.words<uint32_t>(in.op[1]);
  T total = static_cast<T>(a[std::countr_zero(mask)]);
  eachLane(mask & (mask - 1), [&](unsigned i) { total = Op<T>()(total, static_cast<T>(a[i])); });
  eachLane(mask, [&](unsigned i) { w.words<uint32_t>(in.op[0])[i] = static_cast<uint32_t>(total); });
}

} // namespace

void decodeShfl(Decoder &d) {
  const int mode = d.takeOne({"up", "down", "bfly", "idx"});
  if (mode < 0 || d.needType() != Type::B32)
    d.unsupported();
  const bool predicate = d.count() > 1 && d.operand(1).barred;
  const unsigned first = predicate ? 2 : 1;
  d.expectCount(first + 4, first + 4);
  d.now.aux = static_cast<uint32_t>(mode);
  for (unsigned i = 0; i < 4; ++i)
    d.now.op[2 + i] = d.src(first + i, Type::B32);
  d.now.op[0] = d.dst(0u, Type::B32);
  if (predicate)
    d.now.op[1] = d.dstPredicate(d.operand(1));
  d.now.run = shuffle;
}

void decodeVote(Decoder &d) {
  const int mode = d.takeOne({"all", "any", "uni", "ballot"});
  const Type type = d.needType();
  if (mode < 0 || (mode == 3 ? type != Type::B32 : type != Type::Pred))
    d.unsupported();
  d.expectCount(3, 3);
  d.now.aux = static_cast<uint32_t>(mode);
  d.now.op[1] = d.srcPredicate(d.operand(1));
  d.now.op[2] = d.src(2, Type::B32);
  d.now.op[0] = mode == 3 ? d.dst(0u, Type::B32) : d.dstPredicate(d.operand(0));
  d.now.run = vote;
}

static void match(Decoder &d, bool all) {
  const Type type = d.needType();
  const bool predicate = all && d.count() > 1 && d.operand(1).barred;
  const unsigned first = predicate ? 2 : 1;
  d.expectCount(first + 2, first + 2);
  d.now.op[1] = d.src(first, type);
  d.now.op[2] = d.src(first + 1, Type::B32);
  d.now.op[0] = d.dst(0u, Type::B32);
  if (predicate)
    d.now.op[3] = d.dstPredicate(d.operand(1));
  if (all)
    d.now.run = bitsOf(type) == 64 ? &matchAll<uint64_t> : &matchAll<uint32_t>;
  else
    d.now.run = bitsOf(type) == 64 ? &matchAny<uint64_t> : &matchAny<uint32_t>;
}
void decodeMatchAny(Decoder &d) { match(d, false); }
void decodeMatchAll(Decoder &d) { match(d, true); }

void decodeRedux(Decoder &d) {
  const int op = d.takeOne({"add", "min", "max", "and", "or", "xor"});
  const Type type = d.needType();
  if (op < 0 || bitsOf(type) != 32 || isFloat(type))
    d.unsupported();
  static constexpr Handler plain[] = {&reduce<Add, uint32_t>, &reduce<Min, uint32_t>, &reduce<Max, uint32_t>,
                                      &reduce<And, uint32_t>, &reduce<Or, uint32_t>,  &reduce<Xor, uint32_t>};
  d.now.run = plain[op];
  if (isSigned(type) && (op == 1 || op == 2))
    d.now.run = op == 1 ? &reduce<Min, int32_t> : &reduce<Max, int32_t>;
  d.expectCount(3, 3);
  d.now.op[1] = d.src(1, Type::B32);
  d.now.op[2] = d.src(2, Type::B32);
  d.now.op[0] = d.dst(0u, Type::B32);
}

void decodeElect(Decoder &d) {
  d.expectCount(3, 3);
  if (!d.operand(1).barred)
    d.fail("expected d|p");
  d.now.op[2] = d.src(2, Type::B32);
  d.now.op[0] = d.dst(0u, Type::B32);
  d.now.op[1] = d.dstPredicate(d.operand(1));
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    if (!gatherMembers(w, in.op[2], mask))
      return;
    const auto leader = static_cast<uint32_t>(std::countr_zero(mask));
    eachLane(mask, [&](unsigned i) { w.words<uint32_t>(in.op[0])[i] = leader; });
    w.setPredicate(in.op[1], uint32_t(1) << leader, mask);
  };
}

void decodeActivemask(Decoder &d) {
  if (d.needType() != Type::B32)
    d.unsupported();
  d.expectCount(1, 1);
  d.now.op[0] = d.dst(0u, Type::B32);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    eachLane(mask, [&](unsigned i) { w.words<uint32_t>(in.op[0])[i] = mask; });
  };
}

void decodeFence(Decoder &d) {
  const bool proxy = d.take("proxy");
  const bool async = proxy && d.take("async");
  const bool init = d.take("mbarrier_init"), within = !init && d.take("cta");
  for (const std::string_view known :
       {"sc", "acq_rel", "acquire", "release", "cluster", "gpu", "gl", "sys", "alias", "async::generic",
        "sync_restrict::shared::cta", "sync_restrict::shared::cluster", "global", "shared::cta", "shared::cluster"})
    d.take(known);
  if (proxy && !async && (d.has("tensormap::generic")))
    d.unsupported();
  d.expectCount(0, 0);
  d.now.aux = async ? 1 : init ? 2 : 0;
  d.now.flags = within;
  d.now.run = [](Warp &w, const Instr &in, uint32_t) {
    if (RaceChecker *race = w.cta().race)
      in.aux == 0 ? race->fence(w, in.flags) : in.aux == 1 ? race->proxyFence(w) : race->initFence(w);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  };
}

} // namespace muntin::emulator
