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
// Copies on their way, and warps with roles
//===----------------------------------------------------------------------===//

LogicalResult RingOp::verify() {
  int64_t copies = 0, awaits = 0, releases = 0; // ring_c1
  llvm::SmallDenseMap<Block *, CopyOp> copyOf;  // ring_c2
  for (Operation *user : getRing().getUsers()) {
    copies += isa<CopyOp>(user);
    awaits += isa<AwaitOp>(user);
    releases += isa<ReleaseOp>(user);
    auto copy = dyn_cast<CopyOp>(user);
    if (!copy)
      continue;
    if (auto [other, first] = copyOf.try_emplace(copy->getBlock(), copy); !first) {
      InFlightDiagnostic error = emitOpError("expected at most one copy into it in a block, got another");
      error.attachNote(copy.getLoc()) << "of these";
      error.attachNote(other->second.getLoc()) << "and this one";
      return error;
    }
  }
  if (copies == awaits && awaits == releases)
    return success();
  return emitOpError() << "expected as many copies as awaits and releases, got " << copies << ", " << awaits << " and "
                       << releases;
}

LogicalResult CopyOp::verify() { // copy_c1, copy_c2
  return verifyRows(*this, getSource().getType(), getBox().getType(), getRing().getType().getTile());
}

LogicalResult AwaitOp::verify() { // await_c1
  if (getTile().getType() == getRing().getType().getTile())
    return success();
  return emitOpError() << "expected a tile of " << getRing().getType().getTile() << ", got " << getTile().getType();
}

CopyOp muntin::tile::copyFor(AwaitOp await) {
  for (auto copy : await->getBlock()->getOps<CopyOp>())
    if (copy.getRing() == await.getRing())
      return copy;
  return {};
}

LogicalResult RoleOp::verify() { // role_c1
  if (!isa_and_nonnull<TileDialect>((*this)->getParentOp()->getDialect()))
    return success();
  return emitOpError() << "expected to stand in a kernel, got " << (*this)->getParentOp()->getName();
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

LogicalResult BroadcastOp::verify() { // broadcast_c1
  TileType tile = getTile().getType();
  Type source = getSource().getType();
  Type row = TileType::get(getContext(), tile.getShape().take_front(1), tile.getElementType());
  auto sourceTile = dyn_cast<TileType>(source);
  if (source == tile.getElementType() ||
      (sourceTile && sourceTile.withLayout({}) == row && tile.getShape().size() == 2))
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
  if (source.getShape().size() == 2 && getResult().getType().withLayout({}) == row)
    return success();
  return emitOpError() << "expected " << row << ", got " << getResult().getType();
}

/// dot_c1 to dot_c3, which start_dot_c1 repeats.
static LogicalResult verifyDot(Operation *op, TileType lhs, TileType rhs, Value acc, bool transposed, TileType result) {
  ArrayRef<int64_t> left = lhs.getShape(), right = rhs.getShape();
  if (left.size() != 2 || right.size() != 2 || result.getShape().size() != 2)
    return op->emitOpError("expected tiles of rows and columns");
  int64_t inner = transposed ? right[1] : right[0], outer = transposed ? right[0] : right[1];
  if (failed(expectEqual(op, left[1], inner, "an inner extent of"))) // dot_c1
    return failure();
  if (result.getShape()[0] != left[0] || result.getShape()[1] != outer) // dot_c2
    return op->emitOpError() << "expected a result of " << left[0] << "x" << outer << ", got " << result;
  if (acc && acc.getType() != result) // dot_c3
    return op->emitOpError() << "expected an accumulator of " << result << ", got " << acc.getType();
  return success();
}

LogicalResult DotOp::verify() {
  return verifyDot(*this, getLhs().getType(), getRhs().getType(), getAcc(), getTransposed(), getResult().getType());
}

LogicalResult StartDotOp::verify() { // start_dot_c1
  return verifyDot(*this, getLhs().getType(), getRhs().getType(), getAcc(), getTransposed(),
                   getResult().getType().getTile());
}

LogicalResult MaskOp::verify() { return verifyMask(*this, getMask(), getQueries().getType()); } // mask_c1
