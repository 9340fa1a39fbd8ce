//===- DecodeCompare.cpp - setp and set -----------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/FloatOps.h"
#include "runtime/emulator/isa/Decoders.h"

namespace muntin::emulator {

namespace {

enum Comparison : uint32_t { Eq, Ne, Lt, Le, Gt, Ge, Num, Nan };

template <typename T> bool ordered(uint32_t c, T a, T b) {
  switch (c) {
  case Eq: return a == b;
  case Ne: return a != b;
  case Lt: return a < b;
  case Le: return a <= b;
  case Gt: return a > b;
  default: return a >= b;
  }
}

template <typename T, uint32_t C> uint32_t compareInteger(Warp &w, const Instr &in) {
  return testLanes<T>(w, in.op[2], in.op[3], [](T a, T b) { return ordered<T>(C, a, b); });
}

template <typename T, uint32_t C, bool U> uint32_t compareFloat(Warp &w, const Instr &in) {
  return testLanes<T>(w, in.op[2], in.op[3], [](T a, T b) {
    const bool isNan = (a != a) | (b != b);
    if constexpr (C == Num || C == Nan)
      return isNan == (C == Nan);
    else // an unordered comparison holds on NaN; ne without U does not
      return U ? isNan | ordered<T>(C, a, b) : !isNan & ordered<T>(C, a, b);
  });
}

template <typename H, uint32_t C, bool U> uint32_t compareHalf(Warp &w, const Instr &in) {
  return testLanes<H>(w, in.op[2], in.op[3], [](H x, H y) {
    const float a = x.value(), b = y.value();
    const bool isNan = a != a || b != b;
    if constexpr (C == Num || C == Nan)
      return isNan == (C == Nan);
    else
      return U ? isNan || ordered<float>(C, a, b) : !isNan && ordered<float>(C, a, b);
  });
}

template <uint32_t C, bool U> uint32_t compareFlushed(Warp &w, const Instr &in) {
  return testLanes<float>(w, in.op[2], in.op[3], [](float x, float y) {
    const float a = flush(x), b = flush(y);
    const bool isNan = (a != a) | (b != b);
    if constexpr (C == Num || C == Nan)
      return isNan == (C == Nan);
    else
      return U ? isNan | ordered<float>(C, a, b) : !isNan & ordered<float>(C, a, b);
  });
}

using Compare = uint32_t (*)(Warp &, const Instr &);

template <uint32_t C, bool U> Compare floatCompare(Type type, bool ftz) {
  switch (type) {
  case Type::F32: return ftz ? &compareFlushed<C, U> : &compareFloat<float, C, U>;
  case Type::F64: return &compareFloat<double, C, U>;
  case Type::F16: return &compareHalf<Half, C, U>;
  case Type::BF16: return &compareHalf<BHalf, C, U>;
  default: return nullptr;
  }
}

template <uint32_t C> Compare integerCompare(Type type) {
  switch (type) {
  case Type::U16:
  case Type::B16: return &compareInteger<uint16_t, C>;
  case Type::S16: return &compareInteger<int16_t, C>;
  case Type::U32:
  case Type::B32: return &compareInteger<uint32_t, C>;
  case Type::S32: return &compareInteger<int32_t, C>;
  case Type::U64:
  case Type::B64: return &compareInteger<uint64_t, C>;
  case Type::S64: return &compareInteger<int64_t, C>;
  default: return nullptr;
  }
}

template <uint32_t C> Compare find(Type type, bool unordered, bool ftz) {
  if (!isFloat(type))
    return C < Num ? integerCompare<(C < Num ? C : Eq)>(type) : nullptr;
  return unordered ? floatCompare<C, true>(type, ftz) : floatCompare<C, false>(type, ftz);
}

Compare findCompare(uint32_t c, Type type, bool unordered, bool ftz) {
  switch (c) {
  case Eq: return find<Eq>(type, unordered, ftz);
  case Ne: return find<Ne>(type, unordered, ftz);
  case Lt: return find<Lt>(type, unordered, ftz);
  case Le: return find<Le>(type, unordered, ftz);
  case Gt: return find<Gt>(type, unordered, ftz);
  case Ge: return find<Ge>(type, unordered, ftz);
  case Num: return find<Num>(type, unordered, ftz);
  default: return find<Nan>(type, unordered, ftz);
  }
}

/// op[4] is the third operand; aux its boolean operation plus one, 0 for none.
uint32_t combine(Warp &w, const Instr &in, uint32_t bits) {
  const uint32_t c = in.aux ? w.predicate(in.op[4]) : 0;
  return in.aux == 0 ? bits : in.aux == 1 ? bits & c : in.aux == 2 ? bits | c : bits ^ c;
}

void setPredicates(Warp &w, const Instr &in, uint32_t mask) {
  const uint32_t bits = reinterpret_cast<Compare>(in.imm)(w, in);
  const uint32_t c = in.aux ? w.predicate(in.op[4]) : 0, inverse = ~bits;
  w.setPredicate(in.op[0], combine(w, in, bits), mask);
  w.setPredicate(in.op[1],
                 in.aux == 0   ? inverse
                 : in.aux == 1 ? inverse & c
                 : in.aux == 2 ? inverse | c
                               : inverse ^ c,
                 mask);
}

void setValue(Warp &w, const Instr &in, uint32_t mask) {
  const uint32_t bits = combine(w, in, reinterpret_cast<Compare>(in.imm)(w, in));
  const uint32_t yes = in.type == Type::F32 ? 0x3f800000 : ~0u;
  eachLane(mask, [&](unsigned i) { w.words<uint32_t>(in.op[0])[i] = (bits >> i) & 1 ? yes : 0; });
}

/// Takes comparison, boolean operation and ftz; sets aux and, from the types, imm.
void comparison(Decoder &d, Type dtype) {
  // lo, ls, hi, hs compare unsigned types; the rest as in the enumeration, then the unordered ones.
  const int c = d.takeOne({"eq", "ne", "lt", "le", "gt", "ge", "num", "nan", "equ", "neu", "ltu", "leu", "gtu", "geu",
                           "lo", "ls", "hi", "hs"});
  d.now.aux = static_cast<uint32_t>(d.takeOne({"and", "or", "xor"}) + 1);
  const bool ftz = d.take("ftz");
  const Type type = d.needType();
  if (c < 0)
    d.fail("expected a comparison such as .lt");
  const uint32_t index = c >= 14 ? static_cast<uint32_t>(c - 14 + Lt) : static_cast<uint32_t>(c) & 7;
  const bool unordered = c >= 8 && c < 14;
  if (unordered && !isFloat(type))
    d.unsupported();
  const Compare compare = findCompare(index, type, unordered, ftz);
  if (!compare)
    d.unsupported();
  d.now.type = dtype;
  d.now.type2 = type;
  d.now.imm = static_cast<int64_t>(reinterpret_cast<intptr_t>(compare));
}

} // namespace

void decodeSetp(Decoder &d) {
  comparison(d, Type::Pred);
  const bool two = d.count() > 1 && d.operand(1).barred;
  const unsigned first = two ? 2 : 1, expected = first + 2 + (d.now.aux ? 1 : 0);
  d.expectCount(expected, expected);
  d.now.op[2] = d.src(first, d.now.type2);
  d.now.op[3] = d.src(first + 1, d.now.type2);
  if (d.now.aux)
    d.now.op[4] = d.srcPredicate(d.operand(first + 2));
  d.now.op[0] = d.dstPredicate(d.operand(0));
  if (two)
    d.now.op[1] = d.dstPredicate(d.operand(1));
  d.now.run = setPredicates;
}

void decodeSet(Decoder &d) {
  const bool ftz = d.has("ftz");
  const Type dtype = d.needType();
  if (dtype != Type::U32 && dtype != Type::S32 && dtype != Type::F32)
    d.unsupported();
  (void)ftz;
  comparison(d, dtype);
  const unsigned expected = 3 + (d.now.aux ? 1 : 0);
  d.expectCount(expected, expected);
  d.now.op[2] = d.src(1, d.now.type2);
  d.now.op[3] = d.src(2, d.now.type2);
  if (d.now.aux)
    d.now.op[4] = d.srcPredicate(d.operand(3));
  d.now.op[0] = d.dst(0u, dtype);
  d.now.run = setValue;
}

} // namespace muntin::emulator
