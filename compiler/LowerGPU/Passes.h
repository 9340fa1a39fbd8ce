//===- Passes.h - passes of the GPU lowering -------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_LOWERGPU_PASSES_H
#define MUNTIN_COMPILER_LOWERGPU_PASSES_H

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
namespace NVVM {
class NVVMDialect;
}
} // namespace mlir

namespace muntin::gpu {
#define GEN_PASS_DECL
#include "compiler/LowerGPU/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/LowerGPU/Passes.h.inc"
} // namespace muntin::gpu

#endif // MUNTIN_COMPILER_LOWERGPU_PASSES_H
