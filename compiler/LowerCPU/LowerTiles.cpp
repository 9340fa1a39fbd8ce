//===- LowerTiles.cpp - kernels over tiles to functions over tasks --------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Packing.h"
#include "compiler/LowerCPU/Passes.h"
#include "compiler/LowerCPU/Task.h"
#include "compiler/Tile/CheckKernel.h"

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
    if (BlockArgument operand = tile::operandNamed(function, name))
      found = cast<tile::GridTensorType>(operand.getType());
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

/// Registers, vectors and query box fit each other.
LogicalResult checkPlan(func::FuncOp kernel, tile::PlanAttr plan) {
  const int64_t lanes = plan.getLanes(), queries = plan.getQueryBox().volume();
  if (lanes < 8 || lanes > 64 || !llvm::isPowerOf2_64(uint64_t(lanes)) || plan.getRows() < 2 ||
      plan.getRows() > kMaxRows || plan.getRows() % 2 || plan.getVectors() < 1)
    return kernel.emitError() << "expected a plan with 2 to " << kMaxRows
                              << " rows, an even number, vectors, and lanes in a power of two from 8 to 64, got "
                              << plan;
  const int64_t vectors = queries / lanes;
  if (queries % lanes || vectors % std::min(plan.getVectors(), vectors))
    return kernel.emitError() << "expected a plan whose query box is a number of blocks of vectors, got " << plan;
  if (plan.getTrimmed() && (vectors != 2 || plan.getVectors() < 2 || plan.getQueryBox().getDims().size() < 2 ||
                            plan.getQueryBox().getDims()[0] % 2))
    return kernel.emitError() << "expected a block of two vectors stacked on the first of several axes in a trimmed "
                                 "query box, got "
                              << plan;
  if (!llvm::is_contained({"none", "widen", "pairs"}, plan.getPack()))
    return kernel.emitError() << "expected none, widen or pairs as pack, got " << plan.getPack();
  return success();
}

/// A kernel that counts pairs does not.
bool loadsKeys(func::FuncOp kernel) {
  return kernel
      .walk([](tile::LoadOp load) {
        return load.getBox().getDefiningOp<tile::QueryBoxOp>() ? WalkResult::advance() : WalkResult::interrupt();
      })
      .wasInterrupted();
}

/// The mask that alone reads the scores, if it is that of the live keys.
tile::MaskOp liveScoresOf(tile::DotOp dot) {
  auto mask = dot->hasOneUse() ? dyn_cast<tile::MaskOp>(*dot->getUsers().begin()) : tile::MaskOp();
  auto live = mask ? mask.getKeys().getDefiningOp<tile::LiveKeysOp>() : tile::LiveKeysOp();
  return live && live.getMask() == mask.getMask() ? mask : tile::MaskOp();
}

/// Whether products are of pairs of bf16: which the plan packs, or nobody widens.
bool multipliesPairs(tile::PlanAttr plan, tile::GridTensorType key) {
  return plan.getPack() == "pairs" || (plan.getPack() == "none" && key && key.getElementType().isBF16());
}

/// Each vector has live keys of its own on the first axis, and on the others both have the same.
LogicalResult checkTrimmed(func::FuncOp kernel, tile::PlanAttr plan) {
  if (!plan.getTrimmed())
    return success();
  if (!kernel.getOps<tile::LoadMatrixOp>().empty() || !kernel.getOps<tile::StoreMatrixOp>().empty())
    return kernel.emitError("expected no matrix of scores with a trimmed query box");
  if (!loadsKeys(kernel))
    return success();
  if (!readsOneBoxOfLiveKeys(kernel))
    return kernel.emitError("expected, with a trimmed query box, keys of one box of live keys");
  for (auto dot : kernel.getOps<tile::DotOp>()) // blocks of keys are whole, and hold keys that a vector does not see
    if (dot.getTransposed() && !liveScoresOf(dot))
      return dot.emitOpError("expected, with a trimmed query box, scores that only the mask of the live keys reads");
  auto check = [&](mlir::Operation *op, Attribute mask) {
    if (cast<attn::MaskAttrInterface>(mask).separable(plan.getQueryBox().getDims().size()))
      return WalkResult::advance();
    op->emitOpError() << "expected, with a trimmed query box, a mask that is an AND of a rule for each axis, got "
                      << mask;
    return WalkResult::interrupt();
  };
  return failure(kernel
                     .walk([&](mlir::Operation *op) {
                       if (auto live = dyn_cast<tile::LiveKeysOp>(op))
                         return check(op, live.getMask());
                       auto mask = dyn_cast<tile::MaskOp>(op);
                       return mask ? check(op, mask.getMask()) : WalkResult::advance();
                     })
                     .wasInterrupted());
}

