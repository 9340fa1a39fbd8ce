//===- MmaForms.cpp - mma.sync of all shapes ------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fragments as in the PTX ISA, g = lane / 4, t = lane % 4:
//
//   16-bit  a[i]: row g + 8 (i % 2), k = 8 (i / 2) + 2t, + 1   b[i]: k = 8i + 2t, + 1; n = g
//   tf32    a[i]: row g + 8 (i % 2), k = 4 (i / 2) + t         b[i]: k = 4i + t; n = g
//   8-bit   a[i]: row g + 8 (i % 2), k = 16 (i / 2) + 4t .. 3  b[i]: k = 16i + 4t .. 3; n = g
//   f64     a: row g, k = t (m8n8k4)                           b: k = t; n = g
//   sums    c[i]: row g + 8 (i / 2), n = 2t + i % 2; f16 packs two to a register
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Cta.h"
#include "runtime/emulator/exec/Mma.h"
#include "runtime/emulator/exec/Numbers.h"
#include "runtime/emulator/isa/Decoders.h"

#include <algorithm>

namespace muntin::emulator {

namespace {

/// Instr::aux: k of the shape; whether sums are f16; whether sums of integers stay within s32.
constexpr uint32_t HalfSums = 1 << 8, Saturate = 1 << 9;

void fast(Warp &w, const Instr &in, uint32_t mask) {
  if (!w.converged(mask))
    return;
  const uint32_t *a[4], *b[2];
  const float *c[4];
  float *d[4];
  for (unsigned i = 0; i < 4; ++i) {
    d[i] = reinterpret_cast<float *>(w.words<uint32_t>(w.extra(in, i)));
    a[i] = w.words<uint32_t>(w.extra(in, 4 + i));
    c[i] = reinterpret_cast<const float *>(w.words<uint32_t>(w.extra(in, 10 + i)));
  }
  for (unsigned i = 0; i < 2; ++i)
    b[i] = w.words<uint32_t>(w.extra(in, 8 + i));
  multiply16816(a, b, c, d, in.type2 == Type::BF16);
}

} // namespace

double packedValue(uint32_t bits, unsigned part, Type type) {
  switch (type) {
  case Type::F16: return Half{static_cast<uint16_t>(bits >> (16 * part))}.value();
  case Type::BF16: return BHalf{static_cast<uint16_t>(bits >> (16 * part))}.value();
  case Type::TF32: return asFloat(bits & 0xffffe000);
  case Type::F32: return asFloat(bits);
  case Type::S32: return static_cast<int32_t>(bits);
  case Type::S8: return static_cast<int8_t>(bits >> (8 * part));
  case Type::U8: return static_cast<uint8_t>(bits >> (8 * part));
  case Type::E4M3: return decodeFloat((bits >> (8 * part)) & 255, formatE4M3);
  default: return decodeFloat((bits >> (8 * part)) & 255, formatE5M2);
  }
}

namespace {

struct Matrices {
  double a[16][32], b[32][8];
};

void collect(Warp &w, const Instr &in, unsigned firstA, unsigned countA, unsigned firstB, unsigned countB,
             Matrices &m) {
  const unsigned parts = 32 / (in.type2 == Type::TF32 ? 32 : bitsOf(in.type2)), stride = 4 * parts;
  for (unsigned lane = 0; lane < WarpSize; ++lane) {
    const unsigned g = lane >> 2, t = lane & 3;
    for (unsigned i = 0; i < countA; ++i)
      for (unsigned p = 0; p < parts; ++p)
        m.a[g + 8 * (i % 2)][stride * (i / 2) + parts * t + p] =
            packedValue(w.words<uint32_t>(w.extra(in, firstA + i))[lane], p, in.type2);
    for (unsigned i = 0; i < countB; ++i)
      for (unsigned p = 0; p < parts; ++p)
        m.b[stride * i + parts * t + p][g] =
            packedValue(w.words<uint32_t>(w.extra(in, firstB + i))[lane], p, static_cast<Type>(in.imm));
  }
}

/// Any shape, sums in f32 by fused steps of ascending k, or in f16 rounded at the end, or in s32.
void general(Warp &w, const Instr &in, uint32_t mask) {
  if (!w.converged(mask))
    return;
  const unsigned k = in.aux & 255, sums = in.aux & HalfSums ? 2 : 4;
  const unsigned parts = 32 / (in.type2 == Type::TF32 ? 32 : bitsOf(in.type2));
  const unsigned countB = k / (4 * parts), countA = 2 * countB;
  Matrices m;
  collect(w, in, sums, countA, sums + countA, countB, m);
  uint32_t out[4][WarpSize];
  for (unsigned lane = 0; lane < WarpSize; ++lane)
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned row = (lane >> 2) + 8 * (i / 2), n = 2 * (lane & 3) + i % 2;
      const uint32_t c = w.words<uint32_t>(w.extra(in, sums + countA + countB + (sums == 2 ? i / 2 : i)))[lane];
      if (in.type == Type::S32) {
        int64_t sum = static_cast<int32_t>(c);
        for (unsigned j = 0; j < k; ++j)
          sum += static_cast<int64_t>(m.a[row][j] * m.b[j][n]);
        if (in.aux & Saturate)
          sum = std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX);
        out[i][lane] = static_cast<uint32_t>(sum);
        continue;
      }
      float sum = sums == 2 ? Half{static_cast<uint16_t>(c >> (16 * (i % 2)))}.value() : asFloat(c);
      for (unsigned j = 0; j < k; ++j)
        sum = std::fma(static_cast<float>(m.a[row][j]), static_cast<float>(m.b[j][n]), sum);
      out[i][lane] = sums == 2 ? Half::of(sum).bits : asBits(sum);
    }
  for (unsigned i = 0; i < sums; ++i)
    for (unsigned lane = 0; lane < WarpSize; ++lane)
      w.words<uint32_t>(w.extra(in, i))[lane] =
          sums == 2 ? out[2 * i + 1][lane] << 16 | out[2 * i][lane] : out[i][lane];
}

