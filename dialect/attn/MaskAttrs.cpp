//===- MaskAttrs.cpp - bands, verification and text of masks ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/Attn.h"
#include "dialect/attn/AxisRules.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace muntin::attn {

//===----------------------------------------------------------------------===//
// Bands: their rules
//===----------------------------------------------------------------------===//

unsigned FullAttr::getRank() const { return 0; }
std::optional<AxisRule> FullAttr::axisRule(unsigned) const { return slidingRule(kUnbounded, kUnbounded); }

unsigned CausalAttr::getRank() const { return 1; }
std::optional<AxisRule> CausalAttr::axisRule(unsigned) const { return slidingRule(kUnbounded, 0); }

unsigned NeighborhoodAttr::getRank() const { return getWindow().size(); }
std::optional<AxisRule> NeighborhoodAttr::axisRule(unsigned axis) const {
  return neighborhoodRule(axis, getWindow()[axis], getDilation()[axis], getStride()[axis], getCausal()[axis]);
}

unsigned SlidingAttr::getRank() const { return getLeft().size(); }
std::optional<AxisRule> SlidingAttr::axisRule(unsigned axis) const {
  return slidingRule(getLeft()[axis], getRight()[axis]);
}

unsigned BlockAttr::getRank() const { return getSize().size(); }
std::optional<AxisRule> BlockAttr::axisRule(unsigned axis) const { return haloRule(getSize()[axis], 0); }

unsigned HaloAttr::getRank() const { return getSize().size(); }
std::optional<AxisRule> HaloAttr::axisRule(unsigned axis) const { return haloRule(getSize()[axis], getHalo()[axis]); }

//===----------------------------------------------------------------------===//
// Legality without extents; the labels are those of Attrs.td
//===----------------------------------------------------------------------===//

using EmitError = function_ref<InFlightDiagnostic()>;

/// neighborhood_c1, sliding_c1, block_c1, halo_c1: one length, 1 to 3.
static LogicalResult verifyLengths(EmitError emitError, ArrayRef<StringRef> names, ArrayRef<size_t> lengths) {
  if (lengths.front() < 1 || lengths.front() > size_t(kMaxRank))
    return emitError() << "expected 1 to " << kMaxRank << " axes in " << names.front() << ", got " << lengths.front();
  for (size_t i = 1; i < lengths.size(); ++i)
    if (lengths[i] != lengths[0])
      return emitError() << "expected " << lengths[0] << " axes in " << names[i] << " as in " << names[0] << ", got "
                         << lengths[i];
  return success();
}

static LogicalResult verifyAtLeast(EmitError emitError, StringRef name, ArrayRef<int64_t> values, int64_t bound) {
  for (auto [axis, value] : llvm::enumerate(values))
    if (value < bound)
      return emitError() << "expected " << name << " on axis " << axis << " to be at least " << bound << ", got "
                         << value;
  return success();
}

LogicalResult NeighborhoodAttr::verify(EmitError emitError, ArrayRef<int64_t> window, ArrayRef<int64_t> dilation,
                                       ArrayRef<int64_t> stride, ArrayRef<int64_t> causal) {
  if (failed(verifyLengths(emitError, {"window", "dilation", "stride", "causal"},
                           {window.size(), dilation.size(), stride.size(), causal.size()})) || // neighborhood_c1
      failed(verifyAtLeast(emitError, "window", window, 1)) ||                                 // neighborhood_c2
      failed(verifyAtLeast(emitError, "dilation", dilation, 1)))                               // neighborhood_c3
    return failure();
  for (size_t axis = 0; axis < window.size(); ++axis) {
    // neighborhood_c4
    if (stride[axis] < 1 || stride[axis] > window[axis])
      return emitError() << "expected stride on axis " << axis << " to lie in 1 to " << window[axis]
                         << ", the window, got " << stride[axis];
    // neighborhood_c5
    if (causal[axis] != 0 && causal[axis] != 1)
      return emitError() << "expected causal on axis " << axis << " to be 0 or 1, got " << causal[axis];
    // neighborhood_c6
    if (window[axis] > kBeyondAnyExtent / dilation[axis])
      return emitError() << "expected window * dilation on axis " << axis << " to be below 2^31, got " << window[axis]
                         << " * " << dilation[axis];
  }
  return success();
}

