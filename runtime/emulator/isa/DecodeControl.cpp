//===- DecodeControl.cpp - branches, calls, ends --------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Control.h"
#include "runtime/emulator/exec/Cta.h"
#include "runtime/emulator/exec/Lanes.h"
#include "runtime/emulator/isa/Decoders.h"

namespace muntin::emulator {

static uint32_t labelOf(Decoder &d, const Operand &o) {
  if (o.kind != OperandKind::Label || o.value != 0)
    d.fail(o, "expected a label");
  return o.reg;
}

void decodeBra(Decoder &d) {
  d.take("uni");
  d.expectCount(1, 1);
  d.setTargets({labelOf(d, d.operand(0))}, false);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) { w.jump(in.aux, mask); };
}

static void tableBranch(Warp &w, const Instr &in, uint32_t mask) {
  const std::vector<uint32_t> &tables = w.frame().routine->tables;
  const uint32_t *index = w.words<uint32_t>(in.op[0]);
  // One destination at a time: each jump takes its lanes away from the split, the last one takes the rest.
  uint32_t left = mask;
  while (left) {
    const uint32_t value = index[std::countr_zero(left)];
    if (value >= in.imm)
      w.cta().fault(w, ReportKind::IllegalInstruction, std::countr_zero(left), value,
                    "index " + std::to_string(value) + " of a branch with " + std::to_string(in.imm) + " targets");
    uint32_t same = 0;
    eachLane(left, [&](unsigned i) { same |= uint32_t(index[i] == value) << i; });
    w.jump(tables[in.aux + value], same);
    left &= ~same;
  }
}

void decodeBrx(Decoder &d) {
  d.take("uni");
  d.expectCount(2, 2);
  const Operand &list = d.operand(1);
  if (list.kind != OperandKind::Label || list.value != 1)
    d.fail(list, "expected a .branchtargets list");
  std::vector<uint32_t> labels;
  for (const uint32_t at : d.function().branchTargets[list.reg])
    labels.push_back(labelOf(d, d.module().operandPool[at]));
  d.now.op[0] = d.src(0u, Type::U32);
  d.now.imm = static_cast<int64_t>(labels.size());
  d.now.flags |= TableBranch;
  d.now.aux = static_cast<uint32_t>(d.routine().tables.size());
  d.routine().tables.resize(d.now.aux + labels.size());
  d.setTargets(labels, false);
  d.now.run = tableBranch;
}

void decodeRet(Decoder &d) {
  d.take("uni");
  d.expectCount(0, 0);
  d.setTargets({}, false);
  d.now.run = d.function().isEntry ? exitHandler() : returnHandler();
}

void decodeExit(Decoder &d) {
  d.expectCount(0, 0);
  d.setTargets({}, false);
  d.now.run = exitHandler();
}

Handler exitHandler() {
  return [](Warp &w, const Instr &, uint32_t mask) { w.exit(mask); };
}
Handler returnHandler() {
  return [](Warp &w, const Instr &, uint32_t mask) { w.returnFrom(mask); };
}

/// The table of a call: arguments, results, and for each (from, to, bytes) within the frames' parameters.
static void copies(Decoder &d, const Operand &list, const std::deque<Variable> &formals, uint64_t firstOffset) {
  if (list.kind != OperandKind::Vector || list.count != formals.size())
    d.fail(list, "expected " + std::to_string(formals.size()) + " parameters");
  uint64_t end = firstOffset;
  for (uint32_t i = 0; i < list.count; ++i) {
    const Operand &actual = d.element(list, i);
    if (actual.kind != OperandKind::Variable || actual.variable->space != Space::Param)
      d.fail(actual, "unsupported: a call with anything but .param variables");
    const Variable &formal = formals[i];
    if (actual.variable->bytes != formal.bytes)
      d.fail(actual, "expected a parameter of " + std::to_string(formal.bytes) + " bytes, got " +
                         std::to_string(actual.variable->bytes));
    const uint64_t at = (end + formal.align - 1) / formal.align * formal.align;
    end = at + formal.bytes;
    auto &tables = d.routine().tables;
    tables.push_back(static_cast<uint32_t>(d.localOffset(*actual.variable)));
    tables.push_back(static_cast<uint32_t>(at));
    tables.push_back(static_cast<uint32_t>(formal.bytes));
  }
}

static uint64_t endOf(const std::deque<Variable> &variables) {
  uint64_t end = 0;
  for (const Variable &v : variables)
    end = (end + v.align - 1) / v.align * v.align + v.bytes;
  return end;
}

void decodeCall(Decoder &d) {
  d.take("uni");
  const unsigned n = d.count();
  unsigned at = 0;
  const Operand *results = nullptr, *arguments = nullptr;
  if (at < n && d.operand(at).kind == OperandKind::Vector)
    results = &d.operand(at++);
  if (at >= n || d.operand(at).kind != OperandKind::Function)
    d.fail("unsupported: an indirect call");
  const Function *callee = d.module().find(d.operand(at++).name);
  if (at < n && d.operand(at).kind == OperandKind::Vector)
    arguments = &d.operand(at++);
  if (at != n)
    d.unsupported();
  for (const auto &registers : {callee->paramRegisters, callee->resultRegisters})
    for (const int32_t r : registers)
      if (r >= 0)
        d.fail("unsupported: a function with register parameters");
  auto &tables = d.routine().tables;
  d.now.aux = static_cast<uint32_t>(tables.size());
  tables.push_back(arguments ? arguments->count : 0);
  tables.push_back(results ? results->count : 0);
  if ((arguments ? arguments->count : 0) != callee->params.size() ||
      (results ? results->count : 0) != callee->results.size())
    d.fail("expected " + std::to_string(callee->params.size()) + " arguments and " +
           std::to_string(callee->results.size()) + " results");
  if (arguments)
    copies(d, *arguments, callee->params, 0);
  if (results)
    copies(d, *results, callee->results, endOf(callee->params));
  d.now.imm = d.layout().routineOf.at(callee);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) { w.callRoutine(in, mask); };
}

void decodeTrap(Decoder &d) {
  d.expectCount(0, 0);
  d.now.run = [](Warp &w, const Instr &, uint32_t mask) {
    w.cta().fault(w, ReportKind::Trap, std::countr_zero(mask), 0, "the kernel trapped");
  };
}

void decodeNanosleep(Decoder &d) {
  d.take("u32");
  d.expectCount(1, 1);
  d.src(0u, Type::U32);
  d.now.run = [](Warp &w, const Instr &, uint32_t) { w.yield(); };
}

static void nothing(Warp &, const Instr &, uint32_t) {}

void decodePmevent(Decoder &d) {
  d.take("mask");
  d.expectCount(1, 1);
  d.now.run = nothing;
}

/// Launches of a stream run one after the other, so a dependency is met at once.
void decodeGridDependency(Decoder &d) {
  if (d.takeOne({"launch_dependents", "wait"}) < 0)
    d.unsupported();
  d.now.run = nothing;
}

void decodeCreatePolicy(Decoder &d) {
  std::string_view whole;
  d.takeOne({"fractional", "range"});
  d.take("global");
  while (d.takePrefixed("L2::", whole))
    ;
  d.take("b64");
  d.now.op[0] = d.dst(0u, Type::B64);
  d.now.op[1] = d.constant(0, Width::Double);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    mapLanes<uint64_t, uint64_t>(w, in, mask, [](uint64_t a) { return a; });
  };
}

} // namespace muntin::emulator
