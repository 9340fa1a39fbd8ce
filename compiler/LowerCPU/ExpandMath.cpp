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

/// 2^f on [-1/2, 1/2], and for kRoughUp on [0, 1], highest power first, minimax in the relative error: 2.2e-7 in f32
/// arithmetic, and 7.5e-5 where the result is rounded to bf16 anyway (fastmath afn).
constexpr float kPrecise[] = {0.00132764718f, 0.00967554133f, 0.0555071327f, 0.240221197f, 0.693146967f, 1.0f};
constexpr float kRough[] = {0.0551716672f, 0.242611122f, 0.693260986f, 0.999928074f};
constexpr float kRoughUp[] = {0.0780245227f, 0.226067155f, 0.695833541f, 0.999925219f};

Value polynomial(Ir &ir, Value x, ArrayRef<float> coefficients) {
  int64_t lanes = cast<VectorType>(x.getType()).getDimSize(0);
  Value sum = ir.splat(coefficients.front(), lanes);
  for (float coefficient : coefficients.drop_front())
    sum = ir.fma(x, sum, ir.splat(coefficient, lanes));
  return sum;
}

bool isRough(math::Exp2Op op) { return bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::afn); }

/// AVX-512 splits a number into whole and fraction, and scales by a power of two, in one instruction each: 0.83 ns per
/// vector of bf16 probabilities instead of 1.1 (Zen 5). The fraction of -inf is 0, and 2^-inf is 0.
struct ExpandExp2Avx512 : OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::Exp2Op op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<VectorType>(op.getType());
    if (!type || type.getRank() != 1 || type.getDimSize(0) != 16 || !type.getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "expected a vector of 16 f32");
    Ir ir(rewriter, op.getLoc());
    auto integer = [&](IntegerType kind, int64_t value) -> Value {
      return LLVM::ConstantOp::create(rewriter, ir.loc, kind, rewriter.getIntegerAttr(kind, value));
    };
    IntegerType i32 = rewriter.getI32Type(), i16 = rewriter.getIntegerType(16);
    Value all = integer(i16, -1), currentRounding = integer(i32, 4);
    auto call = [&](StringRef name, Value x, Value y, Value passThrough) -> Value {
      return LLVM::CallIntrinsicOp::create(rewriter, ir.loc, type, rewriter.getStringAttr(name),
                                           ValueRange{x, y, passThrough, all, currentRounding})
          .getResult(0);
    };
    constexpr int64_t down = 1, nearest = 0;
    Value x = op.getOperand(), whole = x;
    Value fraction = call("llvm.x86.avx512.mask.reduce.ps.512", x, integer(i32, isRough(op) ? down : nearest), x);
    if (!isRough(op)) // scaling rounds the exponent down by itself
      whole = arith::SubFOp::create(rewriter, ir.loc, x, fraction);
    Value mantissa = polynomial(ir, fraction, isRough(op) ? ArrayRef(kRoughUp) : ArrayRef(kPrecise));
    rewriter.replaceOp(op, call("llvm.x86.avx512.mask.scalef.ps.512", mantissa, whole, mantissa));
    return success();
  }
};

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
    Value sum = polynomial(ir, fraction, isRough(op) ? ArrayRef(kRough) : ArrayRef(kPrecise));
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
    if (getOperation()->hasAttr(kAvx512Attr))
      patterns.add<ExpandExp2Avx512>(&getContext(), /*benefit=*/2);
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) { return name == "math.log2"; });
    if (getOperation()->hasAttr(kExpandBf16Attr))
      arith::populateExpandBFloat16Patterns(patterns); // else a library call for every number
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
