//===- DecoderOperands.cpp - operands of executable instructions ----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Control.h"
#include "runtime/emulator/exec/Lanes.h"
#include "runtime/emulator/exec/Memory.h"
#include "runtime/emulator/exec/Numbers.h"
#include "runtime/emulator/isa/Decoder.h"

namespace muntin::emulator {

static Width widthFor(Type type) {
  return type == Type::Pred ? Width::Predicate : bitsOf(type) > 32 ? Width::Double : Width::Word;
}

const Operand &Decoder::operand(unsigned i) const {
  if (i >= ast_->operandCount)
    fail("expected more operands, got " + std::to_string(ast_->operandCount));
  return module_.operandPool[ast_->operands + i];
}

const Operand &Decoder::element(const Operand &list, unsigned i) const {
  if (i >= list.count)
    fail(list, "expected more elements, got " + std::to_string(list.count));
  return module_.operandPool[list.reg + i];
}

void Decoder::expectCount(unsigned least, unsigned most) {
  const unsigned n = ast_->operandCount;
  if (n < least || n > most)
    fail("expected " + std::to_string(least) + (most > least ? " to " + std::to_string(most) : "") + " operands, got " +
         std::to_string(n));
}

void Decoder::define(Ref r) {
  if (!(r & ConstBit))
    nowRegisters_.defs.push_back(r & IndexMask);
}
void Decoder::use(Ref r) {
  if (!(r & ConstBit))
    nowRegisters_.uses.push_back(r & IndexMask);
}

Ref Decoder::temporary(Width width) {
  draft_.widths.push_back(width);
  return static_cast<Ref>(draft_.widths.size() - 1);
}

Ref Decoder::ccRegister() {
  if (cc_ == NoRef)
    cc_ = temporary(Width::Predicate);
  return cc_;
}

void Decoder::extra(Ref r) { draft_.extras.push_back(r); }

Width Decoder::widthOf(const Operand &o) const {
  return o.kind == OperandKind::Register ? draft_.widths[o.reg] : Width::Word;
}

Ref Decoder::constant(uint64_t bits, Width width) {
  const auto [at, isNew] = constantRefs_.try_emplace({bits, width}, NoRef);
  if (!isNew)
    return at->second;
  // Whole cache lines, so that every broadcast array is aligned like a register.
  const auto index = static_cast<uint32_t>(draft_.constants.size());
  const unsigned words = width == Width::Double ? 2 * WarpSize : WarpSize;
  for (unsigned i = 0; i < words; ++i)
    draft_.constants.push_back(static_cast<uint32_t>(width == Width::Double && i % 2 ? bits >> 32 : bits));
  return at->second = index | ConstBit;
}

static uint64_t immediateBits(const Operand &o, Type type, bool &fits) {
  const auto raw = static_cast<uint64_t>(o.value);
  fits = true;
  if (o.kind == OperandKind::Integer)
    return type == Type::F32 || type == Type::F64 ? (fits = o.value == 0, raw) : raw;
  const double value =
      o.kind == OperandKind::Float64 ? std::bit_cast<double>(raw) : asFloat(static_cast<uint32_t>(raw));
  if (bitsOf(type) == 64)
    return o.kind == OperandKind::Float64 ? raw : std::bit_cast<uint64_t>(value);
  fits = bitsOf(type) == 32;
  return o.kind == OperandKind::Float32 ? raw : asBits(static_cast<float>(value));
}

Ref Decoder::immediate(const Operand &o, Type type) {
  bool fits;
  uint64_t bits = immediateBits(o, type, fits);
  if (!fits)
    fail(o, "expected a constant of type " + std::string(info(type).name));
  if (bitsOf(type) < 32)
    bits &= (uint64_t(1) << bitsOf(type)) - 1;
  if (bitsOf(type) <= 32)
    bits = static_cast<uint32_t>(bits);
  return constant(bits, widthFor(type));
}

void Decoder::before_(Instr i, std::vector<Ref> defs, std::vector<Ref> uses) {
  Pending p{i, {}};
  for (const Ref r : defs)
    p.registers.defs.push_back(r & IndexMask);
  for (const Ref r : uses)
    if (!(r & ConstBit))
      p.registers.uses.push_back(r & IndexMask);
  p.instr.row = static_cast<uint16_t>(row_);
  pendingBefore_.push_back(std::move(p));
}

uint64_t Decoder::addressOf(const Operand &o) const {
  const Variable &v = *o.variable;
  const auto offset = static_cast<uint64_t>(o.value);
  switch (v.space) {
  case Space::Shared: return layout_.shared.at(&v) + offset;
  case Space::Param:
    if (function_.isEntry)
      for (const Variable &p : function_.params)
        if (&p == &v)
          return ParamWindow + v.offset + offset;
    return localOffset(v) + offset;
  case Space::Local: return localOffset(v) + offset;
  default: {
    const auto found = layout_.symbols.find(&v);
    if (found == layout_.symbols.end())
      fail(o, "unresolved symbol '" + std::string(v.name) + "'");
    return found->second + offset;
  }
  }
}

static void widen(Warp &w, const Instr &in, uint32_t mask) {
  if (isSigned(in.type))
    mapLanes<int64_t, int32_t>(w, in, mask, [](int32_t a) { return int64_t(a); });
  else
    mapLanes<uint64_t, uint32_t>(w, in, mask, [](uint32_t a) { return uint64_t(a); });
}
static void narrow(Warp &w, const Instr &in, uint32_t mask) {
  mapLanes<uint32_t, uint64_t>(w, in, mask, [](uint64_t a) { return static_cast<uint32_t>(a); });
}
static void localAddress(Warp &w, const Instr &in, uint32_t mask) {
  uint64_t *d = w.words<uint64_t>(in.op[0]);
  eachLane(mask, [&](unsigned i) { d[i] = w.frame().localBase + static_cast<uint64_t>(in.imm); });
}

Ref Decoder::src(const Operand &o, Type type) {
  const Width want = widthFor(type);
  if (want == Width::Predicate)
    return srcPredicate(o);
  Ref r = NoRef;
  Width have = want;
  switch (o.kind) {
  case OperandKind::Register:
    r = o.reg;
    have = draft_.widths[r];
    if (o.negated || have == Width::Predicate || (have == Width::Word && want == Width::Double))
      fail(o, "operand '" + std::string(o.name) + "' does not fit " + std::string(info(type).name));
    break;
  case OperandKind::Integer:
  case OperandKind::Float32:
  case OperandKind::Float64: return immediate(o, type);
  case OperandKind::Variable:
    if (o.variable->space == Space::Local) {
      Instr i;
      i.run = localAddress;
      i.op[0] = r = temporary(Width::Double);
      i.imm = static_cast<int64_t>(addressOf(o));
      before_(i, {r}, {});
      have = Width::Double;
      break;
    }
    return constant(want == Width::Word ? static_cast<uint32_t>(addressOf(o)) : addressOf(o), want);
  case OperandKind::Special:
    r = special(o, type);
    have = draft_.widths[r];
    break;
  default: fail(o, "expected a value");
  }
  if (have == Width::Double && want == Width::Word) {
    Instr i;
    i.run = narrow;
    i.op[1] = r;
    i.op[0] = temporary(Width::Word);
    before_(i, {i.op[0]}, {r});
    r = i.op[0];
  } else if (have == Width::Word && want == Width::Double) { // a special register read as 64 bits
    Instr i;
    i.run = widen;
    i.type = Type::U32;
    i.op[1] = r;
    i.op[0] = temporary(Width::Double);
    before_(i, {i.op[0]}, {r});
    r = i.op[0];
  }
  use(r);
  return r;
}

Ref Decoder::dst(const Operand &o, Type type) {
  const Width want = widthFor(type);
  if (want == Width::Predicate)
    return dstPredicate(o);
  if (o.kind == OperandKind::Sink) {
    const Ref r = temporary(want);
    define(r);
    return r;
  }
  if (o.kind != OperandKind::Register || o.negated)
    fail(o, "expected a register to write");
  const Width have = draft_.widths[o.reg];
  if (have == Width::Predicate || (have == Width::Word && want == Width::Double))
    fail(o, "operand '" + std::string(o.name) + "' does not fit " + std::string(info(type).name));
  if (have == want) {
    define(o.reg);
    return o.reg;
  }
  Pending p;
  p.instr.run = widen;
  p.instr.type = isSigned(type) ? Type::S32 : Type::U32;
  p.instr.row = static_cast<uint16_t>(row_);
  p.instr.op[1] = temporary(Width::Word);
  p.instr.op[0] = o.reg;
  p.registers = {{o.reg}, {p.instr.op[1]}};
  define(p.instr.op[1]);
  pendingAfter_.push_back(p);
  return p.instr.op[1];
}

Ref Decoder::inOut(const Operand &o, Type type) {
  const Ref r = dst(o, type);
  if (r != o.reg)
    fail(o, "expected a register of type " + std::string(info(type).name));
  use(r);
  return r;
}

Ref Decoder::srcPredicate(const Operand &o) {
  if (o.kind == OperandKind::Integer)
    return constant((o.value != 0) != o.negated ? FullMask : 0, Width::Predicate);
  if (o.kind != OperandKind::Register || draft_.widths[o.reg] != Width::Predicate)
    fail(o, "expected a predicate");
  use(o.reg);
  return o.reg | (o.negated ? NegateBit : 0);
}

Ref Decoder::dstPredicate(const Operand &o) {
  if (o.kind == OperandKind::Sink)
    return NoRef;
  if (o.kind != OperandKind::Register || draft_.widths[o.reg] != Width::Predicate || o.negated)
    fail(o, "expected a predicate to write");
  define(o.reg);
  return o.reg;
}

int64_t Decoder::integer(const Operand &o) {
  if (o.kind != OperandKind::Integer)
    fail(o, "expected an integer constant");
  return o.value;
}

void Decoder::addressOperand(const Operand &o, unsigned slot, Space space) {
  if (o.kind != OperandKind::Address)
    fail(o, "expected an address in brackets");
  const Operand &base = element(o, 0);
  now.imm = o.value;
  if (base.kind == OperandKind::Register && draft_.widths[base.reg] == Width::Word) {
    if (space != Space::Shared && space != Space::Local)
      fail(base, "expected a 64-bit address");
    now.op[slot] = src(base, Type::U32);
    return;
  }
  if (base.kind == OperandKind::Variable && space == Space::Generic && base.variable->space == Space::Shared)
    now.imm += static_cast<int64_t>(SharedWindow);
  now.flags |= WideBase;
  now.op[slot] = src(base, Type::U64);
}

Ref Decoder::special(const Operand &o, Type) {
  const Handler handler = specialRegister(o.name);
  if (!handler)
    fail(o, "unknown register '" + std::string(o.name) + "'");
  Instr i;
  i.run = handler;
  i.aux = specialIndex(o.name);
  i.op[0] = temporary(specialIsWide(o.name) ? Width::Double : Width::Word);
  before_(i, {i.op[0]}, {});
  return i.op[0];
}

} // namespace muntin::emulator
