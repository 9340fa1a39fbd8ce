//===- Recipe.cpp - the launch recipe of a lowered module -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Emit.h"

#include "compiler/LowerCPU/Frame.h"
#include "compiler/LowerCPU/Packing.h"
#include "compiler/LowerCPU/Workspace.h"
#include "compiler/LowerGPU/Frame.h"
#include "compiler/Plan/Plan.h"
#include "compiler/Tile/Recipe.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace muntin;

/// What a matrix of all scores may take: 2^32 pairs on a GPU. It is a baseline, not a way to run large problems.
constexpr int64_t kMostWorkspace = int64_t(16) << 30;

std::string muntin::symbolPrefix(const Problem &problem) {
  std::string mask = printMask(problem.mask), name;
  for (char c : mask.substr(0, 48))
    name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return std::string("muntin_") + elementTypeName(problem.element) + "_d" + std::to_string(problem.headDim) + "_" +
         name + "_";
}

std::string muntin::entryPrefix(const std::string &prefix, llvm::StringRef variant) {
  return variant.empty() ? prefix : prefix + variant.str() + "_";
}

static int64_t numberOf(mlir::Operation *op, llvm::StringRef name) {
  return op->getAttrOfType<mlir::IntegerAttr>(name).getInt();
}

/// Bytes of scratch per thread.
static Formula scratchOf(mlir::LLVM::LLVMFuncOp function, int rank) {
  Formula fixed = Formula::constant(numberOf(function, cpu::kScratchAttr));
  int64_t perKey = numberOf(function, cpu::kScratchPerKeyAttr);
  if (perKey == 0)
    return fixed;
  return Formula::apply(Formula::Op::Add, fixed,
                        Formula::apply(Formula::Op::Mul, cpu::keysCapFormula(rank), Formula::constant(perKey)));
}

/// The arguments of a kernel, or null if the function is none.
static mlir::ArrayAttr argumentsOf(mlir::LLVM::LLVMFuncOp function) {
  auto ofGpu = function->getAttrOfType<mlir::ArrayAttr>(gpu::kArgumentsAttr);
  return ofGpu ? ofGpu : function->getAttrOfType<mlir::ArrayAttr>(cpu::kArgumentsAttr);
}

static Launch launchOf(mlir::LLVM::LLVMFuncOp function, const Formula &tasks, int rank, const std::string &prefix) {
  Launch launch;
  launch.entry = prefix + function.getName().str();
  launch.tasks = tasks;
  if (function->hasAttr(gpu::kArgumentsAttr)) {
    launch.threads = numberOf(function, gpu::kThreadsAttr);
    launch.scratch = Formula::constant(numberOf(function, gpu::kSharedAttr));
  } else {
    launch.scratch = scratchOf(function, rank);
  }
  for (mlir::Attribute text : argumentsOf(function))
    launch.arguments.push_back(decodeArgument(mlir::cast<mlir::StringAttr>(text).getValue()));
  return launch;
}

/// Keys, in whole key boxes, whose scores a block has room for.
static Guard capacityGuard(tile::PlanAttr plan) {
  Formula keys = Formula::apply(Formula::Op::Mul, keyBoxesFormula(plan), Formula::constant(plan.getKeyBox().volume()));
  return {std::move(keys), Formula::constant(plan.getCapacity())};
}

/// The extents of the queries that are not longer than the plan says.
static std::vector<Guard> shortGuards(tile::ShapeAttr most) {
  std::vector<Guard> guards;
  for (auto [axis, extent] : llvm::enumerate(most ? most.getDims() : llvm::ArrayRef<int64_t>()))
    if (extent < kAnyExtent)
      guards.push_back({Formula::symbol(Symbol(int(Symbol::Query0) + int(axis))), Formula::constant(extent)});
  return guards;
}

static Variant makeVariant(mlir::ModuleOp lowered, const Problem &problem, const std::string &prefix) {
  auto planAttr = lowered->getAttrOfType<tile::PlanAttr>(tile::kPlanAttrName);
  Formula tasks = tasksFormula(planAttr), packing = cpu::packTasks(problem.rank);
  const bool gpu = planAttr.getWarps() > 0;
  Variant variant;
  variant.name = planAttr.getVariant().empty() ? "general" : planAttr.getVariant().str();
  variant.guards = shortGuards(planAttr.getMost());
  for (auto function : lowered.getOps<mlir::LLVM::LLVMFuncOp>()) {
    if (!argumentsOf(function))
      continue;
    bool packs = function.getName().starts_with("pack_");
    Launch launch =
        launchOf(function, packs ? packing : tasks, problem.rank, entryPrefix(prefix, planAttr.getVariant()));
    launch.resident = gpu ? planAttr.getResident() : 0;
    (function.getName() == "count" ? variant.counting : variant.launches).push_back(std::move(launch));
  }
  const bool matrix = planAttr.getTemplateName() == "unfused";
  variant.workspace = !gpu     ? cpu::workspaceLayout(planAttr, problem.headDim, problem.valueDim, matrix).bytes
                      : matrix ? gpu::matricesFormula(planAttr)
                               : Formula::constant(0);
  if (matrix)
    variant.guards.push_back({variant.workspace, Formula::constant(kMostWorkspace)});
  if (planAttr.getCapacity() > 0)
    variant.guards.push_back(capacityGuard(planAttr));
  return variant;
}

Image muntin::makeImage(llvm::ArrayRef<mlir::ModuleOp> lowered, const Problem &problem, const std::string &prefix) {
  Image image;
  image.problemKey = problemKey(problem);
  for (mlir::ModuleOp module : lowered)
    image.variants.push_back(makeVariant(module, problem, prefix));
  return image;
}