/// m8n8k4 on f64: d[i] = (g, 2t + i).
void doubles(Warp &w, const Instr &in, uint32_t mask) {
  if (!w.converged(mask))
    return;
  const double *a = w.words<double>(w.extra(in, 2)), *b = w.words<double>(w.extra(in, 3));
  double out[2][WarpSize];
  for (unsigned lane = 0; lane < WarpSize; ++lane)
    for (unsigned i = 0; i < 2; ++i) {
      double sum = w.words<double>(w.extra(in, 4 + i))[lane];
      const unsigned g = lane >> 2, n = 2 * (lane & 3) + i;
      for (unsigned k = 0; k < 4; ++k)
        sum = std::fma(a[4 * g + k], b[4 * n + k], sum);
      out[i][lane] = sum;
    }
  for (unsigned i = 0; i < 2; ++i)
    std::copy_n(out[i], WarpSize, w.words<double>(w.extra(in, i)));
}

void fragment(Decoder &d, unsigned operand, unsigned count, Type type, bool writes) {
  const Operand &list = d.operand(operand);
  const auto one = [&](const Operand &o) { d.extra(writes ? d.dst(o, type) : d.src(o, type)); };
  if (list.kind != OperandKind::Vector && count == 1)
    return one(list);
  if (list.kind != OperandKind::Vector || list.count != count)
    d.fail(list, "expected a fragment of " + std::to_string(count) + " registers");
  for (unsigned i = 0; i < count; ++i)
    one(d.element(list, i));
}

struct Shape {
  Type type;
  unsigned k;
  std::string_view name;
};
constexpr Shape shapes[] = {{Type::BF16, 16, "m16n8k16"}, {Type::F16, 16, "m16n8k16"}, {Type::BF16, 8, "m16n8k8"},
                            {Type::F16, 8, "m16n8k8"},    {Type::TF32, 8, "m16n8k8"},  {Type::TF32, 4, "m16n8k4"},
                            {Type::S8, 32, "m16n8k32"},   {Type::U8, 32, "m16n8k32"},  {Type::S8, 16, "m16n8k16"},
                            {Type::U8, 16, "m16n8k16"}};

} // namespace

void decodeMma(Decoder &d) {
  std::string_view shape;
  if (!d.take("aligned") || !d.takePrefixed("m", shape) || !d.take("row") || !d.take("col"))
    d.unsupported();
  const Type sum = d.needType(), a = d.needType(), b = d.needType(), c = d.needType();
  d.expectCount(4, 4);
  if (sum != c)
    d.unsupported();
  d.now.type = sum;
  d.now.type2 = a;
  d.now.imm = static_cast<int64_t>(b);
  if (a == Type::F64 && shape == "m8n8k4") {
    fragment(d, 0, 2, Type::F64, true);
    fragment(d, 1, 1, Type::F64, false);
    fragment(d, 2, 1, Type::F64, false);
    fragment(d, 3, 2, Type::F64, false);
    d.now.run = doubles;
    return;
  }
  unsigned k = 0;
  for (const Shape &s : shapes)
    k = s.type == a && s.name == shape ? s.k : k;
  const bool bytes = bitsOf(a) == 8 && a != Type::TF32;
  if (k == 0 || (bytes ? sum != Type::S32 || bitsOf(b) != 8 || isFloat(b) : a != b) ||
      (!bytes && sum != Type::F32 && !(sum == Type::F16 && a == Type::F16)))
    d.unsupported();
  const unsigned parts = a == Type::TF32 ? 1 : 32 / bitsOf(a), countB = k / (4 * parts),
                 sums = sum == Type::F16 ? 2 : 4;
  fragment(d, 0, sums, Type::B32, true);
  fragment(d, 1, 2 * countB, Type::B32, false);
  fragment(d, 2, countB, Type::B32, false);
  fragment(d, 3, sums, Type::B32, false);
  d.now.aux = k | (sums == 2 ? HalfSums : 0) | (bytes && d.take("satfinite") ? Saturate : 0);
  d.now.run = k == 16 && sum == Type::F32 && !bytes ? fast : general;
}

} // namespace muntin::emulator
