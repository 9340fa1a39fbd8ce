//===- Translate.cpp - mask trees to attributes and back -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/Attn.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace muntin::attn {

//===----------------------------------------------------------------------===//
// To attributes
//===----------------------------------------------------------------------===//

/// The attribute of one node, or null where its verifier refuses.
template <typename AttrT, typename... Args> static Attribute checked(MLIRContext *context, Args &&...args) {
  auto emitError = [&] { return mlir::emitError(UnknownLoc::get(context)); };
  return AttrT::getChecked(emitError, context, std::forward<Args>(args)...);
}

static Attribute toAttr(MLIRContext *context, const Mask &mask) {
  SmallVector<MaskAttrInterface> children;
  for (const Mask &child : mask.children) {
    Attribute attr = toAttr(context, child);
    if (!attr)
      return {};
    children.push_back(cast<MaskAttrInterface>(attr));
  }
  using Axes = ArrayRef<int64_t>;
  switch (mask.kind) {
  case MaskKind::Full: return FullAttr::get(context);
  case MaskKind::Causal: return CausalAttr::get(context);
  case MaskKind::Neighborhood:
    return checked<NeighborhoodAttr>(context, Axes(mask.window), Axes(mask.dilation), Axes(mask.stride),
                                     Axes(mask.causal));
  case MaskKind::Sliding: return checked<SlidingAttr>(context, Axes(mask.left), Axes(mask.right));
  case MaskKind::Block: return checked<BlockAttr>(context, Axes(mask.size));
  case MaskKind::Halo: return checked<HaloAttr>(context, Axes(mask.size), Axes(mask.halo));
  case MaskKind::Global: return checked<GlobalAttr>(context, mask.tokens);
  case MaskKind::Document: return DocumentAttr::get(context);
  case MaskKind::AllOf: return checked<AllOfAttr>(context, ArrayRef<MaskAttrInterface>(children));
  case MaskKind::AnyOf: return checked<AnyOfAttr>(context, ArrayRef<MaskAttrInterface>(children));
  case MaskKind::Not: return children.size() == 1 ? Attribute(NotAttr::get(context, children.front())) : Attribute();
  }
  return {};
}

Attribute maskToAttr(MLIRContext *context, const Mask &mask) {
  // The caller has the sentence of expandMask(); nothing is printed here.
  ScopedDiagnosticHandler quiet(context, [](Diagnostic &) { return success(); });
  return toAttr(context, mask);
}

//===----------------------------------------------------------------------===//
// To trees
//===----------------------------------------------------------------------===//

static AxisValues values(ArrayRef<int64_t> list) { return AxisValues(list.begin(), list.end()); }

static Mask leaf(MaskKind kind) {
  Mask mask;
  mask.kind = kind;
  return mask;
}

static Mask toTree(MaskAttrInterface attr);

static Mask node(MaskKind kind, ArrayRef<MaskAttrInterface> children) {
  Mask mask = leaf(kind);
  for (MaskAttrInterface child : children)
    mask.children.push_back(toTree(child));
  return mask;
}

static Mask toTree(MaskAttrInterface attr) {
  return TypeSwitch<Attribute, Mask>(attr)
      .Case([](FullAttr) { return leaf(MaskKind::Full); })
      .Case([](CausalAttr) { return leaf(MaskKind::Causal); })
      .Case([](NeighborhoodAttr a) {
        Mask mask = leaf(MaskKind::Neighborhood);
        mask.window = values(a.getWindow());
        mask.dilation = values(a.getDilation());
        mask.stride = values(a.getStride());
        mask.causal = values(a.getCausal());
        return mask;
      })
      .Case([](SlidingAttr a) {
        Mask mask = leaf(MaskKind::Sliding);
        mask.left = values(a.getLeft());
        mask.right = values(a.getRight());
        return mask;
      })
      .Case([](BlockAttr a) {
        Mask mask = leaf(MaskKind::Block);
        mask.size = values(a.getSize());
        return mask;
      })
      .Case([](HaloAttr a) {
        Mask mask = leaf(MaskKind::Halo);
        mask.size = values(a.getSize());
        mask.halo = values(a.getHalo());
        return mask;
      })
      .Case([](GlobalAttr a) {
        Mask mask = leaf(MaskKind::Global);
        mask.tokens = a.getTokens();
        return mask;
      })
      .Case([](DocumentAttr) { return leaf(MaskKind::Document); })
      .Case([](AllOfAttr a) { return node(MaskKind::AllOf, a.getMasks()); })
      .Case([](AnyOfAttr a) { return node(MaskKind::AnyOf, a.getMasks()); })
      .Case([](NotAttr a) { return node(MaskKind::Not, {a.getMask()}); });
}

/// Is every node of the tree one of this dialect's masks?
static bool isKnown(Attribute mask) { return isa<AttnDialect>(mask.getDialect()); }

Result<Mask> attrToMask(Attribute attr) {
  auto mask = dyn_cast_or_null<MaskAttrInterface>(attr);
  if (!mask)
    return Status::invalid("the attribute is not a mask");
  Attribute foreign;
  mask.walk([&](MaskAttrInterface part) {
    if (!isKnown(part))
      foreign = part;
  });
  if (foreign)
    return Status(StatusCode::NotInThisVersion, "mask attribute " + foreign.getAbstractAttribute().getName().str() +
                                                    " has no text form: not in this version");
  return toTree(mask);
}

} // namespace muntin::attn
