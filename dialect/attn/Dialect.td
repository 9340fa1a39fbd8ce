//===- Dialect.td - the attn dialect -----------------------*- tablegen -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ATTN_DIALECT_TD
#define MUNTIN_ATTN_DIALECT_TD

include "mlir/IR/OpBase.td"

def Attn_Dialect : Dialect {
  let name = "attn";
  let cppNamespace = "::muntin::attn";
  let summary = "What attention computes: one operation and an algebra of masks";
  let description = [{
    The problem level of Muntin. It says what is to be computed and knows no
    tile, no vector and no machine.
  }];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = "void registerMasks();";
}

#endif // MUNTIN_ATTN_DIALECT_TD
