//===- Compilation.h - one run of the compiler -----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_API_COMPILATION_H
#define MUNTIN_COMPILER_API_COMPILATION_H

#include "compiler/Pipeline/Pipeline.h"
#include "compiler/Plan/Plan.h"
#include "runtime/abi/Compiler.h"
#include "runtime/abi/Image.h"
#include "runtime/abi/Problem.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/SmallVector.h"

#include <chrono>
#include <string>

namespace muntin {

/// Takes a problem through the stages, as far as the wanted output needs; each
/// stage is timed, may be dumped to a folder, and may be read back from one.
class Compilation {
public:
  Compilation(const Problem &problem, const Target &target, const mtnc_options &options);

  Result<std::string> run();

  struct StageTime {
    const char *stage;
    double seconds;
  };
  llvm::ArrayRef<StageTime> stages() const { return times; }
  /// Path of a file that replays a failure, or empty.
  const std::string &reproducer() const { return reproducerPath; }

private:
  Result<std::string> emitTile();
  Result<std::string> emitCode();
  Result<std::vector<Binary>> cpuBinaries(const std::string &object);
  Result<std::vector<Binary>> gpuBinaries(std::string ptx);
  /// Runs passes on the module; a failure carries what they said.
  Status runPasses(const char *stage, void (*build)(mlir::PassManager &));
  /// The text of a finished stage: dumped, or replaced by the override of that name.
  Status finishText(const char *stage, std::string &text);
  Status finishModule(const char *stage);
  void lap(const char *stage);
  /// Told to the caller, who may not want it any more.
  Status begin(const char *stage) const;
  void writeReproducer();

  const Problem &problem;
  const Target &target;
  const Lowering &lowering;
  const mtnc_options &options;
  std::string prefix;
  Decision decision;
  mlir::MLIRContext context;
  std::string diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string lastGood; ///< the text of the module before the stage under way
  std::string reproducerPath;
  llvm::SmallVector<StageTime, 16> times;
  std::chrono::steady_clock::time_point last;
};

/// The decision, its candidates and predictions as a JSON object; `options`
/// may bring the extents to predict for.
std::string planJson(const Problem &problem, const Target &target, const Decision &decision,
                     const mtnc_options &options);

} // namespace muntin

#endif // MUNTIN_COMPILER_API_COMPILATION_H
