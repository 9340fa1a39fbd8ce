//===- Variants.cpp - the kernels of an image for CPUs ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each variant is a module of its own down to LLVM's dialect, with the same
// functions. In an image they become objects, made at the same time, as the code
// generator takes two thirds of a compilation. Whoever asks for text or for an
// object gets one module with everything.
//
//===----------------------------------------------------------------------===//

#include "compiler/API/Compilation.h"
#include "compiler/Emit/Emit.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <deque>

using namespace muntin;

Result<std::string> Compilation::emitForCpu() {
  std::vector<Plan> plans;
  for (const Candidate &candidate : decision.variants)
    plans.push_back(candidate.plan);
  plans.push_back(decision.winner().plan); // for what no guard holds
  std::string tiles;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> owners;
  std::vector<mlir::ModuleOp> lowered;
  for (const Plan &plan : plans) {
    if (Status status = makeModule(plan); !status)
      return status;
    if (options.emit == MTNC_EMIT_TILE) {
      tiles += (tiles.empty() ? "" : "// -----\n") + moduleText(*module);
      continue;
    }
    if (Status status = lower(); !status)
      return status;
    lowered.push_back(*module);
    owners.push_back(std::move(module));
  }
  switch (options.emit) {
  case MTNC_EMIT_TILE: return tiles;
  case MTNC_EMIT_IMAGE: return linkImage(lowered);
  default: return emitJoined(lowered);
  }
}

Result<std::string> Compilation::emitJoined(llvm::ArrayRef<mlir::ModuleOp> lowered) {
  Result<std::unique_ptr<llvm::TargetMachine>> machine = makeTargetMachine(target);
  if (!machine)
    return machine.status();
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> all;
  for (mlir::ModuleOp one : lowered) {
    Result<std::unique_ptr<llvm::Module>> code = translate(one, llvmContext, **machine);
    if (!code)
      return code.status();
    if (Status status = joinModules(all, std::move(*code)); !status)
      return status;
  }
  return emitCode(*all, **machine, options.emit);
}

Result<std::string> Compilation::linkImage(llvm::ArrayRef<mlir::ModuleOp> lowered) {
  Result<std::unique_ptr<llvm::TargetMachine>> machine = makeTargetMachine(target);
  if (!machine)
    return machine.status();
  std::deque<llvm::LLVMContext> contexts(lowered.size()); // each for a thread
  std::vector<std::unique_ptr<llvm::Module>> codes;
  for (mlir::ModuleOp one : lowered) {
    Result<std::unique_ptr<llvm::Module>> code = translate(one, contexts[codes.size()], **machine);
    if (!code)
      return code.status();
    codes.push_back(std::move(*code));
  }
  if (Status status = begin("codegen"); !status)
    return status;
  Result<std::vector<std::string>> objects = generateObjects(codes, target);
  if (!objects)
    return objects.status();
  lap("codegen");
  if (Status status = begin("link"); !status)
    return status;
  Result<std::string> shared = linkSharedObject(*objects);
  if (!shared)
    return shared.status();
  lap("link");
  return emitImage(makeImage(lowered, problem, prefix),
                   {{Binary::Kind::SharedObject, problem.target, std::move(*shared)}});
}
