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

namespace {
/// Layouts are long: they are printed once, as #shared, #fragment, #rows.
struct LayoutAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;
  AliasResult getAlias(Attribute attribute, raw_ostream &os) const override {
    auto layout = dyn_cast<LayoutAttr>(attribute);
    if (!layout)
      return AliasResult::NoAlias;
    os << (layout.getLanes().empty() ? "shared" : layout.getAtom()[1] == 1 ? "rows" : "fragment");
    return AliasResult::FinalAlias;
  }
};
} // namespace

void TileDialect::initialize() {
  addInterfaces<LayoutAliases>();
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
  LayoutAttr layout;
  if (parser.parseLess() || parser.parseDimensionList(shape, /*allowDynamic=*/true) || parser.parseType(elementType) ||
      (succeeded(parser.parseOptionalComma()) && parser.parseAttribute(layout)) || parser.parseGreater())
    return {};
  return parser.getChecked<TileType>(loc, parser.getContext(), shape, elementType, layout);
}

void TileType::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printDimensionList(getShape());
  printer << 'x' << getElementType();
  if (getLayout())
    printer << ", " << getLayout();
  printer << '>';
}

LogicalResult TileType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> shape, Type elementType,
                               LayoutAttr) {
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
  return TileType::get(getContext(), shape.value_or(getShape()), elementType, getLayout());
}

bool TileType::hasRank() const { return true; }

LogicalResult BoxType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rank) {
  if (rank < 1 || rank > 3)
    return emitError() << "expected a rank of 1 to 3, got " << rank;
  return success();
}

//===----------------------------------------------------------------------===//
// Layouts as text
//===----------------------------------------------------------------------===//

/// "name = [[0, 1], [8, 0]]", after a comma.
static ParseResult parseMoves(AsmParser &parser, SmallVector<int64_t> &moves) {
  auto number = [&] { return parser.parseInteger(moves.emplace_back()); };
  auto move = [&] {
    return failure(parser.parseLSquare() || number() || parser.parseComma() || number() || parser.parseRSquare());
  };
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, move);
}

Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> atom, registers, lanes, rows, offsets;
  int64_t pitch = 0;
  const SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(atom, /*allowDynamic=*/false, /*withTrailingX=*/false))
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    StringRef name;
    const SMLoc at = parser.getCurrentLocation();
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return {};
    SmallVector<int64_t> *moves = name == "register" ? &registers
                                  : name == "lane"   ? &lanes
                                  : name == "row"    ? &rows
                                  : name == "offset" ? &offsets
                                                     : nullptr;
    if (!moves && name != "pitch")
      return parser.emitError(at) << "expected register, lane, row, offset or pitch, got " << name, Attribute();
    if (moves ? parseMoves(parser, *moves) : parser.parseInteger(pitch))
      return {};
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<LayoutAttr>(loc, parser.getContext(), atom, registers, lanes, rows, offsets, pitch);
}

void LayoutAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printDimensionList(getAtom());
  auto moves = [&](StringRef name, ArrayRef<int64_t> bases) {
    if (bases.empty())
      return;
    printer << ", " << name << " = [";
    for (size_t i = 0; i < bases.size(); i += 2)
      printer << (i ? ", [" : "[") << bases[i] << ", " << bases[i + 1] << ']';
    printer << ']';
  };
  moves("register", getRegisters());
  moves("lane", getLanes());
  moves("row", getRows());
  moves("offset", getOffsets());
  if (getPitch())
    printer << ", pitch = " << getPitch();
  printer << '>';
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> atom,
                                 ArrayRef<int64_t> registers, ArrayRef<int64_t> lanes, ArrayRef<int64_t> rows,
                                 ArrayRef<int64_t> offsets, int64_t pitch) {
  if (atom.size() != 2)
    return emitError() << "expected an atom of rows and columns, got " << atom.size() << " extents";
  for (ArrayRef<int64_t> bases : {registers, lanes, rows, offsets})
    for (size_t i = 0; i < bases.size(); ++i)
      if (bases[i] < 0 || bases[i] >= atom[i % 2])
        return emitError() << "expected moves within the atom of " << atom[0] << "x" << atom[1] << ", got " << bases[i];
  if (pitch < 0)
    return emitError() << "expected a pitch of at least 0 bytes, got " << pitch;
  return success();
}
