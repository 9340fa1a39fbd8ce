//===- Verify.cpp - the constraints of attn.forward ------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The labels are those of the description in Ops.td. Constraints between extents
// bind where both are static.
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/Attn.h"

using namespace mlir;

namespace muntin::attn {

using Extents = SmallVector<int64_t, 6>;

static bool agree(int64_t a, int64_t b) { return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b; }

static bool agree(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  return a.size() == b.size() &&
         llvm::all_of(llvm::zip(a, b), [](auto pair) { return agree(std::get<0>(pair), std::get<1>(pair)); });
}

namespace {
/// Checks one attn.forward. Axes are counted from the back: the grid's rank varies.
class Verifier {
public:
  explicit Verifier(ForwardOp op)
      : op(op), query(op.getQuery().getType()), key(op.getKey().getType()), value(op.getValue().getType()) {}

  LogicalResult verify() {
    return success(succeeded(verifyRanks()) && succeeded(verifyElements()) && succeeded(verifyInputs()) &&
                   succeeded(verifyHeads()) && succeeded(verifyResults()) && succeeded(verifyMask()) &&
                   succeeded(verifySegments()));
  }

private:
  LogicalResult verifyRanks();
  LogicalResult verifyElements();
  LogicalResult verifyInputs();
  LogicalResult verifyHeads();
  LogicalResult verifyResults();
  LogicalResult verifyMask();
  LogicalResult verifyNeighborhood(NeighborhoodAttr mask);
  LogicalResult verifySegments();

  static int64_t heads(RankedTensorType type) { return type.getShape().drop_back().back(); }
  static int64_t depth(RankedTensorType type) { return type.getShape().back(); }
  LogicalResult verifyExtent(StringRef what, int64_t expected, StringRef name, int64_t got);
  LogicalResult verifyShape(StringRef name, RankedTensorType type, ArrayRef<int64_t> expected);

  ForwardOp op;
  RankedTensorType query, key, value;
};
} // namespace

LogicalResult Verifier::verifyExtent(StringRef what, int64_t expected, StringRef name, int64_t got) {
  if (agree(expected, got))
    return success();
  return op.emitOpError() << "expected " << what << " " << expected << " in " << name << ", got " << got;
}

LogicalResult Verifier::verifyShape(StringRef name, RankedTensorType type, ArrayRef<int64_t> expected) {
  if (agree(type.getShape(), expected))
    return success();
  return op.emitOpError() << "expected " << name << " of type "
                          << RankedTensorType::get(expected, type.getElementType()) << ", got " << type;
}

LogicalResult Verifier::verifyRanks() {
  // attention_c1
  if (query.getRank() < 4 || query.getRank() > 3 + kMaxRank)
    return op.emitOpError() << "expected query of rank 4 to " << 3 + kMaxRank << ", got " << query.getRank();
  for (auto [name, type] : {std::pair("key", key), std::pair("value", value)})
    if (type.getRank() != query.getRank())
      return op.emitOpError() << "expected " << name << " of rank " << query.getRank() << " as query, got "
                              << type.getRank();
  return success();
}

LogicalResult Verifier::verifyElements() {
  // attention_c2
  const Type element = query.getElementType();
  for (auto [name, type] :
       {std::pair("key", key), std::pair("value", value), std::pair("output", op.getOutput().getType())})
    if (type.getElementType() != element)
      return op.emitOpError() << "expected " << name << " of element type " << element << " as query, got "
                              << type.getElementType();
  return success();
}

LogicalResult Verifier::verifyInputs() {
  // attention_c3
  if (failed(verifyExtent("batch", query.getDimSize(0), "key", key.getDimSize(0))) ||
      failed(verifyExtent("batch", query.getDimSize(0), "value", value.getDimSize(0))) ||
      failed(verifyExtent("batch", key.getDimSize(0), "value", value.getDimSize(0))))
    return failure();
  // attention_c4
  for (unsigned axis = 0; axis < op.getGridRank(); ++axis)
    if (failed(verifyExtent(("extent of axis " + Twine(axis)).str(), key.getDimSize(axis + 1), "value",
                            value.getDimSize(axis + 1))))
      return failure();
  return verifyExtent("head count", heads(key), "value", heads(value));
}

LogicalResult Verifier::verifyHeads() {
  // attention_c5
  if (failed(verifyExtent("head dimension", depth(query), "key", depth(key))))
    return failure();
  for (auto [name, type] : {std::pair("query", query), std::pair("key", key), std::pair("value", value)})
    if (depth(type) == 0)
      return op.emitOpError() << "expected head dimension of " << name << " to be at least 1, got 0";
  // attention_c6
  const int64_t h = heads(query), hkv = ShapedType::isDynamic(heads(key)) ? heads(value) : heads(key);
  if (ShapedType::isDynamic(h) || ShapedType::isDynamic(hkv) || h == 0 || (hkv && h % hkv == 0))
    return success();
  return op.emitOpError() << "expected head count of query to be a multiple of " << hkv << ", that of key, got " << h;
}

LogicalResult Verifier::verifyResults() {
  Extents expected(query.getShape().drop_back());
  // attention_c8
  if (failed(verifyShape("lse", op.getLse().getType(), expected)))
    return failure();
  // attention_c7
  expected.push_back(depth(value));
  return verifyShape("output", op.getOutput().getType(), expected);
}

LogicalResult Verifier::verifyMask() {
  // attention_c9
  MaskAttrInterface mask = op.getMask();
  if (mask.getRank() && mask.getRank() != op.getGridRank())
    return op.emitOpError() << "expected mask of rank " << op.getGridRank() << " as the grid, got " << mask
                            << " of rank " << mask.getRank();
  if (llvm::is_contained(query.getShape().drop_back(), 0))
    return success(); // no queries
  WalkResult walk = mask.walk([&](NeighborhoodAttr part) { return WalkResult(verifyNeighborhood(part)); });
  return success(!walk.wasInterrupted());
}

LogicalResult Verifier::verifyNeighborhood(NeighborhoodAttr mask) {
  for (unsigned axis = 0; axis < op.getGridRank(); ++axis) {
    const int64_t extent = op.getGrid()[axis], kvExtent = op.getKvGrid()[axis];
    // attention_c11
    if (!agree(extent, kvExtent))
      return op.emitOpError() << "neighborhood: expected extent of axis " << axis << " of key to be " << extent
                              << " as of query, got " << kvExtent;
    // attention_c10
    const int64_t known = ShapedType::isDynamic(extent) ? kvExtent : extent;
    const int64_t reach = mask.getWindow()[axis] * mask.getDilation()[axis];
    if (!ShapedType::isDynamic(known) && reach > known)
      return op.emitOpError() << "neighborhood: expected window * dilation on axis " << axis << " to be at most "
                              << known << ", the extent, got " << mask.getWindow()[axis] << " * "
                              << mask.getDilation()[axis];
  }
  return success();
}

LogicalResult Verifier::verifySegments() {
  // attention_c12
  const bool given = bool(op.getQuerySegments()), needed = needsSegments(op.getMask());
  if (given != needed)
    return op.emitOpError() << (needed ? "expected segments, as the mask has a document, got none"
                                       : "expected no segments, as the mask has no document");
  if (!given)
    return success();
  // attention_c13
  if (failed(verifyShape("query segments", op.getQuerySegments().getType(), query.getShape().drop_back(2))))
    return failure();
  return verifyShape("key segments", op.getKeySegments().getType(), key.getShape().drop_back(2));
}

LogicalResult ForwardOp::verify() { return Verifier(*this).verify(); }

} // namespace muntin::attn
