//===- Variants.cpp - the kernels of an image for CPUs ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each variant is a module of its own down to LLVM's dialect, with the same
// functions. In an image they become objects, made by a thread each, as the code
// generator takes two thirds of a compilation. Whoever asks for text or for an
// object gets one module with everything.
//
//===----------------------------------------------------------------------===//

#include "compiler/API/Compilation.h"
#include "compiler/Emit/Emit.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <future>

using namespace muntin;

/// The plans of an image, in the order in which their guards are tried.
static std::vector<Plan> plansOf(const Decision &decision) {
  std::vector<Plan> plans;
  for (const Candidate &candidate : decision.variants)
    plans.push_back(candidate.plan);
  plans.push_back(decision.winner().plan); // for what no guard holds
  return plans;
}

Result<std::string> Compilation::emitForCpu() {
  if (options.emit == MTNC_EMIT_IMAGE)
    return linkImage();
  if (options.emit != MTNC_EMIT_TILE)
    return emitJoined();
  std::string tiles;
  for (const Plan &plan : plansOf(decision)) {
    if (Status status = makeModule(plan); !status)
      return status;
    tiles += (tiles.empty() ? "" : "// -----\n") + moduleText(*module);
  }
  return tiles;
}

Result<std::string> Compilation::emitJoined() {
  Result<std::unique_ptr<llvm::TargetMachine>> machine = makeTargetMachine(target);
  if (!machine)
    return machine.status();
  OwnedModule all;
  for (const Plan &plan : plansOf(decision)) {
    Result<std::unique_ptr<llvm::Module>> code = makeIr(plan, *all.context, **machine);
    if (!code)
      return code.status();
    if (Status status = joinModules(all.module, std::move(*code)); !status)
      return status;
  }
  return emitCode(*all.module, **machine, options.emit);
}

/// While one variant is lowered, code is generated for those before it.
Result<std::string> Compilation::linkImage() {
  Result<std::unique_ptr<llvm::TargetMachine>> machine = makeTargetMachine(target);
  if (!machine)
    return machine.status();
  const std::vector<Plan> plans = plansOf(decision);
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> owners;
  std::vector<mlir::ModuleOp> lowered;
  std::vector<std::future<Result<std::string>>> started;
  for (const Plan &plan : plans) {
    OwnedModule own;
    Result<std::unique_ptr<llvm::Module>> code = makeIr(plan, *own.context, **machine);
    if (!code)
      return code.status();
    own.module = std::move(*code);
    lowered.push_back(*module);
    owners.push_back(std::move(module));
    // The last is this thread's.
    started.push_back(startObject(std::move(own), target, /*own=*/owners.size() < plans.size()));
  }
  if (Status status = begin("codegen"); !status)
    return status;
  std::vector<std::string> objects;
  started.back().wait();
  for (auto &object : started) {
    Result<std::string> made = object.get();
    if (!made)
      return made.status();
    objects.push_back(std::move(*made));
  }
  lap("codegen");
  if (Status status = begin("link"); !status)
    return status;
  Result<std::string> shared = linkSharedObject(objects);
  if (!shared)
    return shared.status();
  lap("link");
  return emitImage(makeImage(lowered, problem, prefix),
                   {{Binary::Kind::SharedObject, problem.target, std::move(*shared)}});
}

Result<std::unique_ptr<llvm::Module>> Compilation::makeIr(const Plan &plan, llvm::LLVMContext &llvmContext,
                                                          llvm::TargetMachine &machine) {
  if (Status status = makeModule(plan); !status)
    return status;
  if (Status status = lower(); !status)
    return status;
  return translate(*module, llvmContext, machine);
}
