//===- DecodeInteger.cpp - integer arithmetic and logic -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/IntegerOps.h"
#include "runtime/emulator/isa/Decoders.h"

namespace muntin::emulator {

/// One handler per integer type; bits count as unsigned.
template <template <typename> class Op, unsigned N> static Handler pick(Type type) {
  switch (type) {
  case Type::U8:
  case Type::B8: return integerHandler<Op<uint8_t>, uint8_t, N>();
  case Type::S8: return integerHandler<Op<int8_t>, int8_t, N>();
  case Type::U16:
  case Type::B16: return integerHandler<Op<uint16_t>, uint16_t, N>();
  case Type::S16: return integerHandler<Op<int16_t>, int16_t, N>();
  case Type::U32:
  case Type::B32: return integerHandler<Op<uint32_t>, uint32_t, N>();
  case Type::S32: return integerHandler<Op<int32_t>, int32_t, N>();
  case Type::U64:
  case Type::B64: return integerHandler<Op<uint64_t>, uint64_t, N>();
  case Type::S64: return integerHandler<Op<int64_t>, int64_t, N>();
  default: return nullptr;
  }
}

static void operands(Decoder &d, Type type, unsigned sources) {
  d.expectCount(sources + 1, sources + 1);
  d.now.type = type;
  for (unsigned i = 1; i <= sources; ++i)
    d.now.op[i] = d.src(i, type);
  d.now.op[0] = d.dst(0u, type);
}

static void needInteger(Decoder &d, Type type) {
  if (!isInteger(type))
    d.unsupported();
}

template <template <typename> class Op, unsigned N> static void simple(Decoder &d) {
  const Type type = d.needType();
  needInteger(d, type);
  d.now.run = pick<Op, N>(type);
  operands(d, type, N);
}

template <template <typename> class Op, unsigned N> static void bitwise(Decoder &d) {
  const Type type = d.needType();
  if (type == Type::Pred) {
    d.expectCount(N + 1, N + 1);
    for (unsigned i = 1; i <= N; ++i)
      d.now.op[i] = d.srcPredicate(d.operand(i));
    d.now.op[0] = d.dstPredicate(d.operand(0));
    d.now.run = predicateHandler<Op<uint32_t>, N>();
    return;
  }
  if (info(type).kind != TypeClass::Bits)
    d.unsupported();
  d.now.run = pick<Op, N>(type);
  operands(d, type, N);
}

/// add.cc, addc, sub.cc, subc: the carry flag is a hidden predicate.
static bool carryForm(Decoder &d, Type type, bool reads, bool subtract) {
  const bool writes = d.take("cc");
  if (!reads && !writes)
    return false;
  if (bitsOf(type) < 32 || !isInteger(type))
    d.unsupported();
  operands(d, type, 2);
  if (reads)
    d.use(d.now.op[3] = d.ccRegister());
  if (writes)
    d.define(d.now.op[4] = d.ccRegister());
  d.now.run = carryHandler(bitsOf(type) == 64, subtract);
  return true;
}

void decodeIntegerAdd(Decoder &d, Type type, bool subtract) {
  if (carryForm(d, type, false, subtract))
    return;
  if (type == Type::S32 && d.take("sat"))
    d.now.run = subtract ? pick<SubSaturated, 2>(type) : pick<AddSaturated, 2>(type);
  else
    d.now.run = subtract ? pick<Sub, 2>(type) : pick<Add, 2>(type);
  operands(d, type, 2);
}

void decodeAddc(Decoder &d) { carryForm(d, d.needType(), true, false); }
void decodeSubc(Decoder &d) { carryForm(d, d.needType(), true, true); }

void decodeIntegerMul(Decoder &d, Type type) {
  const int part = d.takeOne({"lo", "hi", "wide"});
  if (part < 0)
    d.fail("expected .lo, .hi or .wide");
  d.now.run = part == 0 ? pick<Mul, 2>(type) : part == 1 ? pick<MulHigh, 2>(type) : wideHandler(type, false);
  if (!d.now.run)
    d.unsupported();
  if (part < 2)
    return operands(d, type, 2);
  d.expectCount(3, 3);
  d.now.op[1] = d.src(1, type);
  d.now.op[2] = d.src(2, type);
  d.now.op[0] = d.dst(0u, widened(type));
}

void decodeIntegerMad(Decoder &d, Type type, bool carryIn) {
  const int part = d.takeOne({"lo", "hi", "wide"});
  if (part < 0)
    d.fail("expected .lo, .hi or .wide");
  const bool carryOut = d.take("cc");
  if (carryIn || carryOut) {
    if (part == 2 || bitsOf(type) < 32)
      d.unsupported();
    operands(d, type, 3);
    if (carryIn)
      d.use(d.now.op[4] = d.ccRegister());
    if (carryOut)
      d.define(d.now.op[5] = d.ccRegister());
    d.now.aux = part;
    d.now.run = madCarryHandler(type);
    return;
  }
  if (part == 1 && type == Type::S32 && d.take("sat"))
    d.unsupported();
  d.now.run = part == 0 ? pick<Mad, 3>(type) : part == 1 ? pick<MadHigh, 3>(type) : wideHandler(type, true);
  if (!d.now.run)
    d.unsupported();
  if (part < 2)
    return operands(d, type, 3);
  d.expectCount(4, 4);
  d.now.op[1] = d.src(1, type);
  d.now.op[2] = d.src(2, type);
  d.now.op[3] = d.src(3, widened(type));
  d.now.op[0] = d.dst(0u, widened(type));
}

void decodeMadc(Decoder &d) { decodeIntegerMad(d, d.needType(), true); }

void decodeMul24(Decoder &d) {
  const int part = d.takeOne({"lo", "hi"});
  const Type type = d.needType();
  if (part < 0 || bitsOf(type) != 32)
    d.unsupported();
  d.now.run = part == 0 ? pick<Mul24Low, 2>(type) : pick<Mul24High, 2>(type);
  operands(d, type, 2);
}

void decodeIntegerDiv(Decoder &d, Type type) {
  d.now.run = pick<Div, 2>(type);
  operands(d, type, 2);
}
void decodeRem(Decoder &d) { simple<Rem, 2>(d); }
void decodeSad(Decoder &d) { simple<Sad, 3>(d); }

void decodeIntegerMinMax(Decoder &d, Type type, bool max) {
  d.take("relu") ? d.unsupported() : void();
  d.now.run = max ? pick<Max, 2>(type) : pick<Min, 2>(type);
  operands(d, type, 2);
}
void decodeIntegerAbs(Decoder &d, Type type) {
  d.now.run = pick<Abs, 1>(type);
  operands(d, type, 1);
}
void decodeIntegerNeg(Decoder &d, Type type) {
  d.now.run = pick<Neg, 1>(type);
  operands(d, type, 1);
}

void decodeAnd(Decoder &d) { bitwise<And, 2>(d); }
void decodeOr(Decoder &d) { bitwise<Or, 2>(d); }
void decodeXor(Decoder &d) { bitwise<Xor, 2>(d); }
void decodeNot(Decoder &d) { bitwise<Not, 1>(d); }
void decodeCnot(Decoder &d) { bitwise<Cnot, 1>(d); }

static void shift(Decoder &d, bool left) {
  const Type type = d.needType();
  d.expectCount(3, 3);
  d.now.run = left ? shiftHandler(type, true) : shiftHandler(type, false);
  if (!d.now.run)
    d.unsupported();
  d.now.op[1] = d.src(1, type);
  d.now.op[2] = d.src(2, Type::U32);
  d.now.op[0] = d.dst(0u, type);
}
void decodeShl(Decoder &d) { shift(d, true); }
void decodeShr(Decoder &d) { shift(d, false); }

void decodeShf(Decoder &d) {
  const bool left = d.takeOne({"l", "r"}) == 0, clamp = d.takeOne({"clamp", "wrap"}) == 0;
  if (d.needType() != Type::B32)
    d.unsupported();
  operands(d, Type::B32, 3);
  d.now.run = funnelHandler(left, clamp);
}

void decodeLop3(Decoder &d) {
  if (d.takeOne({"or", "and"}) >= 0)
    d.fail("unsupported: lop3 with a predicate");
  if (d.needType() != Type::B32)
    d.unsupported();
  d.expectCount(5, 5);
  for (unsigned i = 1; i <= 3; ++i)
    d.now.op[i] = d.src(i, Type::B32);
  d.now.aux = static_cast<uint32_t>(d.integer(d.operand(4)));
  if (d.now.aux > 255)
    d.fail(d.operand(4), "lookup table " + std::to_string(d.now.aux) + " is beyond 255");
  d.now.op[0] = d.dst(0u, Type::B32);
  d.now.run = lop3Handler();
}

void decodePrmt(Decoder &d) {
  if (d.needType() != Type::B32)
    d.unsupported();
  const int mode = d.takeOne({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
  operands(d, Type::B32, 3);
  d.now.aux = static_cast<uint32_t>(mode + 1);
  d.now.run = permuteHandler();
}

template <template <typename> class Op> static void countBits(Decoder &d) {
  const Type type = d.needType();
  if (bitsOf(type) < 32)
    d.unsupported();
  d.expectCount(2, 2);
  d.now.op[1] = d.src(1, type);
  d.now.op[0] = d.dst(0u, Type::U32);
  d.now.run = countHandler<Op>(type);
}
void decodePopc(Decoder &d) { countBits<Popc>(d); }
void decodeClz(Decoder &d) { countBits<Clz>(d); }
void decodeBfind(Decoder &d) { d.take("shiftamt") ? countBits<BfindShift>(d) : countBits<Bfind>(d); }

void decodeBrev(Decoder &d) {
  const Type type = d.needType();
  if (bitsOf(type) < 32)
    d.unsupported();
  d.now.run = pick<Brev, 1>(type);
  operands(d, type, 1);
}

void decodeBfe(Decoder &d) {
  const Type type = d.needType();
  d.expectCount(4, 4);
  d.now.op[1] = d.src(1, type);
  d.now.op[2] = d.src(2, Type::U32);
  d.now.op[3] = d.src(3, Type::U32);
  d.now.op[0] = d.dst(0u, type);
  if (!(d.now.run = extractHandler(type)))
    d.unsupported();
}

void decodeBfi(Decoder &d) {
  const Type type = d.needType();
  d.expectCount(5, 5);
  d.now.op[1] = d.src(1, type);
  d.now.op[2] = d.src(2, type);
  d.now.op[3] = d.src(3, Type::U32);
  d.now.op[4] = d.src(4, Type::U32);
  d.now.op[0] = d.dst(0u, type);
  if (!(d.now.run = insertHandler(type)))
    d.unsupported();
}

void decodeBmsk(Decoder &d) {
  const bool clamp = d.takeOne({"clamp", "wrap"}) == 0;
  if (d.needType() != Type::B32)
    d.unsupported();
  operands(d, Type::B32, 2);
  d.now.run = maskHandler(clamp);
}

void decodeSzext(Decoder &d) {
  const bool clamp = d.takeOne({"clamp", "wrap"}) == 0;
  const Type type = d.needType();
  if (bitsOf(type) != 32)
    d.unsupported();
  operands(d, type, 2);
  d.now.run = extendHandler(isSigned(type), clamp);
}

static void dot(Decoder &d, unsigned ways) {
  const bool high = ways == 2 && d.takeOne({"lo", "hi"}) == 1;
  const Type a = d.needType(), b = d.needType();
  if (bitsOf(a) != 32 || bitsOf(b) != 32 || !isInteger(a) || !isInteger(b))
    d.unsupported();
  operands(d, Type::B32, 3);
  d.now.aux = (isSigned(a) ? 1 : 0) | (isSigned(b) ? 2 : 0) | (high ? 4 : 0);
  d.now.run = dotHandler(ways);
}
void decodeDp4a(Decoder &d) { dot(d, 4); }
void decodeDp2a(Decoder &d) { dot(d, 2); }

} // namespace muntin::emulator
