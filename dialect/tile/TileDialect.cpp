//===- TileDialect.cpp - registration, types and attributes ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace muntin::tile;

#include "dialect/tile/TileDialect.cpp.inc"
#include "dialect/tile/TileEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/tile/TileAttrs.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialect/tile/TileTypes.cpp.inc"

void TileDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/tile/TileAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/tile/TileTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/tile/TileOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

int64_t ShapeAttr::volume() const {
  int64_t product = 1;
  for (int64_t dim : getDims())
    product *= dim;
  return product;
}

LogicalResult ShapeAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> dims) {
  if (dims.empty() || dims.size() > 3)
    return emitError() << "expected 1 to 3 numbers, got " << dims.size();
  for (int64_t dim : dims)
    if (dim < 1)
      return emitError() << "expected numbers of at least 1, got " << dim;
  return success();
}

LogicalResult WarpsAttr::verify(function_ref<InFlightDiagnostic()> emitError, RoleKind, int64_t count,
                                int64_t registers) {
  if (count < 1)
    return emitError() << "expected at least 1 warp, got " << count;
  if (registers % 8 || registers < 24 || registers > 240)
    return emitError() << "expected registers in a multiple of 8 from 24 to 240, got " << registers;
  return success();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Type TileType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type elementType;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/true) || parser.parseType(elementType) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<TileType>(loc, parser.getContext(), shape, elementType);
}

void TileType::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printDimensionList(getShape());
  printer << 'x' << getElementType() << '>';
}

LogicalResult TileType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> shape,
                               Type elementType) {
  if (shape.empty() || shape.size() > 2)
    return emitError() << "expected rows, or rows and columns, got " << shape.size() << " extents";
  if (ShapedType::isDynamic(shape.front()) && shape.size() == 1)
    return emitError() << "expected a fixed number of rows";
  for (int64_t extent : shape)
    if (!ShapedType::isDynamic(extent) && extent < 1)
      return emitError() << "expected extents of at least 1, got " << extent;
  if (!elementType.isIntOrFloat())
    return emitError() << "expected numbers, got " << elementType;
  return success();
}

ShapedType TileType::cloneWith(std::optional<ArrayRef<int64_t>> shape, Type elementType) const {
  return TileType::get(getContext(), shape.value_or(getShape()), elementType);
}

bool TileType::hasRank() const { return true; }

LogicalResult BoxType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rank) {
  if (rank < 1 || rank > 3)
    return emitError() << "expected a rank of 1 to 3, got " << rank;
  return success();
}
