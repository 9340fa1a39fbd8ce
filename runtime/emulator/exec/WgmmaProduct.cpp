//===- WgmmaProduct.cpp - one product of a warp ----------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/WgmmaProduct.h"

#include "runtime/emulator/exec/Numbers.h"

#include <cstring>

namespace muntin::emulator::wgmma {

namespace {

template <Type T> float valueOf(const uint8_t *p) {
  if constexpr (T == Type::BF16 || T == Type::F16) {
    uint16_t bits;
    std::memcpy(&bits, p, 2);
    return T == Type::BF16 ? asFloat(uint32_t(bits) << 16) : Half{bits}.value();
  } else if constexpr (T == Type::TF32) {
    uint32_t bits;
    std::memcpy(&bits, p, 4);
    return asFloat(bits & 0xffffe000);
  } else {
    return static_cast<float>(decodeFloat(*p, T == Type::E4M3 ? formatE4M3 : formatE5M2));
  }
}

/// The values of a matrix in shared memory, 16 bytes at a time: to out[at(row, k)].
template <Type T, typename At>
void readMatrix(const Cta &cta, const SharedMatrix &m, unsigned firstRow, unsigned rows, unsigned k, float sign,
                float *out, At at) {
  constexpr unsigned Size = T == Type::TF32 ? 4 : T == Type::E4M3 || T == Type::E5M2 ? 1 : 2, Pieces = 16 / Size;
  const uint8_t *shared = const_cast<Cta &>(cta).shared();
  if (m.mnMajor) {
    for (unsigned j = 0; j < k; ++j)
      for (unsigned row = 0; row < rows; row += Pieces)
        for (unsigned e = 0; e < Pieces; ++e)
          out[at(row + e, j)] = sign * valueOf<T>(shared + m.address(firstRow + row, j) + e * Size);
    return;
  }
  for (unsigned row = 0; row < rows; ++row)
    for (unsigned j = 0; j < k; j += Pieces) {
      const uint8_t *piece = shared + m.address(firstRow + row, j);
      for (unsigned e = 0; e < Pieces; ++e)
        out[at(row, j + e)] = sign * valueOf<T>(piece + e * Size);
    }
}

template <typename At>
void readMatrix(Type type, const Cta &cta, const SharedMatrix &m, unsigned firstRow, unsigned rows, unsigned k,
                float sign, float *out, At at) {
  switch (type) {
  case Type::BF16: return readMatrix<Type::BF16>(cta, m, firstRow, rows, k, sign, out, at);
  case Type::F16: return readMatrix<Type::F16>(cta, m, firstRow, rows, k, sign, out, at);
  case Type::TF32: return readMatrix<Type::TF32>(cta, m, firstRow, rows, k, sign, out, at);
  case Type::E4M3: return readMatrix<Type::E4M3>(cta, m, firstRow, rows, k, sign, out, at);
  default: return readMatrix<Type::E5M2>(cta, m, firstRow, rows, k, sign, out, at);
  }
}

float valueOf(const uint8_t *p, Type type) {
  switch (type) {
  case Type::BF16: return valueOf<Type::BF16>(p);
  case Type::F16: return valueOf<Type::F16>(p);
  case Type::TF32: return valueOf<Type::TF32>(p);
  case Type::E4M3: return valueOf<Type::E4M3>(p);
  default: return valueOf<Type::E5M2>(p);
  }
}

} // namespace

/// Rows 16 w .. 16 w + 15 of A, k values each.
void Product::readA(float *a) const {
  const float sign = aux & NegateA ? -1.0f : 1.0f;
  const bool halves = sizeOf(type) == 2, isBF16 = type == Type::BF16;
  if (halves && aux & RegistersA) { // four lanes have eight values of a row
    for (unsigned i = 0; i < 4; ++i)
      for (unsigned g = 0; g < 8; ++g)
        widenEight(reinterpret_cast<const uint8_t *>(&fragment[i * WarpSize + 4 * g]), isBF16, sign,
                   a + (g + 8 * (i % 2)) * k + 8 * (i / 2));
    return;
  }
  if (halves && !(aux & MnMajorA)) {
    const SharedMatrix m(descriptorA, false, 2);
    for (unsigned row = 0; row < 16; ++row)
      for (unsigned j = 0; j < k; j += 8)
        widenEight(cta->shared() + m.address(16 * (warp % 4) + row, j), isBF16, sign, a + row * k + j);
    return;
  }
  if (!(aux & RegistersA))
    return readMatrix(type, *cta, SharedMatrix(descriptorA, aux & MnMajorA, sizeOf(type)), 16 * (warp % 4), 16, k, sign,
                      a, [this](unsigned row, unsigned j) { return row * k + j; });
  const unsigned parts = 4 / sizeOf(type);
  for (unsigned i = 0; i < 4; ++i)
    for (unsigned lane = 0; lane < WarpSize; ++lane) {
      uint8_t bytes[4];
      std::memcpy(bytes, &fragment[i * WarpSize + lane], 4);
      const unsigned row = (lane >> 2) + 8 * (i % 2), column = 4 * parts * (i / 2) + parts * (lane & 3);
      for (unsigned p = 0; p < parts; ++p)
        a[row * k + column + p] = sign * valueOf(bytes + p * sizeOf(type), type);
    }
}

/// Within each 8 columns the order is 0 2 4 6 1 3 5 7: four lanes' values of one register then lie side by side.
static unsigned placeOfColumn(unsigned column) { return (column & ~7u) | (column & 7) >> 1 | (column & 1) << 2; }

/// k rows of n values.
const float *Product::readB(uint64_t round) const {
  thread_local std::vector<float> kept;
  thread_local uint64_t keptRound = ~uint64_t(0), keptDescriptor = 0;
  if (keptRound == round && keptDescriptor == descriptorB)
    return kept.data();
  kept.resize(size_t(k) * n);
  const SharedMatrix m(descriptorB, aux & MnMajorB, sizeOf(typeB));
  const float sign = aux & NegateB ? -1.0f : 1.0f;
  if (sizeOf(typeB) == 2)
    readHalvesOfB(cta->shared(), m, n, k, typeB == Type::BF16, sign, kept.data());
  else
    readMatrix(typeB, *cta, m, 0, n, k, sign, kept.data(),
               [this](unsigned column, unsigned j) { return j * n + placeOfColumn(column); });
  keptRound = round;
  keptDescriptor = descriptorB;
  return kept.data();
}

void Product::perform(uint64_t round) const {
  alignas(32) float a[16 * 32], sum[16 * 256];
  readA(a);
  const float *b = readB(round);
  // Register i of lanes 4g .. 4g + 3: row g + 8 (i / 2 % 2), four values from here on.
  const auto four = [&](unsigned i, unsigned g) {
    return sum + (g + 8 * ((i >> 1) & 1)) * n + 8 * (i >> 2) + 4 * (i & 1);
  };
  const auto word = [&](unsigned i) { return registers + (accumulators[i] & IndexMask); };
  if (!accumulate) {
    std::fill_n(sum, 16 * n, 0.0f);
  } else if (aux & HalfSums) {
    for (unsigned i = 0; i < n / 2; ++i)
      for (unsigned lane = 0; lane < WarpSize; ++lane)
        four(i, lane / 4)[lane % 4] = Half{static_cast<uint16_t>(word(i / 2)[lane] >> (16 * (i & 1)))}.value();
  } else {
    for (unsigned i = 0; i < n / 2; ++i)
      for (unsigned g = 0; g < 8; ++g)
        std::memcpy(four(i, g), word(i) + 4 * g, 16);
  }
  multiplyRows(sum, a, b, n, k);
  if (aux & HalfSums) {
    for (unsigned i = 0; i < n / 2; i += 2)
      for (unsigned lane = 0; lane < WarpSize; ++lane)
        word(i / 2)[lane] =
            uint32_t(Half::of(four(i + 1, lane / 4)[lane % 4]).bits) << 16 | Half::of(four(i, lane / 4)[lane % 4]).bits;
  } else {
    for (unsigned i = 0; i < n / 2; ++i)
      for (unsigned g = 0; g < 8; ++g)
        std::memcpy(word(i) + 4 * g, four(i, g), 16);
  }
}

} // namespace muntin::emulator::wgmma
