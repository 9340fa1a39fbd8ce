//===- FrontendTest.cpp - from a problem to the attn dialect ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Frontend.h"

#include "dialect/attn/Attn.h"
#include "tests/support/Masks.h"
#include "tests/support/RandomMask.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace mlir;

namespace muntin::testing {

static Problem problemOf(int rank, Mask mask) {
  Problem problem;
  problem.rank = rank;
  problem.mask = std::move(mask);
  return problem;
}

static attn::ForwardOp forwardOf(ModuleOp module) {
  attn::ForwardOp found;
  module.walk([&](attn::ForwardOp op) { found = op; });
  return found;
}

TEST(Frontend, ModuleAsText) {
  MLIRContext context;
  Problem problem = problemOf(1, masks::allOf({masks::causal(), masks::document()}));
  problem.element = ElementType::BF16;
  problem.valueDim = 32;
  OwningOpRef<ModuleOp> module = compiler::buildAttnModule(context, problem);
  ASSERT_TRUE(module);
  std::string text;
  llvm::raw_string_ostream(text) << *module;
  EXPECT_EQ(text, R"(module {
  func.func @forward(%arg0: tensor<?x?x?x64xbf16>, %arg1: tensor<?x?x?x64xbf16>, %arg2: tensor<?x?x?x32xbf16>, )"
                  R"(%arg3: f32, %arg4: tensor<?x?xi32>, %arg5: tensor<?x?xi32>) -> )"
                  R"((tensor<?x?x?x32xbf16>, tensor<?x?x?xf32>) {
    %output, %lse = attn.forward %arg0, %arg1, %arg2 scale %arg3 segments(%arg4, %arg5 : tensor<?x?xi32>, )"
                  R"(tensor<?x?xi32>) mask(#attn.all_of<[#attn.causal, #attn.document]>) : tensor<?x?x?x64xbf16>, )"
                  R"(tensor<?x?x?x64xbf16>, tensor<?x?x?x32xbf16> -> tensor<?x?x?x32xbf16>, tensor<?x?x?xf32>
    return %output, %lse : tensor<?x?x?x32xbf16>, tensor<?x?x?xf32>
  }
})");
}

TEST(Frontend, RandomProblemsVerifyAndKeepTheirMask) {
  MLIRContext context;
  Random random(5);
  for (int i = 0; i < 300; ++i) {
    const int rank = 1 + i % 3;
    const std::vector<int64_t> grid = randomGrid(random, rank, 1, 9);
    const Problem problem = problemOf(rank, randomMask(random, {grid, grid, /*documents=*/true, 3}));
    OwningOpRef<ModuleOp> module = compiler::buildAttnModule(context, problem);
    ASSERT_TRUE(module) << printMask(problem.mask);
    EXPECT_TRUE(succeeded(verify(*module))) << printMask(problem.mask);
    attn::ForwardOp op = forwardOf(*module);
    Result<Mask> mask = attn::attrToMask(op.getMask());
    ASSERT_TRUE(mask.ok());
    EXPECT_EQ(*mask, problem.mask);
    EXPECT_EQ(op.getGridRank(), unsigned(rank));
  }
}

TEST(Frontend, AnIllegalMaskIsAnErrorThatNamesTheRank) {
  MLIRContext context;
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) { message = diagnostic.str(); });
  EXPECT_FALSE(compiler::buildAttnModule(context, problemOf(1, masks::neighborhood({3}, {1}, {4}))));
  EXPECT_EQ(message, "the mask of the problem is not legal on a grid of rank 1");
}

} // namespace muntin::testing
