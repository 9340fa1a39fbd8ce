//===- Wmma.cpp - wmma.load, wmma.mma, wmma.store -------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX leaves the layout of these fragments open. Ours: value i of a lane (a
// register holds 32 / bits of them) is element (32 i + lane) of the matrix in
// row-major order, so a value's place does not depend on its type. Fragments
// of f16 always have 16 values: those of small matrices wrap around, and what
// is computed on all values alike stays consistent.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/LoadStore.h"
#include "runtime/emulator/exec/Mma.h"
#include "runtime/emulator/exec/Numbers.h"
#include "runtime/emulator/isa/Decoders.h"

#include <cstring>

namespace muntin::emulator {

namespace {

enum class Part : uint8_t { A, B, Sum };

struct Shape {
  std::string_view name;
  uint8_t m, n, k;
};
constexpr Shape shapes[] = {{"m16n16k16", 16, 16, 16},
                            {"m8n32k16", 8, 32, 16},
                            {"m32n8k16", 32, 8, 16},
                            {"m16n16k8", 16, 16, 8},
                            {"m8n8k4", 8, 8, 4}};

struct Fragment {
  unsigned rows, columns, registers, values; ///< values of a lane
  unsigned bytes;                            ///< of an element in memory
};

Fragment fragmentOf(const Shape &s, Part part, Type type) {
  Fragment f{part == Part::B ? s.k : s.m, part == Part::A ? s.k : s.n, 0, 0, 0};
  f.bytes = type == Type::TF32 ? 4 : bytesOf(type);
  f.values = f.rows * f.columns / WarpSize;
  if (type == Type::F16 && part != Part::Sum)
    f.values = 16;
  f.registers = type == Type::F64 ? f.values : f.values * f.bytes / 4;
  return f;
}

bool isSupported(const Shape &s, Part part, Type type) {
  switch (type) {
  case Type::F16: return s.k == 16;
  case Type::BF16:
  case Type::S8:
  case Type::U8: return s.k == 16 && part != Part::Sum;
  case Type::TF32: return s.k == 8 && part != Part::Sum;
  case Type::S32: return s.k == 16 && part == Part::Sum;
  case Type::F32: return s.k >= 8 && part == Part::Sum;
  case Type::F64: return s.k == 4;
  default: return false;
  }
}

// Instr: type of the elements, vec index of the shape, imm offset, op[1] base, op[2] stride; aux, beside the space:
constexpr uint32_t ColumnMajor = 1 << 16, PartShift = 20;

/// Each row or column begins at a multiple of 16 bytes; the matrix, at one of the fragment's size.
uint32_t checkedStride(Warp &w, const Instr &in, const Fragment &f, const uint64_t *base) {
  const uint32_t *strides = in.op[2] == NoRef ? nullptr : w.words<uint32_t>(in.op[2]);
  const uint32_t stride = strides ? strides[0] : in.aux & ColumnMajor ? f.rows : f.columns;
  const unsigned bytes = f.registers * (in.type == Type::F64 ? 8 : 4);
  for (unsigned i = 0; i < WarpSize; ++i)
    if (base[i] != base[0] || (strides && strides[i] != stride))
      w.cta().fault(w, ReportKind::IllegalInstruction, static_cast<int>(i), base[i],
                    "expected one address and stride for the whole warp");
  if (base[0] % bytes)
    w.cta().fault(w, ReportKind::Misaligned, 0, base[0], "a matrix, expected a multiple of " + std::to_string(bytes));
  if (stride * f.bytes % std::min(16u, f.columns * f.bytes))
    w.cta().fault(w, ReportKind::Misaligned, 0, base[0],
                  "a stride of " + std::to_string(stride * f.bytes) + " bytes, expected a multiple of 16");
  return stride;
}

/// Calls f(register, shift, lanes' places) for each value that the lanes hold, element by element.
template <typename F> void eachValue(Warp &w, const Instr &in, Access access, F f) {
  const Fragment frag = fragmentOf(shapes[in.vec], static_cast<Part>((in.aux >> PartShift) & 3), in.type);
  uint64_t base[WarpSize];
  computeAddresses(w, in, 1, base);
  const uint64_t stride = checkedStride(w, in, frag, base);
  const unsigned parts = frag.values / frag.registers;
  Touched t;
  for (unsigned v = 0; v < frag.values; ++v) {
    for (unsigned i = 0; i < WarpSize; ++i) {
      const unsigned element = (WarpSize * v + i) % (frag.rows * frag.columns);
      const uint64_t row = element / frag.columns, column = element % frag.columns;
      t.address[i] = base[i] + frag.bytes * (in.aux & ColumnMajor ? column * stride + row : row * stride + column);
    }
    resolve(w, in, FullMask, spaceOf(in), frag.bytes, access, t);
    f(v / parts, v % parts * frag.bytes, frag.bytes, t);
  }
}

void load(Warp &w, const Instr &in, uint32_t mask) {
  if (!w.converged(mask))
    return;
  eachValue(w, in, Access::Read, [&](unsigned reg, unsigned first, unsigned bytes, const Touched &t) {
    const size_t slot = in.type == Type::F64 ? 8 : 4;
    auto *d = w.words<uint8_t>(w.extra(in, reg));
    for (unsigned i = 0; i < WarpSize; ++i)
      std::memcpy(d + slot * i + first, t.host[i], bytes);
  });
}

void store(Warp &w, const Instr &in, uint32_t mask) {
  if (!w.converged(mask))
    return;
  w.cta().progress = true;
  eachValue(w, in, Access::Write, [&](unsigned reg, unsigned first, unsigned bytes, const Touched &t) {
    const size_t slot = in.type == Type::F64 ? 8 : 4;
    const auto *s = w.words<uint8_t>(w.extra(in, reg));
    for (unsigned i = 0; i < WarpSize; ++i)
      std::memcpy(t.host[i], s + slot * i + first, bytes);
  });
}

/// A matrix of at most 512 elements, as registers hold it; row-major.
struct Matrix {
  double at[512];
};

Matrix gather(Warp &w, const Instr &in, unsigned first, const Fragment &f, Type type) {
  Matrix m;
  const unsigned parts = f.values / f.registers, elements = f.rows * f.columns;
  for (unsigned v = 0; v < f.values && v * WarpSize < elements; ++v)
    for (unsigned i = 0; i < WarpSize; ++i) {
      const Ref r = w.extra(in, first + v / parts);
      m.at[WarpSize * v + i] =
          type == Type::F64 ? w.words<double>(r)[i] : packedValue(w.words<uint32_t>(r)[i], v % parts, type);
    }
  return m;
}

double accumulate(const Matrix &a, const Matrix &b, const Shape &s, unsigned row, unsigned column, double c,
                  Type type) {
  const auto left = [&](unsigned k) { return a.at[row * s.k + k]; };
  const auto right = [&](unsigned k) { return b.at[k * s.n + column]; };
  float sum = static_cast<float>(c);
  for (unsigned k = 0; k < s.k; ++k)
    if (type == Type::F64 || type == Type::S32)
      c = std::fma(left(k), right(k), c); // sums of 16 products of bytes are exact
    else
      sum = std::fma(static_cast<float>(left(k)), static_cast<float>(right(k)), sum);
  return type == Type::F64 || type == Type::S32 ? c : sum;
}

void writeValue(Warp &w, const Instr &in, unsigned v, unsigned lane, double value, Type type) {
  switch (type) {
  case Type::F64: w.words<double>(w.extra(in, v))[lane] = value; return;
  case Type::F32: w.words<uint32_t>(w.extra(in, v))[lane] = asBits(static_cast<float>(value)); return;
  case Type::F16: {
    uint32_t &word = w.words<uint32_t>(w.extra(in, v / 2))[lane];
    const unsigned shift = 16 * (v % 2);
    word = (word & ~(0xffffu << shift)) | uint32_t(Half::of(static_cast<float>(value)).bits) << shift;
    return;
  }
  default:
    if (in.flags) // .satfinite
      value = std::min(std::max(value, -2147483648.0), 2147483647.0);
    w.words<uint32_t>(w.extra(in, v))[lane] = static_cast<uint32_t>(static_cast<int64_t>(value));
  }
}

/// Instr: type of D, type2 of A, imm of B, aux of C; extras D, A, B, C.
void multiply(Warp &w, const Instr &in, uint32_t mask) {
  if (!w.converged(mask))
    return;
  const Shape &s = shapes[in.vec];
  const auto typeB = static_cast<Type>(in.imm), typeC = static_cast<Type>(in.aux);
  const Fragment d = fragmentOf(s, Part::Sum, in.type), a = fragmentOf(s, Part::A, in.type2);
  const Fragment b = fragmentOf(s, Part::B, typeB), c = fragmentOf(s, Part::Sum, typeC);
  const Matrix ma = gather(w, in, d.registers, a, in.type2);
  const Matrix mb = gather(w, in, d.registers + a.registers, b, typeB);
  const Matrix mc = gather(w, in, d.registers + a.registers + b.registers, c, typeC);
  for (unsigned v = 0; v < d.values; ++v)
    for (unsigned i = 0; i < WarpSize; ++i) {
      const unsigned element = WarpSize * v + i;
      writeValue(w, in, v, i, accumulate(ma, mb, s, element / s.n, element % s.n, mc.at[element], in.type), in.type);
    }
}

// Decoding.

uint8_t takeShape(Decoder &d) {
  for (uint8_t i = 0; i < std::size(shapes); ++i)
    if (d.take(shapes[i].name))
      return i;
  d.unsupported();
}

void registers(Decoder &d, unsigned operand, unsigned count, Type type, bool writes) {
  const Operand &list = d.operand(operand);
  const Type held = type == Type::F64 ? Type::F64 : Type::B32;
  if (list.kind != OperandKind::Vector || list.count != count)
    d.fail(list, "expected a fragment of " + std::to_string(count) + " registers");
  for (unsigned i = 0; i < count; ++i)
    d.extra(writes ? d.dst(d.element(list, i), held) : d.src(d.element(list, i), held));
}

void move(Decoder &d, Part part, bool isLoad) {
  if (!d.take("sync") || !d.take("aligned"))
    d.unsupported();
  const int major = d.takeOne({"row", "col"});
  d.now.vec = takeShape(d);
  const MemSpace space = takeSpace(d);
  d.now.type = d.needType();
  if (major < 0 || !isSupported(shapes[d.now.vec], part, d.now.type) ||
      (space != MemSpace::Generic && space != MemSpace::Global && space != MemSpace::Shared))
    d.unsupported();
  d.expectCount(2, 3);
  memoryOperand(d, d.operand(isLoad ? 1 : 0), 1, space);
  d.now.aux |= (major ? ColumnMajor : 0) | static_cast<uint32_t>(part) << PartShift;
  if (d.count() == 3)
    d.now.op[2] = d.src(2, Type::U32);
  registers(d, isLoad ? 0 : 1, fragmentOf(shapes[d.now.vec], part, d.now.type).registers, d.now.type, isLoad);
  d.now.run = isLoad ? load : store;
}

} // namespace

void decodeWmmaLoadA(Decoder &d) { move(d, Part::A, true); }
void decodeWmmaLoadB(Decoder &d) { move(d, Part::B, true); }
void decodeWmmaLoadC(Decoder &d) { move(d, Part::Sum, true); }
void decodeWmmaStore(Decoder &d) { move(d, Part::Sum, false); }

void decodeWmmaMma(Decoder &d) {
  if (!d.take("sync") || !d.take("aligned"))
    d.unsupported();
  for (int operand = 0; operand < 2; ++operand) // our fragments do not depend on the majors
    if (d.takeOne({"row", "col"}) < 0)
      d.unsupported();
  d.now.vec = takeShape(d);
  d.now.flags = d.take("satfinite");
  d.take("rn");
  const Type sum = d.needType(), second = d.needType(), third = d.takeType();
  const Type a = third == Type::None ? Type::F16 : second, b = third == Type::None ? Type::F16 : third;
  const Type c = third == Type::None ? second : d.needType();
  const Shape &s = shapes[d.now.vec];
  const bool half = a == Type::F16, bytes = a == Type::S8 || a == Type::U8;
  if (a != b || !isSupported(s, Part::A, a) || !isSupported(s, Part::Sum, sum) || !isSupported(s, Part::Sum, c) ||
      (half ? (sum != Type::F16 && sum != Type::F32) || (c != Type::F16 && c != Type::F32)
            : sum != c || sum != (bytes            ? Type::S32
                                  : a == Type::F64 ? a
                                                   : Type::F32)))
    d.unsupported();
  d.expectCount(4, 4);
  d.now.type = sum;
  d.now.type2 = a;
  d.now.imm = static_cast<int64_t>(b);
  d.now.aux = static_cast<uint32_t>(c);
  registers(d, 0, fragmentOf(s, Part::Sum, sum).registers, sum, true);
  registers(d, 1, fragmentOf(s, Part::A, a).registers, a, false);
  registers(d, 2, fragmentOf(s, Part::B, b).registers, b, false);
  registers(d, 3, fragmentOf(s, Part::Sum, c).registers, c, false);
  d.now.run = multiply;
}

} // namespace muntin::emulator
