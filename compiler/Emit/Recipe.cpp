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

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace muntin;
using namespace muntin::cpu;

std::string muntin::symbolPrefix(const Problem &problem) {
  std::string mask = printMask(problem.mask), name;
  for (char c : mask.substr(0, 48))
    name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return std::string("muntin_") + elementTypeName(problem.element) + "_d" + std::to_string(problem.headDim) + "_" +
         name + "_";
}

static Launch launchOf(mlir::LLVM::LLVMFuncOp function, const Formula &tasks, int rank, const std::string &prefix) {
  Launch launch;
  launch.entry = prefix + function.getName().str();
  launch.tasks = tasks;
  int64_t fixed = function->getAttrOfType<mlir::IntegerAttr>(kScratchAttr).getInt();
  int64_t perKey = function->getAttrOfType<mlir::IntegerAttr>(kScratchPerKeyAttr).getInt();
  launch.scratch = Formula::constant(fixed);
  if (perKey)
    launch.scratch = Formula::apply(Formula::Op::Add, launch.scratch,
                                    Formula::apply(Formula::Op::Mul, keysCapFormula(rank), Formula::constant(perKey)));
  for (mlir::Attribute text : function->getAttrOfType<mlir::ArrayAttr>(kArgumentsAttr))
    launch.arguments.push_back(decodeArgument(mlir::cast<mlir::StringAttr>(text).getValue()));
  return launch;
}

Result<Image> muntin::makeImage(mlir::ModuleOp lowered, const Problem &problem, std::string plan,
                                std::string sharedObject, const std::string &prefix) {
  auto planAttr = lowered->getAttrOfType<tile::PlanAttr>(tile::kPlanAttrName);
  Formula tasks = tasksFormula(planAttr), packing = packTasks(problem.rank);
  Variant variant;
  variant.name = "general";
  for (auto function : lowered.getOps<mlir::LLVM::LLVMFuncOp>()) {
    if (!function->hasAttr(kArgumentsAttr))
      continue;
    bool packs = function.getName().starts_with("pack_");
    Launch launch = launchOf(function, packs ? packing : tasks, problem.rank, prefix);
    (function.getName() == "count" ? variant.counting : variant.launches).push_back(std::move(launch));
  }
  bool matrix = planAttr.getTemplateName() == "unfused";
  variant.workspace = workspaceLayout(planAttr, problem.headDim, problem.valueDim, matrix).bytes;
  Image image;
  image.problemKey = problemKey(problem);
  image.plan = std::move(plan);
  image.variants.push_back(std::move(variant));
  image.binaries.push_back({Binary::Kind::SharedObject, problem.target, std::move(sharedObject)});
  return image;
}
