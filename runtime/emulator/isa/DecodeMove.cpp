//===- DecodeMove.cpp - mov, selp, slct -----------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Lanes.h"
#include "runtime/emulator/isa/Decoders.h"

namespace muntin::emulator {

template <typename T> static void copy(Warp &w, const Instr &in, uint32_t mask) {
  mapLanes<T, T>(w, in, mask, [](T a) { return a; });
}

static void copyPredicate(Warp &w, const Instr &in, uint32_t mask) {
  w.setPredicate(in.op[0], w.predicate(in.op[1]), mask);
}

static uint64_t part(Warp &w, Ref r, bool wide, unsigned lane) {
  return wide ? w.words<uint64_t>(r)[lane] : w.words<uint32_t>(r)[lane];
}

/// op[0] = the extras side by side, imm bits each.
static void pack(Warp &w, const Instr &in, uint32_t mask) {
  const unsigned bits = static_cast<unsigned>(in.imm);
  eachLane(mask, [&](unsigned i) {
    uint64_t value = 0;
    for (unsigned k = 0; k < in.extraCount; ++k)
      value |= (part(w, w.extra(in, k), false, i) & ((uint64_t(1) << bits) - 1)) << (bits * k);
    if (in.aux)
      w.words<uint64_t>(in.op[0])[i] = value;
    else
      w.words<uint32_t>(in.op[0])[i] = static_cast<uint32_t>(value);
  });
}

static void unpack(Warp &w, const Instr &in, uint32_t mask) {
  const unsigned bits = static_cast<unsigned>(in.imm);
  eachLane(mask, [&](unsigned i) {
    const uint64_t value = part(w, in.op[1], in.aux, i);
    for (unsigned k = 0; k < in.extraCount; ++k)
      if (const Ref d = w.extra(in, k); d != NoRef)
        w.words<uint32_t>(d)[i] = static_cast<uint32_t>((value >> (bits * k)) & ((uint64_t(1) << bits) - 1));
  });
}

static Type partType(Decoder &d, Type whole, unsigned parts) {
  if (parts != 2 && parts != 4)
    d.unsupported();
  switch (bitsOf(whole) / parts) {
  case 8: return Type::B8;
  case 16: return Type::B16;
  case 32: return Type::B32;
  default: d.unsupported();
  }
}

void decodeMov(Decoder &d) {
  const Type type = d.needType();
  d.expectCount(2, 2);
  const Operand &to = d.operand(0), &from = d.operand(1);
  if (type == Type::Pred) {
    d.now.op[1] = d.srcPredicate(from);
    d.now.op[0] = d.dstPredicate(to);
    d.now.run = copyPredicate;
  } else if (from.kind == OperandKind::Vector) {
    const Type each = partType(d, type, from.count);
    d.now.imm = bitsOf(each);
    d.now.aux = bitsOf(type) > 32;
    for (unsigned i = 0; i < from.count; ++i)
      d.extra(d.src(d.element(from, i), each));
    d.now.op[0] = d.dst(to, type);
    d.now.run = pack;
  } else if (to.kind == OperandKind::Vector) {
    const Type each = partType(d, type, to.count);
    d.now.imm = bitsOf(each);
    d.now.aux = bitsOf(type) > 32;
    d.now.op[1] = d.src(from, type);
    for (unsigned i = 0; i < to.count; ++i)
      d.extra(d.element(to, i).kind == OperandKind::Sink ? NoRef : d.dst(d.element(to, i), each));
    d.now.run = unpack;
  } else {
    if (from.kind == OperandKind::Function)
      d.fail(from, "unsupported: the address of a function");
    d.now.op[1] = d.src(from, type);
    d.now.op[0] = d.dst(to, type);
    d.now.run = bitsOf(type) > 32 ? &copy<uint64_t> : &copy<uint32_t>;
  }
}

template <typename T> static void select(Warp &w, const Instr &in, uint32_t mask) {
  const uint32_t p = w.predicate(in.op[3]);
  T *d = w.words<T>(in.op[0]);
  const T *a = w.words<T>(in.op[1]), *b = w.words<T>(in.op[2]);
#pragma clang loop vectorize(assume_safety)
  for (unsigned i = 0; i < WarpSize; ++i) {
    const T value = (p >> i) & 1 ? a[i] : b[i];
    d[i] = (mask >> i) & 1 ? value : d[i];
  }
}

void decodeSelp(Decoder &d) {
  const Type type = d.needType();
  d.expectCount(4, 4);
  d.now.op[1] = d.src(1, type);
  d.now.op[2] = d.src(2, type);
  d.now.op[3] = d.srcPredicate(d.operand(3));
  d.now.op[0] = d.dst(0u, type);
  d.now.run = bitsOf(type) > 32 ? &select<uint64_t> : &select<uint32_t>;
}

template <typename T, typename C> static void selectBySign(Warp &w, const Instr &in, uint32_t mask) {
  mapLanes<T, T, T, C>(w, in, mask, [](T a, T b, C c) { return c >= C(0) ? a : b; });
}

void decodeSlct(Decoder &d) {
  d.take("ftz");
  const Type type = d.needType(), by = d.needType();
  if (by != Type::S32 && by != Type::F32)
    d.unsupported();
  d.expectCount(4, 4);
  d.now.op[1] = d.src(1, type);
  d.now.op[2] = d.src(2, type);
  d.now.op[3] = d.src(3, by);
  d.now.op[0] = d.dst(0u, type);
  if (by == Type::S32)
    d.now.run = bitsOf(type) > 32 ? &selectBySign<uint64_t, int32_t> : &selectBySign<uint32_t, int32_t>;
  else
    d.now.run = bitsOf(type) > 32 ? &selectBySign<uint64_t, float> : &selectBySign<uint32_t, float>;
}

} // namespace muntin::emulator
