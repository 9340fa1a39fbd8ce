//===- ExpandMath.cpp - exp2 and log2 on vectors --------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Frame.h"
#include "compiler/LowerCPU/Passes.h"

#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using namespace muntin::cpu;

namespace muntin::cpu {
#define GEN_PASS_DEF_CPUEXPANDMATHPASS
#include "compiler/LowerCPU/Passes.h.inc"
} // namespace muntin::cpu

namespace {

/// 2^f on [-1/2, 1/2], highest power first, minimax in the relative error: 2.2e-7 in f32 arithmetic, and 7.5e-5
/// where the result is rounded to bf16 anyway (fastmath afn).
constexpr float kPrecise[] = {0.00132764718f, 0.00967554133f, 0.0555071327f, 0.240221197f, 0.693146967f, 1.0f};
constexpr float kRough[] = {0.0551716672f, 0.242611122f, 0.693260986f, 0.999928074f};

struct ExpandExp2 : OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::Exp2Op op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<VectorType>(op.getType());
    if (!type || type.getRank() != 1 || !type.getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "expected a 1-D vector of f32");
    Ir ir(rewriter, op.getLoc());
    int64_t lanes = type.getDimSize(0);
    auto constant = [&](float value) { return ir.splat(value, lanes); };
    Value lowest = constant(-127.0f);
    // Below -127 the exponent's bits come out as 0; the comparison is false for NaN, which stays.
    Value below = arith::CmpFOp::create(rewriter, ir.loc, arith::CmpFPredicate::OGT, lowest, op.getOperand());
    Value x = arith::SelectOp::create(rewriter, ir.loc, below, lowest, op.getOperand());
    // 1.5 * 2^23 + 127 rounds to an integer and leaves it, biased, in the low bits.
    Value magic = constant(12583039.0f);
    Value rounded = arith::AddFOp::create(rewriter, ir.loc, x, magic);
    Value whole = arith::SubFOp::create(rewriter, ir.loc, rounded, magic);
    Value fraction = arith::SubFOp::create(rewriter, ir.loc, x, whole);
    bool rough = bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::afn);
    ArrayRef<float> coefficients = rough ? ArrayRef(kRough) : ArrayRef(kPrecise);
    Value sum = constant(coefficients.front());
    for (float coefficient : coefficients.drop_front())
      sum = ir.fma(fraction, sum, constant(coefficient));
    VectorType integers = ir.vec(lanes, ir.i32());
    Value bits = arith::BitcastOp::create(rewriter, ir.loc, integers, rounded);
    Value shift = arith::ConstantOp::create(rewriter, ir.loc, DenseElementsAttr::get(integers, int32_t(23)));
    Value power = arith::BitcastOp::create(rewriter, ir.loc, type,
                                           arith::ShLIOp::create(rewriter, ir.loc, bits, shift).getResult());
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, sum, power);
    return success();
  }
};

struct CpuExpandMath : muntin::cpu::impl::CpuExpandMathPassBase<CpuExpandMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandExp2>(&getContext());
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) { return name == "math.log2"; });
    if (getOperation()->hasAttr(kExpandBf16Attr))
      arith::populateExpandBFloat16Patterns(patterns); // else a library call for every number
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
