//===- Decoder.cpp - from parsed to executable instructions ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Decoder.h"

#include "runtime/emulator/exec/Control.h"
#include "runtime/emulator/exec/Lanes.h"
#include "runtime/emulator/exec/Memory.h"
#include "runtime/emulator/isa/Decoders.h"
#include "runtime/emulator/isa/WgmmaHazards.h"

#include <algorithm>

namespace muntin::emulator {

static Width widthFor(Type type) {
  return type == Type::Pred ? Width::Predicate : bitsOf(type) > 32 ? Width::Double : Width::Word;
}

Decoder::Decoder(const Module &module, const Function &function, KernelLayout &layout, Routine &routine)
    : module_(module), function_(function), layout_(layout), routine_(routine) {
  for (const RegisterInfo &r : function.registers)
    draft_.widths.push_back(widthFor(r.type));
  layoutLocals();
}

/// Formals, then results, then the `.param` variables of calls, in the frame; `.local` variables one after the other.
void Decoder::layoutLocals() {
  uint64_t params = 0, locals = 0;
  const auto place = [](uint64_t &end, const Variable &v) {
    const uint64_t at = (end + v.align - 1) / v.align * v.align;
    end = at + v.bytes;
    return at;
  };
  if (!function_.isEntry) {
    for (const Variable &v : function_.params)
      localOffsets_[&v] = place(params, v);
    for (const Variable &v : function_.results)
      localOffsets_[&v] = place(params, v);
  }
  for (const Variable &v : function_.locals)
    localOffsets_[&v] = place(v.space == Space::Local ? locals : params, v);
  if (params > 1 << 20 || locals > 1 << 24)
    throw PtxError{function_.pos, "local memory of the function is too large"};
  routine_.paramBytes = static_cast<uint32_t>((params + 15) / 16 * 16);
  routine_.localBytes = static_cast<uint32_t>((locals + 15) / 16 * 16);
}

uint64_t Decoder::localOffset(const Variable &v) const { return localOffsets_.at(&v); }

void Decoder::run() {
  firstPc_.resize(function_.body.size() + 1);
  for (uint32_t i = 0; i < function_.body.size(); ++i)
    decodeOne(i);
  firstPc_.back() = static_cast<uint32_t>(draft_.code.size());
  Instr end; // falling off the end leaves the function
  end.run = function_.isEntry ? exitHandler() : returnHandler();
  end.row = static_cast<uint16_t>(findRow("ret") - instructionTable().data());
  isBranch_ = true;
  fallsThrough_ = false;
  targets_.clear();
  emit(end, {}, static_cast<uint32_t>(function_.body.empty() ? 0 : function_.body.size() - 1));
  resolveBranches();
  routine_.function = &function_;
  checkWgmma();
  allocateRegisters(draft_, routine_);
}

void Decoder::splitMnemonic() {
  const InstructionRow *row = findRow(ast_->mnemonic);
  if (!row)
    fail("unsupported instruction '" + std::string(ast_->mnemonic) + "'");
  row_ = static_cast<unsigned>(row - instructionTable().data());
  modifiers_.clear();
  std::string_view rest = ast_->mnemonic.substr(row->prefix.size());
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const size_t dot = std::min(rest.find('.'), rest.size());
    modifiers_.push_back(rest.substr(0, dot));
    rest.remove_prefix(dot);
  }
  if (row->architecture > layout_.architecture || (row->architecture == 90 && module_.architecture < 90))
    fail("'" + std::string(row->prefix) + "' needs sm_" + std::to_string(row->architecture) + ", the module is for " +
         std::string(module_.target) + " on a device of sm_" + std::to_string(layout_.architecture));
}

void Decoder::decodeOne(uint32_t index) {
  ast_ = &function_.body[index];
  firstPc_[index] = static_cast<uint32_t>(draft_.code.size());
  splitMnemonic();
  now = Instr();
  now.extra = static_cast<uint32_t>(draft_.extras.size());
  now.row = static_cast<uint16_t>(row_);
  nowRegisters_ = {};
  pendingBefore_.clear();
  pendingAfter_.clear();
  targets_.clear();
  isBranch_ = false;
  fallsThrough_ = true;
  if (ast_->guard >= 0)
    now.guard = static_cast<Ref>(ast_->guard) | (ast_->guardNegated ? NegateBit : 0);
  instructionTable()[row_].decode(*this);
  if (!modifiers_.empty())
    fail("unsupported modifier '." + std::string(modifiers_.front()) + "' of '" + std::string(ast_->mnemonic) + "'");
  now.extraCount = static_cast<uint16_t>(draft_.extras.size() - now.extra);
  const bool wasBranch = std::exchange(isBranch_, false);
  for (Pending &p : pendingBefore_)
    emit(p.instr, p.registers, index);
  isBranch_ = wasBranch;
  noteWgmma(static_cast<uint32_t>(draft_.code.size()));
  emit(now, nowRegisters_, index);
  isBranch_ = false;
  for (Pending &p : pendingAfter_) {
    p.instr.guard = now.guard;
    emit(p.instr, p.registers, index);
  }
}

