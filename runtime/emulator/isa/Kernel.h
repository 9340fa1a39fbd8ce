//===- Kernel.h - decoded instructions, ready to run ------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers live in a frame of 32-bit words, one frame per activation of a
// function and warp, each register being an array over the 32 lanes:
//
//   word 0 ..      predicates, one word each, bit i = lane i
//   then           32-bit registers, 32 words each
//   then           64-bit registers, 64 words each
//
// 8- and 16-bit registers take the low bits of a 32-bit one. Constants lie in
// an array of the same form, already broadcast, shared by all warps. A Ref
// names either.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_ISA_KERNEL_H
#define MUNTIN_EMULATOR_ISA_KERNEL_H

#include "runtime/emulator/ptx/Module.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace muntin::emulator {

class Warp;
struct Instr;

using Ref = uint32_t;
constexpr Ref NoRef = ~Ref(0);
constexpr Ref ConstBit = Ref(1) << 31;
constexpr Ref NegateBit = Ref(1) << 30; ///< of a predicate
constexpr Ref IndexMask = NegateBit - 1;
constexpr unsigned WarpSize = 32;
constexpr uint32_t FullMask = ~uint32_t(0);

/// Executes one instruction for the lanes of `mask`, which is not empty.
using Handler = void (*)(Warp &, const Instr &, uint32_t mask);

/// What a report and the statistics count an instruction as.
enum class InstrClass : uint8_t {
  Integer,
  Float,
  Convert,
  Move,
  Memory,
  Shared,
  Atomic,
  Control,
  Barrier,
  Warp,
  Tensor,
  Async
};

struct Instr {
  Handler run = nullptr;
  Ref guard = NoRef;
  Ref op[6] = {NoRef, NoRef, NoRef, NoRef, NoRef, NoRef};
  uint32_t extra = 0; ///< first of extraCount more operands in Routine::extras
  uint16_t extraCount = 0;
  uint16_t row = 0; ///< of the instruction table
  int64_t imm = 0;
  uint32_t aux = 0;    ///< meaning is the decoder's and handler's own
  uint32_t source = 0; ///< index of the PTX instruction in Function::body
  Type type = Type::None, type2 = Type::None;
  uint8_t vec = 1, flags = 0;
};

/// A finding of the static analysis of wgmma registers.
struct StaticHazard {
  uint32_t pc;
  std::string message;
};

struct Routine {
  const Function *function = nullptr;
  std::vector<Instr> code;
  std::vector<Ref> extras;
  std::vector<uint32_t> tables; ///< jump tables and the copies of calls
  std::vector<uint32_t> constants;
  uint32_t frameWords = 0;
  uint32_t paramBytes = 0; ///< per lane: own `.param` space of a device function and of its calls
  uint32_t localBytes = 0; ///< per lane
  std::vector<StaticHazard> hazards;
};

/// An entry with every function it can reach, laid out for itself.
struct Kernel {
  std::shared_ptr<const Module> module;
  std::string name;
  const Function *entry = nullptr;
  std::vector<std::unique_ptr<Routine>> routines; ///< [0] is the entry
  uint32_t staticShared = 0;                      ///< bytes of named shared variables
  uint32_t dynamicOffset = 0;                     ///< where `extern .shared x[]` begins
  uint32_t paramBytes = 0;
  uint32_t localBytes = 0; ///< per lane, of the entry
  bool usesWgmma = false, usesCluster = false;

  uint32_t lineOf(const Routine &r, uint32_t pc) const;
  std::string sourceOf(const Routine &r, uint32_t pc) const; ///< "file:line" where `.loc` gives it
  std::string_view mnemonicOf(const Routine &r, uint32_t pc) const;
};

/// Addresses of module-scope variables, once memory is there for them.
using SymbolAddresses = std::map<const Variable *, uint64_t>;

/// Decodes an entry. `architecture` is that of the device, e.g. 80 or 90.
Result<std::shared_ptr<Kernel>> decodeKernel(std::shared_ptr<const Module> module, const Function &entry,
                                             const SymbolAddresses &symbols, unsigned architecture);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_ISA_KERNEL_H
