//===- TranslateTest.cpp - mask trees to attributes and back ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MaskPrograms.h"
#include "tests/support/Masks.h"
#include "tests/support/RandomMask.h"

#include "mlir/AsmParser/AsmParser.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace muntin::attn;

namespace muntin::testing {

TEST(Translate, RandomMasksSurviveAttributesAndTheirText) {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    const std::vector<int64_t> grid = randomGrid(random, 1 + i % 3, 1, 12);
    const Mask mask = randomMask(random, {grid, grid, /*documents=*/true, 4});
    const MaskAttrInterface attr = attributeOf(mask);
    Result<Mask> back = attrToMask(attr);
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(*back, mask) << printMask(mask);
    std::string text;
    llvm::raw_string_ostream(text) << attr;
    EXPECT_EQ(parseAttribute(text, &testContext()), attr) << text;
    EXPECT_EQ(muntin::attn::needsSegments(attr), muntin::needsSegments(mask)) << text;
  }
}

TEST(Translate, IllegalMasksHaveNoAttribute) {
  EXPECT_FALSE(maskToAttr(&testContext(), masks::neighborhood({0})));
  EXPECT_FALSE(maskToAttr(&testContext(), masks::neighborhood({3}, {1}, {4})));
  EXPECT_FALSE(maskToAttr(&testContext(), masks::neighborhood({3, 3}, {1}))); // not expanded
  EXPECT_FALSE(maskToAttr(&testContext(), masks::sliding({-1}, {0})));
  EXPECT_FALSE(maskToAttr(&testContext(), masks::allOf({})));
  EXPECT_FALSE(maskToAttr(&testContext(), masks::negation(masks::block({0}))));
  EXPECT_FALSE(maskToAttr(&testContext(), masks::withChildren(MaskKind::Not, {})));
  EXPECT_FALSE(maskToAttr(&testContext(), masks::anyOf({masks::block({2}), masks::block({2, 2})})));
}

TEST(Translate, OtherAttributesAreRefused) {
  Result<Mask> none = attrToMask(UnitAttr::get(&testContext()));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.status().code(), StatusCode::InvalidArgument);
  EXPECT_FALSE(attrToMask(Attribute()).ok());
}

} // namespace muntin::testing
