//===- LowerTiles.cpp - kernels over tiles to functions over tasks --------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Packing.h"
#include "compiler/LowerCPU/Passes.h"
#include "compiler/LowerCPU/Task.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace muntin;
using namespace muntin::cpu;

namespace muntin::cpu {
#define GEN_PASS_DEF_CPULOWERTILESPASS
#include "compiler/LowerCPU/Passes.h.inc"
} // namespace muntin::cpu

namespace {

/// The operand called `name`, in whatever kernel of the module reads it.
tile::GridTensorType findOperand(ModuleOp module, StringRef name) {
  tile::GridTensorType found;
  module.walk([&](func::FuncOp function) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (auto operand = function.getArgAttrOfType<StringAttr>(i, tile::kOperandAttrName); operand && operand == name)
        found = cast<tile::GridTensorType>(function.getArgument(i).getType());
  });
  return found;
}

/// An empty function (arguments, begin, end, scratch), the builder at its start.
func::FuncOp makeEntry(OpBuilder &builder, Location loc, StringRef name) {
  Type ptr = LLVM::LLVMPointerType::get(builder.getContext()), i64 = builder.getI64Type();
  auto type = builder.getFunctionType({ptr, i64, i64, ptr}, {});
  auto function = func::FuncOp::create(builder, loc, name, type);
  function.addEntryBlock();
  return function;
}

class CpuLowerTiles : public cpu::impl::CpuLowerTilesPassBase<CpuLowerTiles> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> kernels;
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr(tile::kPlanAttrName))
        kernels.push_back(function);
    if (kernels.empty())
      return;
    auto plan = kernels.front()->getAttrOfType<tile::PlanAttr>(tile::kPlanAttrName);
    Result<const Target *> target = findTarget(plan.getTarget().str());
    if (!target) {
      emitError(module.getLoc()) << target.status().message();
      return signalPassFailure();
    }
    if ((*target)->bf16Dot != Bf16Dot::Native)
      module->setAttr(kExpandBf16Attr, UnitAttr::get(&getContext()));
    if ((*target)->avx512())
      module->setAttr(kAvx512Attr, UnitAttr::get(&getContext()));
    bool matrix = kernels.size() > 1 && module.lookupSymbol("scores");
    tile::GridTensorType key = findOperand(module, "key"), value = findOperand(module, "value");
    WorkspaceLayout layout = workspaceLayout(plan, key.getColumns(), value.getColumns(), matrix);
    // Pair products serve bf16 problems only.
    bool pairs = plan.getPack() == "pairs";
    Blocking blocking{plan.getRows(), std::min(plan.getVectors(), plan.getQueryBox().volume() / plan.getLanes()),
                      plan.getQueryBox().volume() / plan.getLanes(), plan.getLanes(),
                      pairs ? (*target)->bf16Dot : Bf16Dot::None};
    int64_t keyStep = 1;
    for (func::FuncOp kernel : kernels)
      keyStep = std::max(keyStep, lowerKernel(kernel, plan, layout, blocking));
    addPacking(module, plan, layout, key, value, keyStep);
  }

  /// The function's frame and the loop over its tasks.
  void build(func::FuncOp entry, unsigned rank,
             function_ref<void(Frame &, function_ref<void(function_ref<void(Value)>)>)> make) {
    OpBuilder builder = OpBuilder::atBlockEnd(&entry.getBody().front());
    Location loc = entry.getLoc();
    func::ReturnOp end = func::ReturnOp::create(builder, loc);
    builder.setInsertionPoint(end);
    Ir ir(builder, loc);
    Frame frame(ir, entry, rank);
    make(frame, [&](function_ref<void(Value)> task) { ir.loop(frame.begin(), frame.end(), 1, task); });
    frame.finish();
  }

  /// Returns the step of the key boxes on the last axis, where values are read in pairs.
  int64_t lowerKernel(func::FuncOp kernel, tile::PlanAttr plan, const WorkspaceLayout &layout,
                      const Blocking &blocking) {
    OpBuilder builder(kernel);
    int64_t keyStep = 1;
    std::string name = kernel.getName().str();
    kernel.setName(name + "_tiles");
    func::FuncOp entry = makeEntry(builder, kernel.getLoc(), name);
    build(entry, plan.getQueryBox().getDims().size(), [&](Frame &frame, auto overTasks) {
      Task task(frame, blocking, kernel, plan, layout);
      overTasks([&](Value index) { task.emit(index); });
      keyStep = task.pairStep();
    });
    kernel.erase();
    return keyStep;
  }

  void addPacking(ModuleOp module, tile::PlanAttr plan, const WorkspaceLayout &layout, tile::GridTensorType key,
                  tile::GridTensorType value, int64_t keyStep) {
    int rank = plan.getQueryBox().getDims().size();
    auto add = [&](StringRef name, Packing packing, Tensor tensor, const Formula &at, tile::GridTensorType type) {
      if (packing == Packing::None)
        return;
      OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
      func::FuncOp entry = makeEntry(builder, module.getLoc(), name);
      PackRequest request{tensor, packing, at, type.getColumns(), type.getElementType(), plan.getLanes(), keyStep};
      build(entry, rank, [&](Frame &frame, auto overTasks) {
        overTasks([&](Value index) { emitPackTask(frame, request, index); });
      });
    };
    add("pack_keys", packingOfKeys(plan), Tensor::Key, layout.keysAt, key);
    add("pack_values", packingOfValues(plan), Tensor::Value, layout.valuesAt, value);
  }
};

} // namespace