/// What is neither f32 nor packed is bf16, read in pairs by a product whose lanes are columns.
LogicalResult checkInPlace(func::FuncOp kernel, tile::PlanAttr plan) {
  for (StringRef name : {"key", "value"}) {
    BlockArgument operand = tile::operandNamed(kernel, name);
    if (!operand || operand.use_empty() || plan.getPack() != "none")
      continue;
    Type element = cast<tile::GridTensorType>(operand.getType()).getElementType();
    const llvm::DenseSet<Value> inColumns = tilesInColumns(kernel, plan.getLanes());
    const bool products = llvm::all_of(kernel.getOps<tile::DotOp>(), [&](tile::DotOp dot) {
      return dot.getTransposed() || inColumns.contains(dot.getResult());
    });
    if (!element.isF32() && (!element.isBF16() || !readsOneBoxOfLiveKeys(kernel) || !products))
      return kernel.emitError("expected a plan that packs ")
             << name << "s of " << element
             << ", unless they are bf16 of one box of live keys and values have a multiple of " << plan.getLanes()
             << " columns, got pack none";
  }
  return success();
}

/// Where keys are read in pairs, rows of the last axis are padded to an even length.
LogicalResult checkPadding(func::FuncOp kernel, tile::PlanAttr plan, bool pairs) {
  if (!pairs)
    return success();
  auto check = [&](tile::LoadOp load) {
    auto walk = dyn_cast<tile::ForKeyBoxesOp>(load.getBox().getParentBlock()->getParentOp());
    ArrayRef<int64_t> box =
        walk && isa<BlockArgument>(load.getBox()) ? walk.getShape().getDims() : plan.getKeyBox().getDims();
    const int64_t rows = load.getTile().getType().getShape()[0];
    int64_t padded = llvm::alignTo(box.back(), 2);
    for (int64_t extent : box.drop_back())
      padded *= extent;
    if (load.getBox().getDefiningOp<tile::QueryBoxOp>() || ShapedType::isDynamic(rows) || rows >= padded)
      return WalkResult::advance();
    load.emitOpError() << "expected a tile of at least " << padded << " rows, of pairs of keys, got " << rows;
    return WalkResult::interrupt();
  };
  return failure(kernel.walk(check).wasInterrupted());
}

/// Tasks pack the keys and values of one box, whose extents the strip bounds.
LogicalResult checkStrip(func::FuncOp kernel, tile::PlanAttr plan) {
  tile::ShapeAttr strip = plan.getStrip();
  if (!strip)
    return success();
  if (strip.getDims().size() != plan.getQueryBox().getDims().size() || strip.getDims().back() % 2)
    return kernel.emitError() << "expected a strip of the query box's rank and an even number of keys, got " << strip;
  for (auto [held, needed] : llvm::zip(strip.getDims(), plan.getKeyBox().getDims()))
    if (held < needed)
      return kernel.emitError() << "expected a strip that holds the key box, got " << strip;
  if (plan.getPack() == "none")
    return kernel.emitError() << "expected something to pack into the strip, got pack none";
  if (!loadsKeys(kernel))
    return success();
  auto reads = [&](StringRef name) {
    BlockArgument operand = tile::operandNamed(kernel, name);
    return operand && !operand.use_empty();
  };
  if (!readsOneBoxOfLiveKeys(kernel) || !reads("key") || !reads("value"))
    return kernel.emitError("expected, with a strip, keys and values of one box of live keys");
  return success();
}

