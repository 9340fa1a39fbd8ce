//===- Attn.h - the attn dialect -------------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What attention computes: one operation and an algebra of masks. The meaning
// of every mask is in README.md; the words of the mask interface are explained
// in MaskSupport.h, its methods in MaskInterface.td.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ATTN_ATTN_H
#define MUNTIN_ATTN_ATTN_H

#include "dialect/attn/MaskSupport.h"
#include "runtime/abi/Mask.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/attn/Dialect.h.inc"
#include "dialect/attn/MaskInterface.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/attn/Attrs.h.inc"
#define GET_OP_CLASSES
#include "dialect/attn/Ops.h.inc"

namespace muntin::attn {

/// The attribute of `mask`, which has been expanded to a rank; null if it is not
/// legal (expandMask() says why).
mlir::Attribute maskToAttr(mlir::MLIRContext *context, const Mask &mask);

/// The tree of a mask attribute.
Result<Mask> attrToMask(mlir::Attribute mask);

/// True if `mask` contains a document, and so needs segment numbers.
bool needsSegments(MaskAttrInterface mask);

} // namespace muntin::attn

#endif // MUNTIN_ATTN_ATTN_H
