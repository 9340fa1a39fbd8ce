//===- Passes.h - passes of the CPU lowering -------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERCPU_PASSES_H
#define MUNTIN_COMPILER_LOWERCPU_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir {
namespace LLVM {
class LLVMDialect;
}
namespace arith {
class ArithDialect;
}
namespace math {
class MathDialect;
}
namespace scf {
class SCFDialect;
}
namespace vector {
class VectorDialect;
}
} // namespace mlir

namespace muntin::cpu {
#define GEN_PASS_DECL
#include "compiler/LowerCPU/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/LowerCPU/Passes.h.inc"
} // namespace muntin::cpu

#endif // MUNTIN_COMPILER_LOWERCPU_PASSES_H
