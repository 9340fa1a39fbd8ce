//===- TileOps.cpp - verifiers, assembly and folds -------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/Attn.h"
#include "dialect/tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace muntin::tile;

#define GET_OP_CLASSES
#include "dialect/tile/TileOps.cpp.inc"

/// `what` must be `expected`; the error says both.
static LogicalResult expectEqual(Operation *op, int64_t expected, int64_t got, StringRef what) {
  if (expected == got)
    return success();
  return op->emitOpError() << "expected " << what << " " << expected << ", got " << got;
}

/// The attribute must be a mask that works on grids of this rank.
static LogicalResult verifyMask(Operation *op, Attribute attribute, BoxType box) {
  auto mask = dyn_cast<muntin::attn::MaskAttrInterface>(attribute);
  if (!mask)
    return op->emitOpError() << "expected a mask, got " << attribute;
  return mask.getRank() == 0 ? success() : expectEqual(op, box.getRank(), mask.getRank(), "a mask of rank");
}

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

LogicalResult QueryBoxOp::verify() {
  int64_t rank = getBox().getType().getRank();
  if (failed(expectEqual(*this, rank, getShape().getDims().size(), "a shape of rank"))) // query_box_c1
    return failure();
  return expectEqual(*this, rank, getStep().getDims().size(), "steps of rank"); // query_box_c1
}

LogicalResult LiveKeysOp::verify() { return verifyMask(*this, getMask(), getQueries().getType()); } // live_keys_c1

YieldOp ForKeyBoxesOp::getYield() { return cast<YieldOp>(getBody().front().getTerminator()); }

ParseResult ForKeyBoxesOp::parse(OpAsmParser &parser, OperationState &result) {
  // range mask with %extras at %box by shape init(%a, ...) : extras, box, types... { ^bb0(...): ... }
  StringRef range;
  Attribute mask;
  ShapeAttr shape;
  SmallVector<OpAsmParser::UnresolvedOperand> operands(2);
  SmallVector<Type> types;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&range))
    return failure();
  std::optional<KeyRange> kind = symbolizeKeyRange(range);
  if (!kind)
    return parser.emitError(loc) << "expected all, live, split, full or border, got " << range;
  if (parser.parseAttribute(mask) || parser.parseKeyword("with") || parser.parseOperand(operands[0]) ||
      parser.parseKeyword("at") || parser.parseOperand(operands[1]) || parser.parseKeyword("by") ||
      parser.parseAttribute(shape) || parser.parseKeyword("init") ||
      parser.parseOperandList(operands, OpAsmParser::Delimiter::Paren) || parser.parseColonTypeList(types) ||
      parser.resolveOperands(operands, types, loc, result.operands) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) || parser.parseRegion(*result.addRegion()))
    return failure();
  result.addAttribute("range", KeyRangeAttr::get(parser.getContext(), *kind));
  result.addAttribute("mask", mask);
  result.addAttribute("shape", shape);
  result.addTypes(ArrayRef(types).drop_front(2));
  return success();
}

void ForKeyBoxesOp::print(OpAsmPrinter &printer) {
  printer << ' ' << stringifyKeyRange(getRange()) << ' ' << getMask() << " with " << getExtras() << " at "
          << getQueries() << " by " << getShape() << " init(" << getInits() << ") : " << getOperandTypes();
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), {"range", "mask", "shape"});
  printer << ' ';
  printer.printRegion(getBody());
}

LogicalResult ForKeyBoxesOp::verify() {
  auto box = getQueries().getType();
  if (failed(expectEqual(*this, box.getRank(), getShape().getDims().size(), "a shape of rank"))) // for_key_boxes_c1
    return failure();
  if (failed(verifyMask(*this, getMask(), box))) // for_key_boxes_c4
    return failure();
  Block &body = getBody().front();
  TypeRange inits = getInits().getTypes(); // for_key_boxes_c2
  if (body.getNumArguments() != inits.size() + 1 || body.getArgument(0).getType() != box)
    return emitOpError() << "expected a body of one box and " << inits.size() << " loop-carried arguments, got "
                         << body.getNumArguments() << " arguments";
  if (TypeRange(ValueRange(getCarried())) != inits || getResultTypes() != inits ||
      getYield().getValues().getTypes() != inits)
    return emitOpError("expected inits, arguments, yielded values and results of the same types");
  for (Type type : inits) // for_key_boxes_c3
    if (isa<BoxType>(type))
      return emitOpError("expected loop-carried tiles or numbers, got a box");
  return success();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// The constraints shared by load_c1, load_c2 and store_c1, store_c2.
static LogicalResult verifyRows(Operation *op, GridTensorType tensor, BoxType box, TileType tile) {
  if (failed(expectEqual(op, tensor.getRank(), box.getRank(), "a box of rank")))
    return failure();
  return expectEqual(op, tensor.getColumns(), tile.getShape().size() == 2 ? tile.getShape()[1] : 1, "columns");
}

LogicalResult LoadOp::verify() {
  return verifyRows(*this, getSource().getType(), getBox().getType(), getTile().getType());
}

LogicalResult StoreOp::verify() {
  return verifyRows(*this, getTarget().getType(), getBox().getType(), getTile().getType());
}

LogicalResult ScratchOp::verify() { // scratch_c1
  if (getCapacity() >= 1)
    return success();
  return emitOpError() << "expected a capacity of at least 1, got " << getCapacity();
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() { // broadcast_c1
  TileType tile = getTile().getType();
  Type source = getSource().getType();
  Type row = TileType::get(getContext(), tile.getShape().take_front(1), tile.getElementType());
  if (source == tile.getElementType() || (source == row && tile.getShape().size() == 2))
    return success();
  return emitOpError() << "expected " << tile.getElementType() << " or " << row << ", got " << source;
}

LogicalResult ConvertOp::verify() {
  if (getSource().getType().getShape() == getTile().getType().getShape())
    return success();
  return emitOpError() << "expected the same extents, got " << getSource().getType() << " and " << getTile().getType();
}

OpFoldResult ConvertOp::fold(FoldAdaptor) {
  return getSource().getType() == getTile().getType() ? getSource() : Value();
}

LogicalResult ReduceOp::verify() { // reduce_c1
  TileType source = getSource().getType();
  Type row = TileType::get(getContext(), source.getShape().take_front(1), source.getElementType());
  if (source.getShape().size() == 2 && getResult().getType() == row)
    return success();
  return emitOpError() << "expected " << row << ", got " << getResult().getType();
}

LogicalResult DotOp::verify() {
  ArrayRef<int64_t> lhs = getLhs().getType().getShape(), rhs = getRhs().getType().getShape();
  ArrayRef<int64_t> result = getResult().getType().getShape();
  if (lhs.size() != 2 || rhs.size() != 2 || result.size() != 2)
    return emitOpError("expected tiles of rows and columns");
  int64_t inner = getTransposed() ? rhs[1] : rhs[0], outer = getTransposed() ? rhs[0] : rhs[1];
  if (failed(expectEqual(*this, lhs[1], inner, "an inner extent of"))) // dot_c1
    return failure();
  if (result[0] != lhs[0] || result[1] != outer) // dot_c2
    return emitOpError() << "expected a result of " << lhs[0] << "x" << outer << ", got " << getResult().getType();
  if (getAcc() && getAcc().getType() != getResult().getType()) // dot_c3
    return emitOpError() << "expected an accumulator of " << getResult().getType() << ", got " << getAcc().getType();
  return success();
}

LogicalResult MaskOp::verify() { return verifyMask(*this, getMask(), getQueries().getType()); } // mask_c1
