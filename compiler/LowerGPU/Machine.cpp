//===- Machine.cpp - PTX instructions as functions ------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerGPU/Machine.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace muntin::gpu;

constexpr unsigned kGlobal = 1, kShared = 3;
constexpr int64_t kWholeWarp = -1;

Value Machine::constant32(int64_t value) { return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value)); }

Value Machine::threadNumberAgain() {
  return assemble(b.getI32Type(), {}, "mov.u32 $0, %tid.x;", "=r", /*asWritten=*/true);
}

Value Machine::blockNumberAgain() {
  return assemble(b.getI32Type(), {}, "mov.u32 $0, %ctaid.x;", "=r", /*asWritten=*/true);
}

Value Machine::again(Value wide) {
  return assemble(b.getI64Type(), {wide}, "mov.b64 $0, $1;", "=l,l", /*asWritten=*/true);
}

Value Machine::assemble(Type type, ValueRange operands, StringRef text, StringRef constraints, bool asWritten) {
  return LLVM::InlineAsmOp::create(b, loc, type, operands, text, constraints, /*has_side_effects=*/asWritten,
                                   /*is_align_stack=*/false, LLVM::tailcallkind::TailCallKind::None,
                                   LLVM::AsmDialectAttr(), ArrayAttr())
      .getResult(0);
}

Value Machine::threadNumber() { return NVVM::ThreadIdXOp::create(b, loc, b.getI32Type()); }
Value Machine::numBlocks() { return NVVM::GridDimXOp::create(b, loc, b.getI32Type()); }
Value Machine::blockNumber() { return NVVM::BlockIdXOp::create(b, loc, b.getI32Type()); }

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Type Machine::sharedPointerType() { return LLVM::LLVMPointerType::get(b.getContext(), kShared); }
Type Machine::globalPointerType() { return LLVM::LLVMPointerType::get(b.getContext(), kGlobal); }

Value Machine::sharedBase() {
  Value symbol = LLVM::AddressOfOp::create(b, loc, sharedPointerType(), kSharedSymbol);
  return LLVM::PtrToIntOp::create(b, loc, b.getI32Type(), symbol);
}

Value Machine::sharedPointer(Value address, int64_t offset) {
  Value pointer = LLVM::IntToPtrOp::create(b, loc, sharedPointerType(), address);
  if (offset == 0)
    return pointer;
  return LLVM::GEPOp::create(b, loc, sharedPointerType(), b.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
}

Value Machine::globalOffset(Value pointer, Value bytes) {
  return LLVM::GEPOp::create(b, loc, pointer.getType(), b.getI8Type(), pointer, ArrayRef<LLVM::GEPArg>{bytes});
}

// Said as a product and a sum, both of 64 bits, or with mad.wide, ptxas takes an addition more.
Value Machine::globalOffset(Value pointer, Value count, Value stride) {
  return assemble(pointer.getType(), {pointer, count, stride},
                  "{ .reg .b32 low, high, strideLow, strideHigh; "
                  "mov.b64 {low, high}, $1; mov.b64 {strideLow, strideHigh}, $3; "
                  "mad.lo.cc.u32 low, $2, strideLow, low; "
                  "madc.hi.u32 high, $2, strideLow, high; "
                  "mad.lo.u32 high, $2, strideHigh, high; "
                  "mov.b64 $0, {low, high}; }",
                  "=l,l,r,l");
}

Value Machine::load(Type type, Value pointer, int64_t align) {
  return LLVM::LoadOp::create(b, loc, type, pointer, align);
}

void Machine::store(Value value, Value pointer, int64_t align) { LLVM::StoreOp::create(b, loc, value, pointer, align); }

Value Machine::isNotNull(Value pointer) {
  Value null = LLVM::ZeroOp::create(b, loc, pointer.getType());
  return LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, pointer, null);
}

void Machine::atomicAdd(Value pointer, Value number) {
  LLVM::AtomicRMWOp::create(b, loc, LLVM::AtomicBinOp::add, pointer, number, LLVM::AtomicOrdering::monotonic);
}

//===----------------------------------------------------------------------===//
// Copies and barriers
//===----------------------------------------------------------------------===//

void Machine::copyAsync(Value shared, Value global, int64_t bytes, Value valid) {
  // LLVM would make one select after the other of a condition with several parts, which ptxas computes as numbers.
  Value size = constant32(bytes);
  if (!matchPattern(valid, m_One()))
    size = assemble(size.getType(), {size, valid}, "selp.b32 $0, $1, 0, $2;", "=r,n,b");
  // Past the first-level cache where the instruction can: what is copied is read once per block.
  auto modifier = bytes == 16 ? NVVM::LoadCacheModifierKind::CG : NVVM::LoadCacheModifierKind::CA;
  NVVM::CpAsyncOp::create(b, loc, shared, global, bytes, modifier, size);
}