/// What only other machines have a lowering for; and masks, which are their product's initial value.
LogicalResult checkOps(func::FuncOp kernel) {
  WalkResult result = kernel.walk([](mlir::Operation *op) {
    if (isa<tile::RingOp, tile::ScratchOp>(op))
      return op->emitOpError("has no lowering to vectors; tile-copies-in-place makes loads of copies"),
             WalkResult::interrupt();
    auto mask = dyn_cast<tile::MaskOp>(op);
    if (!mask)
      return WalkResult::advance();
    auto dot = mask.getScores().getDefiningOp<tile::DotOp>();
    if (!dot || !dot.getTransposed() || dot.getRhs().getDefiningOp<tile::LoadOp>().getBox() != mask.getKeys())
      return op->emitOpError("expected the scores of a product with the keys of the same box"), WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

class CpuLowerTiles : public cpu::impl::CpuLowerTilesPassBase<CpuLowerTiles> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    const SmallVector<func::FuncOp> kernels = tile::kernelsOf(module);
    if (kernels.empty())
      return;
    auto plan = kernels.front()->getAttrOfType<tile::PlanAttr>(tile::kPlanAttrName);
    for (func::FuncOp kernel : kernels)
      if (failed(check(kernel, plan)))
        return signalPassFailure();
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
    if ((!key && packingOfKeys(plan) != Packing::None) || (!value && packingOfValues(plan) != Packing::None)) {
      emitError(module.getLoc()) << "expected the keys and values that the plan packs as operands of a kernel, got "
                                 << plan;
      return signalPassFailure();
    }
    const bool pairs = multipliesPairs(plan, key);
    if (pairs && (*target)->bf16Dot == Bf16Dot::None) {
      emitError(module.getLoc()) << "expected a target with products of bf16 pairs, got " << plan;
      return signalPassFailure();
    }
    if (plan.getPack() == "none" && key && value && key.getElementType() != value.getElementType()) {
      emitError(module.getLoc()) << "expected keys and values of one type where nothing is packed, got "
                                 << key.getElementType() << " and " << value.getElementType();
      return signalPassFailure();
    }
    auto columnsOf = [](tile::GridTensorType type) { return type ? type.getColumns() : 0; };
    WorkspaceLayout layout = workspaceLayout(plan, columnsOf(key), columnsOf(value), matrix);
    Blocking blocking{plan.getRows(), std::min(plan.getVectors(), plan.getQueryBox().volume() / plan.getLanes()),
                      plan.getQueryBox().volume() / plan.getLanes(), plan.getLanes(),
                      pairs ? (*target)->bf16Dot : Bf16Dot::None};
    int64_t keyStep = 1;
    for (func::FuncOp kernel : kernels)
      keyStep = std::max(keyStep, lowerKernel(kernel, plan, layout, blocking));
    addPacking(module, plan, layout, key, value, keyStep);
  }

  /// The plan of the module's first kernel is that of all.
  LogicalResult check(func::FuncOp kernel, tile::PlanAttr plan) {
    const bool pairs = plan && multipliesPairs(plan, findOperand(getOperation(), "key"));
    if (!plan || kernel->getAttr(tile::kPlanAttrName) != plan)
      return kernel.emitError("expected the plan of the module's first kernel, got ")
             << kernel->getAttr(tile::kPlanAttrName);
    return failure(failed(tile::checkKernel(kernel, plan)) || failed(checkPlan(kernel, plan)) ||
                   failed(checkTrimmed(kernel, plan)) || failed(checkPadding(kernel, plan, pairs)) ||
                   failed(checkInPlace(kernel, plan)) || failed(checkStrip(kernel, plan)) || failed(checkOps(kernel)));
  }

  /// The function's frame, and what it does with its tasks.
  void build(func::FuncOp entry, unsigned rank, function_ref<void(Frame &)> make) {
    OpBuilder builder = OpBuilder::atBlockEnd(&entry.getBody().front());
    Location loc = entry.getLoc();
    func::ReturnOp end = func::ReturnOp::create(builder, loc);
    builder.setInsertionPoint(end);
    Ir ir(builder, loc);
    Frame frame(ir, entry, rank);
    make(frame);
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
    build(entry, plan.getQueryBox().getDims().size(), [&](Frame &frame) {
      Task task(frame, blocking, kernel, plan, layout);
      task.emitTasks();
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
      build(entry, rank, [&](Frame &frame) {
        frame.ir.loop(frame.begin(), frame.end(), 1, [&](Value index) { emitPackTask(frame, request, index); });
      });
    };
    add("pack_keys", packingOfKeys(plan), Tensor::Key, layout.keysAt, key);
    add("pack_values", packingOfValues(plan), Tensor::Value, layout.valuesAt, value);
  }
};

} // namespace
