//===- Attn.cpp - the attn dialect -----------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/attn/Attn.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

#include "dialect/attn/Dialect.cpp.inc"
#include "dialect/attn/MaskInterface.cpp.inc"
#define GET_OP_CLASSES
#include "dialect/attn/Ops.cpp.inc"

namespace muntin::attn {

void AttnDialect::initialize() {
  registerMasks();
  addOperations<
#define GET_OP_LIST
#include "dialect/attn/Ops.cpp.inc"
      >();
}

bool needsSegments(MaskAttrInterface mask) {
  return mask.walk([](DocumentAttr) { return WalkResult::interrupt(); }).wasInterrupted();
}

} // namespace muntin::attn