void Machine::closeCopies() { NVVM::CpAsyncCommitGroupOp::create(b, loc); }
void Machine::awaitCopies(int64_t ahead) { NVVM::CpAsyncWaitGroupOp::create(b, loc, ahead); }
void Machine::barrier() { NVVM::Barrier0Op::create(b, loc); }
void Machine::warpBarrier() { NVVM::SyncWarpOp::create(b, loc, constant32(kWholeWarp)); }

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

/// The members of a struct of `count` values of type `type`.
static Values unpack(OpBuilder &b, Location loc, Value aggregate, int64_t count) {
  Values members;
  for (int64_t i = 0; i < count; ++i)
    members.push_back(LLVM::ExtractValueOp::create(b, loc, aggregate, i));
  return members;
}

Values Machine::loadMatrices(Value shared, bool transposed) {
  Type i32 = b.getI32Type();
  Type four = LLVM::LLVMStructType::getLiteral(b.getContext(), {i32, i32, i32, i32});
  auto shape = NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8);
  auto layout = transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row;
  Value loaded = NVVM::LdMatrixOp::create(b, loc, four, shared, 4, layout, shape, NVVM::LdStMatrixEltType::B16);
  return unpack(b, loc, loaded, 4);
}

Values Machine::multiply(Type element, ValueRange a, ValueRange bs, ValueRange c) {
  // The operation wants pairs of f16 as vectors, and pairs of bf16 as integers.
  auto asOperands = [&](ValueRange registers) {
    Values operands(registers);
    if (element.isF16())
      for (Value &operand : operands)
        operand = LLVM::BitcastOp::create(b, loc, VectorType::get({2}, element), operand);
    return operands;
  };
  Type f32 = b.getF32Type();
  Type four = LLVM::LLVMStructType::getLiteral(b.getContext(), {f32, f32, f32, f32});
  const bool words = element.isF32();
  auto type = words ? NVVM::MMATypes::tf32 : element.isF16() ? NVVM::MMATypes::f16 : NVVM::MMATypes::bf16;
  Value product =
      NVVM::MmaOp::create(b, loc, four, asOperands(a), asOperands(bs), c, {16, 8, words ? 8 : 16}, std::nullopt,
                          std::nullopt, std::array{type, type}, std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  return unpack(b, loc, product, 4);
}

Value Machine::multiplyAddHere(Value x, Value y, Value z) {
  return assemble(z.getType(), {x, y, z}, "fma.rn.f32 $0, $1, $2, $3;", "=f,f,f,f", /*asWritten=*/true);
}

Value Machine::shuffleXor(Value number, int32_t lanes) {
  constexpr int64_t clamp = 31;
  return NVVM::ShflOp::create(b, loc, number.getType(), constant32(kWholeWarp), number, constant32(lanes),
                              constant32(clamp), NVVM::ShflKind::bfly, UnitAttr());
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

static Value callApproximation(OpBuilder &b, Location loc, StringRef name, Value number) {
  return LLVM::CallIntrinsicOp::create(b, loc, b.getF32Type(), b.getStringAttr(name), ValueRange{number}).getResult(0);
}

// LLVM's own shift is undefined there, and a select for it costs what the instruction does for nothing.
Value Machine::shiftLeft(Value number, Value bits) {
  return assemble(number.getType(), {number, bits}, "shl.b32 $0, $1, $2;", "=r,r,r");
}

// Flushing subnormals saves two multiplications around the instruction; they are 0 in what follows.
Value Machine::exp2(Value number) { return callApproximation(b, loc, "llvm.nvvm.ex2.approx.ftz.f32", number); }
Value Machine::log2(Value number) { return callApproximation(b, loc, "llvm.nvvm.lg2.approx.ftz.f", number); }

Value Machine::packPair(Type element, Value low, Value high) {
  auto wide = VectorType::get({2}, b.getF32Type());
  Value pair = vector::FromElementsOp::create(b, loc, wide, ValueRange{low, high});
  if (element.isF32())
    return pair;
  Value narrow = arith::TruncFOp::create(b, loc, VectorType::get({2}, element), pair);
  return LLVM::BitcastOp::create(b, loc, b.getI32Type(), narrow);
}
