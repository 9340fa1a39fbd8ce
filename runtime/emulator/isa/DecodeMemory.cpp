//===- DecodeMemory.cpp - ld, st, atom, red, cvta and their spaces --------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/LoadStore.h"
#include "runtime/emulator/isa/Decoders.h"

namespace muntin::emulator {

/// Modifiers that say where caches keep the data: no effect here.
static void takeCacheHints(Decoder &d) {
  d.takeOne({"ca", "cg", "cs", "lu", "cv", "wb", "wt"});
  std::string_view whole;
  while (d.takePrefixed("L1::", whole) || d.takePrefixed("L2::", whole))
    if (whole == "L2::cache_hint")
      d.expectCount(d.count(), d.count());
}

/// The trailing cache-policy operand of .L2::cache_hint is evaluated by nobody; it only has to be there.
static bool hasPolicy(Decoder &d) { return d.has("L2::cache_hint"); }

uint32_t takeOrdering(Decoder &d) {
  uint32_t bits = 0;
  for (const std::string_view known : {"volatile", "relaxed", "mmio"})
    bits |= d.take(known) ? StrongBit : 0;
  if (d.take("acquire"))
    bits |= StrongBit | AcquireBit;
  if (d.take("release"))
    bits |= StrongBit | ReleaseBit;
  if (d.take("acq_rel"))
    bits |= StrongBit | AcquireBit | ReleaseBit;
  d.take("weak");
  if (d.takeOne({"cta", "cluster", "gpu", "sys"}) == 0)
    bits |= CtaScopeBit;
  return bits;
}

MemSpace takeSpace(Decoder &d) {
  if (d.take("global") || d.take("const"))
    return MemSpace::Global;
  if (d.take("shared") || d.take("shared::cta") || d.take("shared::cluster"))
    return MemSpace::Shared;
  if (d.take("local"))
    return MemSpace::Local;
  if (d.take("param") || d.take("param::entry") || d.take("param::func"))
    return MemSpace::KernelParam; // memoryOperand tells call parameters apart
  return MemSpace::Generic;
}

void memoryOperand(Decoder &d, const Operand &o, unsigned slot, MemSpace space) {
  static constexpr Space spaces[] = {Space::Generic, Space::Global, Space::Shared,
                                     Space::Local,   Space::Param,  Space::Param};
  d.addressOperand(o, slot, spaces[static_cast<int>(space)]);
  if (space != MemSpace::KernelParam)
    return void(d.now.aux |= static_cast<uint32_t>(space));
  const Operand &base = d.element(o, 0);
  bool ofEntry = base.kind != OperandKind::Variable;
  if (base.kind == OperandKind::Variable && d.function().isEntry)
    for (const Variable &v : d.function().params)
      ofEntry |= &v == base.variable;
  d.now.aux |= static_cast<uint32_t>(ofEntry ? MemSpace::KernelParam : MemSpace::FrameParam);
}

static unsigned takeVector(Decoder &d) {
  const int form = d.takeOne({"v2", "v4", "v8"});
  return form < 0 ? 1 : 2u << form;
}

/// Value operands: one, or a vector in braces. Appends them as extras.
static void values(Decoder &d, const Operand &o, Type type, unsigned vec, bool writes) {
  const auto one = [&](const Operand &e) {
    if (writes && e.kind == OperandKind::Sink)
      d.extra(NoRef);
    else
      d.extra(writes ? d.dst(e, type) : d.src(e, type));
  };
  if (o.kind != OperandKind::Vector) {
    if (vec != 1)
      d.fail(o, "expected " + std::to_string(vec) + " values in braces");
    return one(o);
  }
  if (o.count != vec)
    d.fail(o, "expected " + std::to_string(vec) + " values, got " + std::to_string(o.count));
  for (unsigned i = 0; i < vec; ++i)
    one(d.element(o, i));
}

static void access(Decoder &d, bool isLoad) {
  d.take("nc");
  d.now.aux = takeOrdering(d);
  const MemSpace space = takeSpace(d);
  const bool policy = hasPolicy(d);
  takeCacheHints(d);
  d.take("unified");
  d.now.vec = static_cast<uint8_t>(takeVector(d));
  const Type type = d.needType();
  d.now.type = type;
  if (bitsOf(type) * d.now.vec > 256 || type == Type::Pred)
    d.unsupported();
  d.expectCount(policy ? 3 : 2, policy ? 3 : 2);
  const unsigned value = isLoad ? 0 : 1, address = isLoad ? 1 : 0;
  memoryOperand(d, d.operand(address), 1, space);
  values(d, d.operand(value), type, d.now.vec, isLoad);
  d.now.run = isLoad ? loadHandler(type) : storeHandler(type);
  if (!d.now.run)
    d.unsupported();
}
void decodeLd(Decoder &d) { access(d, true); }
void decodeSt(Decoder &d) { access(d, false); }

static void atomicForm(Decoder &d, bool returns) {
  d.now.aux = takeOrdering(d) | StrongBit;
  const MemSpace space = takeSpace(d);
  const int op = d.takeOne({"add", "min", "max", "inc", "dec", "cas", "exch", "and", "or", "xor"});
  d.take("noftz");
  const bool policy = hasPolicy(d);
  takeCacheHints(d);
  d.now.vec = static_cast<uint8_t>(takeVector(d));
  const Type type = d.needType();
  if (op < 0)
    d.fail("expected an operation such as .add");
  if (d.now.vec > 1 && space == MemSpace::Shared)
    d.unsupported();
  d.now.type = type;
  d.now.run = atomicHandler(static_cast<AtomicOp>(op), type, returns);
  if (!d.now.run || (!returns && op >= 5 && op <= 6))
    d.unsupported();
  const unsigned address = returns ? 1 : 0;
  const unsigned expected = address + 2 + (op == 5) + policy;
  d.expectCount(expected, expected);
  memoryOperand(d, d.operand(address), 1, space);
  values(d, d.operand(address + 1), type, d.now.vec, false);
  if (op == 5)
    d.now.op[2] = d.src(address + 2, type);
  if (returns)
    values(d, d.operand(0), type, d.now.vec, true);
}
void decodeAtom(Decoder &d) { atomicForm(d, true); }
void decodeRed(Decoder &d) { atomicForm(d, false); }

static uint64_t windowFor(Decoder &d) {
  if (d.take("global") || d.take("const") || d.take("param") || d.take("param::entry"))
    return 0;
  if (d.take("shared") || d.take("shared::cta") || d.take("shared::cluster"))
    return SharedWindow;
  if (d.take("local"))
    return LocalWindow;
  d.unsupported();
}

void decodeCvta(Decoder &d) {
  const bool to = d.take("to");
  const uint64_t window = windowFor(d);
  const Type type = d.needType();
  if (bitsOf(type) != 64)
    d.unsupported();
  d.expectCount(2, 2);
  d.now.imm = static_cast<int64_t>(to ? -window : window);
  d.now.op[1] = d.src(1, Type::U64);
  d.now.op[0] = d.dst(0u, Type::U64);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    const auto offset = static_cast<uint64_t>(in.imm);
    mapLanes<uint64_t, uint64_t>(w, in, mask, [offset](uint64_t a) { return a + offset; });
  };
}

void decodeIsspacep(Decoder &d) {
  if (d.take("global") || d.take("const"))
    d.now.imm = 0;
  else if (d.take("param") || d.take("param::entry"))
    d.now.imm = static_cast<int64_t>(ParamWindow);
  else
    d.now.imm = static_cast<int64_t>(windowFor(d));
  d.expectCount(2, 2);
  d.now.op[1] = d.src(1, Type::U64);
  d.now.op[0] = d.dstPredicate(d.operand(0));
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    const auto window = static_cast<uint64_t>(in.imm);
    const uint32_t bits = testLanes<uint64_t>(w, in.op[1], in.op[1], [window](uint64_t a, uint64_t) {
      const uint64_t of = windowOf(a);
      return window ? of == window : of != SharedWindow && of != LocalWindow && of != ParamWindow;
    });
    w.setPredicate(in.op[0], bits, mask);
  };
}

/// prefetch, discard, applypriority: advice about caches.
void decodePrefetch(Decoder &d) {
  takeSpace(d);
  d.take("tensormap");
  d.takeOne({"L1", "L2"});
  takeCacheHints(d);
  d.now.run = [](Warp &, const Instr &, uint32_t) {};
}

} // namespace muntin::emulator