LogicalResult SlidingAttr::verify(EmitError emitError, ArrayRef<int64_t> left, ArrayRef<int64_t> right) {
  if (failed(verifyLengths(emitError, {"left", "right"}, {left.size(), right.size()})) || // sliding_c1
      failed(verifyAtLeast(emitError, "left", left, 0)))                                  // sliding_c2
    return failure();
  return verifyAtLeast(emitError, "right", right, 0); // sliding_c2
}

LogicalResult BlockAttr::verify(EmitError emitError, ArrayRef<int64_t> size) {
  if (failed(verifyLengths(emitError, {"size"}, {size.size()}))) // block_c1
    return failure();
  return verifyAtLeast(emitError, "size", size, 1); // block_c2
}

LogicalResult HaloAttr::verify(EmitError emitError, ArrayRef<int64_t> size, ArrayRef<int64_t> halo) {
  if (failed(verifyLengths(emitError, {"size", "halo"}, {size.size(), halo.size()})) || // halo_c1
      failed(verifyAtLeast(emitError, "size", size, 1)))                                // halo_c2
    return failure();
  return verifyAtLeast(emitError, "halo", halo, 0); // halo_c3
}

LogicalResult GlobalAttr::verify(EmitError emitError, int64_t tokens) {
  // global_c1
  if (tokens < 0)
    return emitError() << "expected tokens to be at least 0, got " << tokens;
  return success();
}

/// all_of_c1, all_of_c2, any_of_c1, any_of_c2
static LogicalResult verifyMasks(EmitError emitError, ArrayRef<MaskAttrInterface> masks) {
  if (masks.empty())
    return emitError() << "expected at least one mask, got none";
  MaskAttrInterface ranked;
  for (MaskAttrInterface mask : masks) {
    if (!mask.getRank())
      continue;
    if (ranked && ranked.getRank() != mask.getRank())
      return emitError() << "expected masks of one rank, got " << ranked << " of rank " << ranked.getRank() << " and "
                         << mask << " of rank " << mask.getRank();
    ranked = mask;
  }
  return success();
}

LogicalResult AllOfAttr::verify(EmitError emitError, ArrayRef<MaskAttrInterface> masks) {
  return verifyMasks(emitError, masks);
}

LogicalResult AnyOfAttr::verify(EmitError emitError, ArrayRef<MaskAttrInterface> masks) {
  return verifyMasks(emitError, masks);
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

// A list of bounds, in which `inf` stands for none.
static ParseResult parseAxisBounds(AsmParser &parser, SmallVector<int64_t> &bounds) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&]() -> ParseResult {
    bounds.push_back(kUnbounded);
    return succeeded(parser.parseOptionalKeyword("inf")) ? ParseResult(success()) : parser.parseInteger(bounds.back());
  });
}

static void printAxisBounds(AsmPrinter &printer, ArrayRef<int64_t> bounds) {
  printer << '[';
  llvm::interleaveComma(bounds, printer, [&](int64_t bound) {
    if (bound == kUnbounded)
      printer << "inf";
    else
      printer << bound;
  });
  printer << ']';
}

// Masks with their `#attn.` prefix: the generated printer would strip it, and
// `any_of<[causal]>` is not how one writes an attribute elsewhere.
static ParseResult parseOneMask(AsmParser &parser, MaskAttrInterface &mask) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute attr;
  if (parser.parseAttribute(attr))
    return failure();
  mask = dyn_cast<MaskAttrInterface>(attr);
  return mask ? ParseResult(success()) : parser.emitError(loc, "expected a mask, got ") << attr;
}

static void printOneMask(AsmPrinter &printer, MaskAttrInterface mask) { printer.printAttribute(mask); }

static ParseResult parseMasks(AsmParser &parser, SmallVector<MaskAttrInterface> &masks) {
  return parser.parseCommaSeparatedList([&] { return parseOneMask(parser, masks.emplace_back()); });
}

static void printMasks(AsmPrinter &printer, ArrayRef<MaskAttrInterface> masks) {
  llvm::interleaveComma(masks, printer, [&](MaskAttrInterface mask) { printer.printAttribute(mask); });
}

} // namespace muntin::attn

#define GET_ATTRDEF_CLASSES
#include "dialect/attn/Attrs.cpp.inc"

namespace muntin::attn {
void AttnDialect::registerMasks() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/attn/Attrs.cpp.inc"
      >();
}
} // namespace muntin::attn
