//===- Workspace.cpp - what launches hand to each other -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/LowerCPU/Workspace.h"
#include "compiler/LowerCPU/Frame.h"
#include "compiler/Tile/Recipe.h"

using namespace muntin;
using namespace muntin::cpu;

using Op = Formula::Op;

static Packing keysOf(tile::PlanAttr plan) { return plan.getPack() == "widen" ? Packing::Widen : Packing::None; }

static Packing valuesOf(tile::PlanAttr plan) {
  if (plan.getPack() == "pairs")
    return Packing::Pairs;
  return plan.getPack() == "widen" ? Packing::Widen : Packing::None;
}

Packing muntin::cpu::packingOfKeys(tile::PlanAttr plan) { return plan.getStrip() ? Packing::None : keysOf(plan); }
Packing muntin::cpu::packingOfValues(tile::PlanAttr plan) { return plan.getStrip() ? Packing::None : valuesOf(plan); }
Packing muntin::cpu::strippedKeys(tile::PlanAttr plan) { return plan.getStrip() ? keysOf(plan) : Packing::None; }
Packing muntin::cpu::strippedValues(tile::PlanAttr plan) { return plan.getStrip() ? valuesOf(plan) : Packing::None; }

static Formula times(Formula x, const Formula &y) { return Formula::apply(Op::Mul, std::move(x), y); }
static Formula plus(Formula x, int64_t y) { return Formula::apply(Op::Add, std::move(x), Formula::constant(y)); }
static Formula roundUp(Formula x, int64_t multiple) {
  return times(Formula::apply(Op::CeilDiv, std::move(x), Formula::constant(multiple)), Formula::constant(multiple));
}
static Formula extent(Symbol first, int axis) { return Formula::symbol(Symbol(int(first) + axis)); }

Formula muntin::cpu::keysFormula(int rank) {
  Formula product = extent(Symbol::Key0, 0);
  for (int axis = 1; axis < rank; ++axis)
    product = times(product, extent(Symbol::Key0, axis));
  return product;
}

Formula muntin::cpu::keysCapFormula(int rank) {
  Formula product = plus(extent(Symbol::Key0, rank - 1), 1);
  for (int axis = 0; axis + 1 < rank; ++axis)
    product = times(product, extent(Symbol::Key0, axis));
  return roundUp(plus(product, kKeySlack), 16);
}

WorkspaceLayout muntin::cpu::workspaceLayout(tile::PlanAttr plan, int64_t keyColumns, int64_t valueColumns,
                                             bool matrix) {
  int rank = plan.getQueryBox().getDims().size();
  Formula rows = times(times(Formula::symbol(Symbol::Batch), Formula::symbol(Symbol::KvHeads)), keysFormula(rank));
  WorkspaceLayout layout;
  Formula at = Formula::constant(0);
  auto place = [&](bool present, const Formula &bytes) {
    Formula here = at;
    if (present)
      at = roundUp(Formula::apply(Op::Add, at, bytes), 64);
    return here;
  };
  layout.keysAt = place(packingOfKeys(plan) != Packing::None, times(rows, Formula::constant(4 * keyColumns)));
  layout.valuesAt = place(packingOfValues(plan) != Packing::None, times(rows, Formula::constant(4 * valueColumns)));
  int64_t rowBytes = 4 * plan.getQueryBox().volume();
  layout.matrixAt = place(matrix, times(times(tasksFormula(plan), keysCapFormula(rank)), Formula::constant(rowBytes)));
  layout.bytes = at;
  return layout;
}
