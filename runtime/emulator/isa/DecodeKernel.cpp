//===- DecodeKernel.cpp - an entry and all that it calls ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Decoder.h"

#include <set>

namespace muntin::emulator {

uint32_t Kernel::lineOf(const Routine &r, uint32_t pc) const {
  return r.function->body.empty() ? 0 : r.function->body[r.code[pc].source].line;
}

std::string Kernel::sourceOf(const Routine &r, uint32_t pc) const {
  if (r.function->body.empty())
    return {};
  const Instruction &i = r.function->body[r.code[pc].source];
  if (i.sourceLine == 0 || i.sourceFile >= module->files.size())
    return {};
  return std::string(module->files[i.sourceFile]) + ":" + std::to_string(i.sourceLine);
}

std::string_view Kernel::mnemonicOf(const Routine &r, uint32_t pc) const {
  return r.function->body.empty() ? std::string_view() : r.function->body[r.code[pc].source].mnemonic;
}

namespace {

/// Depth first over calls; the entry comes first.
void reach(const Module &module, const Function &f, std::vector<const Function *> &order,
           std::set<const Function *> &seen) {
  if (!seen.insert(&f).second)
    return;
  order.push_back(&f);
  for (const Instruction &i : f.body)
    for (uint32_t k = 0; k < i.operandCount; ++k) {
      const Operand &o = module.operandPool[i.operands + k];
      if (o.kind != OperandKind::Function)
        continue;
      const Function *callee = module.find(o.name);
      if (!callee)
        throw PtxError{o.pos, "unresolved function '" + std::string(o.name) + "'"};
      reach(module, *callee, order, seen);
    }
}

void noteShared(const Module &module, const Operand &o, std::vector<const Variable *> &used,
                std::set<const Variable *> &seen) {
  if (o.kind == OperandKind::Variable && o.variable->space == Space::Shared && seen.insert(o.variable).second)
    used.push_back(o.variable);
  if (o.kind == OperandKind::Vector || o.kind == OperandKind::Address)
    for (uint32_t i = 0; i < o.count; ++i)
      noteShared(module, module.operandPool[o.reg + i], used, seen);
}

/// Named shared variables one after the other; all dynamic ones begin behind them.
void layoutShared(const Module &module, const std::vector<const Function *> &functions, KernelLayout &layout,
                  Kernel &kernel) {
  std::vector<const Variable *> used;
  std::set<const Variable *> seen;
  for (const Function *f : functions)
    for (const Instruction &i : f->body)
      for (uint32_t k = 0; k < i.operandCount; ++k)
        noteShared(module, module.operandPool[i.operands + k], used, seen);
  uint64_t end = 0;
  uint32_t dynamicAlign = 16;
  for (const Variable *v : used) {
    if (v->bytes == 0) {
      dynamicAlign = std::max(dynamicAlign, v->align);
      continue;
    }
    const uint64_t at = (end + v->align - 1) / v->align * v->align;
    layout.shared[v] = at;
    end = at + v->bytes;
    if (end > 1 << 20)
      throw PtxError{v->pos, "shared variables take " + std::to_string(end) + " bytes"};
  }
  kernel.staticShared = static_cast<uint32_t>(end);
  kernel.dynamicOffset = static_cast<uint32_t>((end + dynamicAlign - 1) / dynamicAlign * dynamicAlign);
  for (const Variable *v : used)
    if (v->bytes == 0)
      layout.shared[v] = kernel.dynamicOffset;
}

} // namespace

Result<std::shared_ptr<Kernel>> decodeKernel(std::shared_ptr<const Module> module, const Function &entry,
                                             const SymbolAddresses &symbols, unsigned architecture) {
  auto kernel = std::make_shared<Kernel>();
  kernel->module = module;
  kernel->name = std::string(entry.name);
  kernel->entry = &entry;
  try {
    std::vector<const Function *> functions;
    std::set<const Function *> seen;
    reach(*module, entry, functions, seen);
    KernelLayout layout{symbols, {}, {}, architecture};
    layoutShared(*module, functions, layout, *kernel);
    for (const Function *f : functions) {
      layout.routineOf[f] = static_cast<uint32_t>(kernel->routines.size());
      kernel->routines.push_back(std::make_unique<Routine>());
    }
    for (size_t i = 0; i < functions.size(); ++i)
      Decoder(*module, *functions[i], layout, *kernel->routines[i]).run();
    uint64_t end = 0;
    for (const Variable &v : entry.params)
      end = v.offset + v.bytes;
    kernel->paramBytes = static_cast<uint32_t>(end);
    kernel->localBytes = kernel->routines[0]->localBytes;
  } catch (const PtxError &error) {
    return Status::invalid(describeError(module->text, error));
  }
  return kernel;
}

} // namespace muntin::emulator
