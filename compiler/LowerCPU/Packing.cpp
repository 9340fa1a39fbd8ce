//===- Packing.cpp - copies of keys and values, once per head -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Widened: every number as f32. Pairs: for token t and column d one word with
// V[t][d] and V[t'][d], t' the next token of the last axis (one step of the key
// boxes further), 0 beyond the grid. Pairs overlap, so that a pair may begin at
// any token.
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Packing.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

Formula muntin::cpu::packTasks(int rank) {
  using Op = Formula::Op;
  Formula chunks = Formula::apply(Op::CeilDiv, keysFormula(rank), Formula::constant(kPackTokens));
  Formula heads = Formula::apply(Op::Mul, Formula::symbol(Symbol::Batch), Formula::symbol(Symbol::KvHeads));
  return Formula::apply(Op::Mul, heads, chunks);
}

namespace {
/// Where a token's row is, and where its partner's is.
struct Rows {
  Value own, partner, hasPartner;
};
} // namespace

Value muntin::cpu::widened(Ir &ir, Value numbers) {
  Type element = getElementTypeOrSelf(numbers.getType());
  if (element.isF32())
    return numbers;
  Type type = isa<VectorType>(numbers.getType()) ? Type(cast<VectorType>(numbers.getType()).clone(ir.f32())) : ir.f32();
  return arith::ExtFOp::create(ir.b, ir.loc, type, numbers);
}

Value muntin::cpu::pairWords(Ir &ir, Value own, Value partner) {
  if (auto type = dyn_cast<VectorType>(own.getType()))
    return vector::BitCastOp::create(ir.b, ir.loc, ir.vec(type.getDimSize(0), ir.i32()),
                                     vector::InterleaveOp::create(ir.b, ir.loc, own, partner));
  auto extend = [&](Value half) -> Value { return arith::ExtUIOp::create(ir.b, ir.loc, ir.i32(), half); };
  Value sixteen = arith::ConstantOp::create(ir.b, ir.loc, ir.b.getI32IntegerAttr(16));
  return arith::OrIOp::create(ir.b, ir.loc, extend(own), arith::ShLIOp::create(ir.b, ir.loc, extend(partner), sixteen));
}

/// The words of `count` columns from `offset` bytes on: a vector, or one word where count is 1.
static Value packedWords(Ir &ir, const PackRequest &request, const Rows &rows, Value offset, int64_t count) {
  auto load = [&](Value row, Type element) {
    return ir.load(count == 1 ? element : Type(ir.vec(count, element)), ir.offset(row, offset),
                   bytesOf(request.element));
  };
  if (request.packing == Packing::Widen)
    return widened(ir, load(rows.own, request.element));
  Value own = load(rows.own, ir.i16()), partner = load(rows.partner, ir.i16());
  Type narrow = count == 1 ? ir.i16() : Type(ir.vec(count, ir.i16()));
  Value none = arith::ConstantOp::create(ir.b, ir.loc, ir.b.getZeroAttr(narrow));
  return pairWords(ir, own, arith::SelectOp::create(ir.b, ir.loc, rows.hasPartner, partner, none));
}

static Rows rowsOfToken(Frame &frame, const PackRequest &request, Value base, Value token) {
  Ir &ir = frame.ir;
  Extents extents = frame.extents();
  int64_t bytes = bytesOf(request.element);
  Value offset = ir.constant(0), rest = token, last;
  for (int axis = extents.key.size() - 1; axis >= 0; --axis) {
    Value coordinate = axis == 0 ? rest : ir.rem(rest, extents.key[axis]);
    rest = axis == 0 ? rest : ir.div(rest, extents.key[axis]);
    last = last ? last : coordinate;
    offset = ir.add(offset, ir.mul(coordinate, ir.mul(frame.stride(request.tensor, 1 + axis), bytes)));
  }
  Rows rows;
  rows.own = ir.offset(base, offset);
  rows.hasPartner = ir.less(ir.add(last, request.keyStep), extents.key.back());
  Value stride = ir.mul(frame.stride(request.tensor, extents.key.size()), bytes * request.keyStep);
  rows.partner = ir.offset(rows.own, ir.select(rows.hasPartner, stride, ir.constant(0)));
  return rows;
}

void muntin::cpu::emitPackTask(Frame &frame, const PackRequest &request, Value index) {
  Ir &ir = frame.ir;
  Extents extents = frame.extents();
  int64_t bytes = bytesOf(request.element), rank = extents.key.size();
  Value keys = frame.keys(), chunks = ir.ceilDiv(keys, ir.constant(kPackTokens));
  Value slice = ir.div(index, chunks), first = ir.mul(ir.rem(index, chunks), kPackTokens);
  Value batch = ir.div(slice, extents.kvHeads), head = ir.rem(slice, extents.kvHeads);
  Value start =
      ir.add(ir.mul(batch, frame.stride(request.tensor, 0)), ir.mul(head, frame.stride(request.tensor, 1 + rank)));
  Value base = ir.offset(frame.tensor(request.tensor), ir.mul(start, bytes));
  Value to = ir.offset(frame.workspace(request.at), ir.mul(ir.mul(slice, keys), 4 * request.columns));
  // Pairs come from vectors of bf16 that fill a register.
  const int64_t wide = request.packing == Packing::Pairs ? 2 * request.lanes : request.lanes;
  ir.loop(first, ir.min(ir.add(first, kPackTokens), keys), 1, [&](Value token) {
    Rows rows = rowsOfToken(frame, request, base, token);
    Value target = ir.offset(to, ir.mul(token, 4 * request.columns));
    auto copy = [&](Value column, int64_t count) {
      ir.store(packedWords(ir, request, rows, ir.mul(column, bytes), count), ir.offset(target, ir.mul(column, 4)));
    };
    int64_t column = 0;
    for (int64_t count : {wide, request.lanes, int64_t(1)}) {
      const int64_t end = column + (request.columns - column) / count * count;
      ir.loop(ir.constant(column), ir.constant(end), count, [&](Value at) { copy(at, count); });
      column = end;
    }
  });
}