void Decoder::noteWgmma(uint32_t pc) {
  const std::string_view prefix = instructionTable()[row_].prefix;
  if (!prefix.starts_with("wgmma"))
    return;
  if (prefix == "wgmma.fence")
    wgmma_.fences.push_back(pc);
  else if (prefix == "wgmma.commit_group")
    wgmma_.commits.push_back(pc);
  else if (std::exchange(isWgmmaWait_, false))
    wgmma_.waits[pc] = static_cast<uint32_t>(now.imm);
  else {
    const auto first = draft_.extras.begin() + now.extra;
    const auto middle = first + wgmmaAccumulators_;
    auto &product = wgmma_.products[pc];
    product.accumulators.assign(first, middle);
    for (auto r = middle; r != middle + wgmmaFragment_; ++r)
      if (!(*r & ConstBit))
        product.fragment.push_back(*r);
  }
}

void Decoder::checkWgmma() {
  if (wgmma_.products.empty())
    return;
  for (const WgmmaHazard &h : analyseWgmma(draft_, wgmma_))
    routine_.hazards.push_back({h.pc, h.message});
}

void Decoder::emit(Instr i, DefsUses du, uint32_t source) {
  i.source = source;
  if (i.guard != NoRef) {
    du.uses.push_back(i.guard & IndexMask);
    // Lanes whose guard is false keep the old value.
    du.uses.insert(du.uses.end(), du.defs.begin(), du.defs.end());
  }
  if (isBranch_)
    branchLabels_.push_back({static_cast<uint32_t>(draft_.code.size()), targets_});
  draft_.endsBlock.push_back(isBranch_);
  draft_.fallsThrough.push_back(!isBranch_ || fallsThrough_ || i.guard != NoRef);
  draft_.successors.emplace_back();
  draft_.code.push_back(i);
  draft_.registers.push_back(std::move(du));
}

void Decoder::setTargets(std::vector<uint32_t> labels, bool fallsThrough) {
  isBranch_ = true;
  fallsThrough_ = fallsThrough;
  targets_ = std::move(labels);
}

void Decoder::resolveBranches() {
  for (auto &[pc, labels] : branchLabels_) {
    Instr &in = draft_.code[pc];
    for (size_t i = 0; i < labels.size(); ++i) {
      const uint32_t target = firstPc_[function_.labels[labels[i]]];
      draft_.successors[pc].push_back(target);
      if (in.flags & TableBranch)
        routine_.tables[in.aux + i] = target;
      else
        in.aux = target;
    }
  }
}

// Modifiers.

bool Decoder::has(std::string_view modifier) const {
  return std::find(modifiers_.begin(), modifiers_.end(), modifier) != modifiers_.end();
}

bool Decoder::take(std::string_view modifier) {
  const auto found = std::find(modifiers_.begin(), modifiers_.end(), modifier);
  if (found == modifiers_.end())
    return false;
  modifiers_.erase(found);
  return true;
}

int Decoder::takeOne(std::initializer_list<std::string_view> options) {
  int index = 0;
  for (const std::string_view option : options) {
    if (take(option))
      return index;
    ++index;
  }
  return -1;
}

Type Decoder::takeType() {
  for (auto m = modifiers_.begin(); m != modifiers_.end(); ++m)
    if (const Type type = typeNamed(*m); type != Type::None) {
      modifiers_.erase(m);
      return type;
    }
  return Type::None;
}

Type Decoder::needType() {
  const Type type = takeType();
  if (type == Type::None)
    fail("expected a type on '" + std::string(ast_->mnemonic) + "'");
  return type;
}

bool Decoder::takePrefixed(std::string_view prefix, std::string_view &whole) {
  for (auto m = modifiers_.begin(); m != modifiers_.end(); ++m)
    if (m->starts_with(prefix)) {
      whole = *m;
      modifiers_.erase(m);
      return true;
    }
  return false;
}

void Decoder::requireArchitecture(unsigned least, const char *what) {
  if (layout_.architecture < least || module_.architecture < least)
    fail(std::string(what) + " needs sm_" + std::to_string(least) + ", the module is for " +
         std::string(module_.target));
}

void Decoder::unsupported() const { fail("unsupported form of '" + std::string(ast_->mnemonic) + "'"); }

} // namespace muntin::emulator
