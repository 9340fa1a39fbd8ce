//===- ElementTest.cpp - conversions of f16 and bf16 ----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Element.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace muntin;
using namespace muntin::reference;

TEST(Element, KnownValues) {
  EXPECT_EQ(floatFromF16(0x3c00), 1.0f);
  EXPECT_EQ(floatFromF16(0xc000), -2.0f);
  EXPECT_EQ(floatFromF16(0x7bff), 65504.0f);
  EXPECT_EQ(floatFromF16(0x0001), 0x1p-24f);
  EXPECT_EQ(floatFromF16(0x03ff), 1023 * 0x1p-24f);
  EXPECT_EQ(floatFromF16(0xfc00), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(floatFromBF16(0x3f80), 1.0f);
  EXPECT_EQ(floatFromBF16(0xc049), -3.140625f);
  EXPECT_TRUE(std::isnan(floatFromF16(0x7c01)));
}

TEST(Element, EveryF16AndBF16NumberRoundTrips) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float f16 = floatFromF16(bits), bf16 = floatFromBF16(bits);
    if (std::isnan(f16))
      EXPECT_TRUE(std::isnan(floatFromF16(f16FromFloat(f16))));
    else
      EXPECT_EQ(f16FromFloat(f16), bits);
    if (std::isnan(bf16))
      EXPECT_TRUE(std::isnan(floatFromBF16(bf16FromFloat(bf16))));
    else
      EXPECT_EQ(bf16FromFloat(bf16), bits);
  }
}

/// Half way between two neighbours goes to the even one, the least step to either side to the nearer.
template <typename Decode, typename Encode> static void expectTiesToEven(Decode decode, Encode encode, int infinity) {
  for (int bits = 0; bits + 1 < infinity; ++bits) {
    const float low = decode(bits), high = decode(bits + 1), middle = low + (high - low) / 2;
    EXPECT_EQ(encode(middle), bits + (bits & 1)) << bits;
    EXPECT_EQ(encode(std::nextafter(middle, low)), bits);
    EXPECT_EQ(encode(std::nextafter(middle, high)), bits + 1);
    EXPECT_EQ(encode(-middle), 0x8000 | (bits + (bits & 1)));
  }
}

TEST(Element, RoundsToNearestEven) {
  expectTiesToEven(floatFromF16, f16FromFloat, 0x7c00);
  expectTiesToEven(floatFromBF16, bf16FromFloat, 0x7f80);
}

TEST(Element, Overflow) {
  EXPECT_EQ(f16FromFloat(std::nextafter(65520.0f, 0.0f)), 0x7bff);
  EXPECT_EQ(f16FromFloat(65520.0f), 0x7c00);
  EXPECT_EQ(f16FromFloat(-1e30f), 0xfc00);
  EXPECT_EQ(bf16FromFloat(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_TRUE(std::isnan(floatFromBF16(bf16FromFloat(std::bit_cast<float>(0x7f800001u)))));
}

TEST(Element, ArraysOfEachType) {
  float f32[3] = {};
  uint16_t half[3] = {};
  double row[2];
  for (const ElementType type : {ElementType::F32, ElementType::F16, ElementType::BF16}) {
    void *array = type == ElementType::F32 ? static_cast<void *>(f32) : half;
    writeElement(type, array, 1, 1.5f);
    writeElement(type, array, 2, -0.25f);
    EXPECT_EQ(readElement(type, array, 0), 0);
    readElements(type, array, 1, 2, row);
    EXPECT_EQ(row[0], 1.5);
    EXPECT_EQ(row[1], -0.25);
  }
}
