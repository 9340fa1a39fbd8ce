//===- Wgmma.cpp - wgmma --------------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element i of a thread's accumulator: row 16 (warp % 4) + g + 8 (i / 2 % 2),
// column 8 (i / 4) + 2t + i % 2. A warp computes its own 16 rows; completion
// is the warpgroup's: a wait covers all four warps, so it first waits until
// each of them has committed as many groups.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/WgmmaProduct.h"

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/AsyncState.h"
#include "runtime/emulator/exec/Memory.h"
#include "runtime/emulator/isa/Decoders.h"

#include <cstring>

namespace muntin::emulator {

using namespace wgmma;

namespace {

/// Counts the products that warpgroups perform.
thread_local uint64_t productRound = 0;

/// Bounds of a matrix in shared memory, and its bytes to the race checker.
void checkMatrix(Warp &w, uint64_t descriptor, bool mnMajor, Type type, unsigned firstRow, unsigned rows, unsigned k,
                 uint32_t action) {
  const SharedMatrix m(descriptor, mnMajor, sizeOf(type));
  Cta &cta = w.cta();
  if (m.baseOffset)
    cta.fault(w, ReportKind::AsyncMisuse, -1, m.start, "unsupported: a matrix descriptor with a base offset");
  if (!cta.race && m.end(firstRow + rows, k) <= cta.sharedBytes())
    return;
  const unsigned step = 16 / sizeOf(type);
  thread_local std::vector<uint32_t> pieces;
  pieces.clear();
  for (unsigned row = firstRow; row < firstRow + rows; row += mnMajor ? step : 1)
    for (unsigned j = 0; j < k; j += mnMajor ? 1 : step) {
      const uint32_t at = m.address(row, j);
      if (at + 16 > cta.sharedBytes())
        cta.fault(w, ReportKind::OutOfBounds, -1, at,
                  "the matrix descriptor reaches beyond the " + std::to_string(cta.sharedBytes()) +
                      " bytes of shared memory");
      pieces.push_back(at);
    }
  if (cta.race)
    cta.race->touchPieces(cta.race->wgmmaAgent(w), action, w, pieces, 16);
}

void issue(Warp &w, const Instr &in, uint32_t mask) {
  if (!w.converged(mask))
    return;
  Cta &cta = w.cta();
  if (cta.warps().size() % 4 || mask != FullMask)
    cta.fault(w, ReportKind::BarrierMisuse, -1, 0, "wgmma needs whole warpgroups");
  Product p;
  p.cta = &cta;
  p.warp = w.index();
  p.registers = w.words<uint32_t>(0);
  p.aux = in.aux;
  p.n = static_cast<unsigned>(in.imm & 0xffff);
  p.k = static_cast<unsigned>(in.imm >> 16) & 0xffff;
  p.type = in.type2;
  p.typeB = static_cast<Type>(in.imm >> 32);
  const unsigned count = in.aux & HalfSums ? p.n / 4 : p.n / 2;
  p.accumulators = &w.frame().routine->extras[in.extra];
  p.descriptorB = w.words<uint64_t>(in.op[2])[0];
  p.accumulate = w.predicate(in.op[3]) != 0;
  const uint32_t action = cta.race ? cta.race->act(cta.race->wgmmaAgent(w), w) : 0;
  if (in.aux & RegistersA) {
    for (unsigned i = 0; i < 4; ++i) {
      const uint32_t *s = w.words<uint32_t>(w.extra(in, count + i));
      p.fragment.insert(p.fragment.end(), s, s + WarpSize);
    }
  } else {
    p.descriptorA = w.words<uint64_t>(in.op[1])[0];
    checkMatrix(w, p.descriptorA, in.aux & MnMajorA, p.type, 16 * (w.index() % 4), 16, p.k, action);
  }
  checkMatrix(w, p.descriptorB, in.aux & MnMajorB, p.type, 0, p.n, p.k, action);
  WgmmaState::PerWarp &state = cta.wgmma->of(w);
  state.action = action;
  if (cta.performNow() && state.open.empty() && state.groups.empty())
    p.perform(++productRound); // nothing older is left, so the order is kept
  else
    state.open.push_back([p = std::move(p)] { p.perform(productRound); });
}

/// Whether the other warps of the warpgroup have committed as many groups.
bool groupReady(Warp &w, const Split &) {
  WgmmaState &state = *w.cta().wgmma;
  const uint32_t mine = state.of(w).committed, first = w.index() / 4 * 4;
  for (uint32_t i = first; i < first + 4; ++i) {
    Warp &other = *w.cta().warps()[i];
    if (!other.ended() && static_cast<int32_t>(state.of(other).committed - mine) < 0)
      return false;
  }
  return true;
}

/// Completion is the warpgroup's: the groups up to number `target` of all its warps, product by product.
void performGroups(Cta &cta, uint32_t first, uint32_t target) {
  WgmmaState &state = *cta.wgmma;
  for (bool more = true; more;) {
    more = false;
    size_t products = 0;
    for (uint32_t i = first; i < first + 4; ++i) {
      WgmmaState::PerWarp &s = state.of(*cta.warps()[i]);
      if (!s.groups.empty() && static_cast<int32_t>(target - s.performed) > 0)
        products = std::max(products, s.groups.front().size()), more = true;
    }
    const auto each = [&](auto f) {
      for (uint32_t i = first; i < first + 4; ++i) {
        WgmmaState::PerWarp &s = state.of(*cta.warps()[i]);
        if (!s.groups.empty() && static_cast<int32_t>(target - s.performed) > 0)
          f(s);
      }
    };
    for (size_t p = 0; p < products; ++p) {
      ++productRound;
      each([&](WgmmaState::PerWarp &s) {
        if (p < s.groups.front().size())
          s.groups.front()[p]();
      });
    }
    each([](WgmmaState::PerWarp &s) {
      s.groups.pop_front();
      ++s.performed;
    });
  }
}

void wait(Warp &w, const Instr &in, uint32_t mask) {
  if (!w.converged(mask))
    return;
  if (!groupReady(w, Split()))
    return w.blockUntil(groupReady, w.index() / 4, 0, false);
  Cta &cta = w.cta();
  WgmmaState &state = *cta.wgmma;
  const uint32_t target = state.of(w).committed - static_cast<uint32_t>(in.imm);
  const uint32_t first = w.index() / 4 * 4;
  performGroups(cta, first, target);
  if (RaceChecker *race = cta.race)
    for (uint32_t i = first; i < first + 4; ++i) {
      const WgmmaState::PerWarp &other = state.of(*cta.warps()[i]);
      race->learn(w, race->wgmmaAgent(w),
                  in.imm == 0 ? other.action : other.committedAction[target % WgmmaState::Remembered]);
    }
}

void commit(Warp &w, const Instr &, uint32_t mask) {
  if (!w.converged(mask))
    return;
  WgmmaState::PerWarp &state = w.cta().wgmma->of(w);
  state.groups.push_back(std::exchange(state.open, {}));
  ++state.committed;
  state.committedAction[state.committed % WgmmaState::Remembered] = state.action;
}

void syncAligned(Decoder &d) {
  if (!d.take("sync") || !d.take("aligned"))
    d.unsupported();
}

int64_t sign(Decoder &d, unsigned i) {
  const int64_t v = d.integer(d.operand(i));
  if (v != 1 && v != -1)
    d.fail(d.operand(i), "expected 1 or -1");
  return v;
}

unsigned parseShape(Decoder &d, unsigned &k) {
  std::string_view whole;
  unsigned n = 0;
  if (!d.takePrefixed("m64n", whole) || std::sscanf(std::string(whole).c_str(), "m64n%uk%u", &n, &k) != 2 || n % 8 ||
      n < 8 || n > 256)
    d.unsupported();
  return n;
}

} // namespace

void decodeWgmmaFence(Decoder &d) {
  syncAligned(d);
  d.expectCount(0, 0);
  d.now.run = [](Warp &w, const Instr &, uint32_t mask) { w.converged(mask); };
}

void decodeWgmmaCommit(Decoder &d) {
  syncAligned(d);
  d.expectCount(0, 0);
  d.now.run = commit;
}

void decodeWgmmaWait(Decoder &d) {
  syncAligned(d);
  d.expectCount(1, 1);
  d.now.imm = d.integer(d.operand(0));
  if (d.now.imm < 0 || d.now.imm > 7)
    d.fail(d.operand(0), "expected a number of groups from 0 to 7");
  d.now.run = wait;
  d.markWgmmaWait();
}

void decodeWgmma(Decoder &d) {
  syncAligned(d);
  unsigned k = 0;
  const unsigned n = parseShape(d, k);
  const Type sum = d.needType(), a = d.needType(), b = d.needType();
  const bool eight = a == Type::E4M3 || a == Type::E5M2;
  const bool same = eight ? b == Type::E4M3 || b == Type::E5M2 : a == b;
  if ((sum != Type::F32 && sum != Type::F16) || !same ||
      (a != Type::F16 && a != Type::BF16 && a != Type::TF32 && !eight) ||
      (sum == Type::F16 && a != Type::F16 && !eight) || k != 32 / sizeOf(a))
    d.unsupported();
  const bool registersA = d.operand(1).kind == OperandKind::Vector, sixteen = a == Type::F16 || a == Type::BF16;
  const unsigned expected = 6 + (sixteen ? (registersA ? 1 : 2) : 0);
  d.expectCount(expected, expected);
  d.now.aux = (registersA ? RegistersA : 0) | (sum == Type::F16 ? HalfSums : 0);
  const unsigned count = sum == Type::F16 ? n / 4 : n / 2;
  if (d.operand(0).kind != OperandKind::Vector || d.operand(0).count != count)
    d.fail(d.operand(0), "expected " + std::to_string(count) + " accumulators");
  for (unsigned i = 0; i < count; ++i)
    d.extra(d.inOut(d.element(d.operand(0), i), Type::B32));
  if (registersA) {
    if (d.operand(1).count != 4)
      d.fail(d.operand(1), "expected 4 registers");
    for (unsigned i = 0; i < 4; ++i)
      d.extra(d.src(d.element(d.operand(1), i), Type::B32));
  } else {
    d.now.op[1] = d.src(1, Type::B64);
  }
  d.now.op[2] = d.src(2, Type::B64);
  d.now.op[3] = d.srcPredicate(d.operand(3));
  d.now.aux |= sign(d, 4) < 0 ? NegateA : 0;
  d.now.aux |= sign(d, 5) < 0 ? NegateB : 0;
  if (sixteen && !registersA)
    d.now.aux |= d.integer(d.operand(6)) ? MnMajorA : 0;
  if (sixteen)
    d.now.aux |= d.integer(d.operand(registersA ? 6 : 7)) ? MnMajorB : 0;
  d.now.imm = static_cast<int64_t>(n | k << 16 | uint64_t(b) << 32);
  d.now.type = sum;
  d.now.type2 = a;
  d.now.run = issue;
  d.markWgmma(count, registersA ? 4 : 0);
}

} // namespace muntin::emulator
