//===- Compilation.h - one run of the compiler -----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_API_COMPILATION_H
#define MUNTIN_COMPILER_API_COMPILATION_H

#include "compiler/Assemble/Assembler.h"
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
#include <memory>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

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
  /// What is not as it should be about an output that is right, or empty.
  const std::string &warning() const { return warningText; }

private:
  /// What the stages made of one plan for a GPU.
  struct Settled {
    Plan plan;
    std::string ptx;
    Image recipe;                     ///< without binaries
    std::vector<Assembly> assemblies; ///< one for each architecture that is asked for
    std::string objection;

    /// The first that an assembly has; with its architecture where there are several.
    std::string firstObjection() const;
    int64_t localBytes() const;
  };

  Status decide();
  std::string describePlan() const;
  Result<std::string> emitForGpu();
  /// Compiles the decision's winner; where there is an assembler, the winner becomes one that it does not object to.
  Status settle();
  Result<Settled> assembleWinner();
  /// What images carry cubins for; nothing where there is no assembler and nobody asked.
  Status chooseArchitectures();
  Result<std::vector<Assembly>> assembleAll(const std::string &ptx);
  /// The plan's template in the tile dialect, scheduled.
  Status makeModule(const Plan &plan);
  /// The module, from tiles to the llvm dialect.
  Status lower();
  Result<std::unique_ptr<llvm::Module>> translate(mlir::ModuleOp lowered, llvm::LLVMContext &llvmContext,
                                                  llvm::TargetMachine &machine);
  /// LLVM IR, assembly or an object.
  Result<std::string> emitCode(llvm::Module &code, llvm::TargetMachine &machine, mtnc_emit emit);
  /// GPUs: the lowered module as one of these.
  Result<std::string> makeCode(mtnc_emit emit);
  std::string emitImage(Image image, std::vector<Binary> binaries);

  // Variants.cpp
  Result<std::string> emitForCpu();
  Result<std::string> emitJoined();
  Result<std::string> linkImage();
  Result<std::unique_ptr<llvm::Module>> makeIr(const Plan &plan, llvm::LLVMContext &llvmContext,
                                               llvm::TargetMachine &machine);
  /// Runs passes on the module; a failure carries what they said.
  Status runPasses(const char *stage, void (*build)(mlir::PassManager &));
  /// The text of a finished stage: dumped, or replaced by the override of that name.
  Status finishText(const char *stage, std::string &text);
  Status finishModule(const char *stage);
  /// Ends a stage. One that is gone through again, with another plan, adds to its time.
  void lap(const char *stage);
  /// Told to the caller, who may not want it any more.
  Status begin(const char *stage) const;
  void writeReproducer(const std::string &text, const char *ending);

  const Problem &problem;
  const Target &target;
  const Lowering &lowering;
  const mtnc_options &options;
  std::string prefix;
  std::string variant; ///< that the module is of; empty for the general one
  Decision decision;
  std::unique_ptr<Assembler> assembler; ///< null: there is none, or none is needed
  std::vector<std::string> architectures;
  Settled settled; ///< GPUs: of the winner
  std::string warningText;
  mlir::MLIRContext context;
  std::string diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string lastGood; ///< the text of the module before the stage under way
  std::string reproducerPath;
  llvm::SmallVector<StageTime, 16> times;
  std::chrono::steady_clock::time_point last;
};

std::string moduleText(mlir::ModuleOp module);

/// What the assembler said.
struct AssembledBy {
  std::string name; ///< "ptxas 13.0.88"; empty: there was none
  const std::vector<Assembly> &assemblies;
};

/// The decision and its predictions as a JSON object; with all candidates for MTNC_EMIT_PLAN.
std::string planJson(const Problem &problem, const Target &target, const Decision &decision, const AssembledBy &by,
                     const mtnc_options &options);

} // namespace muntin

#endif // MUNTIN_COMPILER_API_COMPILATION_H
