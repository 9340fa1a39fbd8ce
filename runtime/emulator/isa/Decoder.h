//===- Decoder.h - from parsed to executable instructions -------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row of Instructions.def names a decoder. It takes the modifiers that it
// knows, in any order, and describes its operands; what is left over is
// unsupported and said so with a caret. Operands are virtual registers until
// Allocate.cpp has coloured them.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_ISA_DECODER_H
#define MUNTIN_EMULATOR_ISA_DECODER_H

#include "runtime/emulator/isa/Kernel.h"

#include <unordered_map>

namespace muntin::emulator {

class Decoder;
using DecodeFn = void (*)(Decoder &);

/// Layout decisions that all routines of a kernel share.
struct KernelLayout {
  const SymbolAddresses &symbols;
  std::map<const Variable *, uint64_t> shared;
  std::map<const Function *, uint32_t> routineOf;
  unsigned architecture;
};

/// What the register allocator needs to know of one instruction.
struct DefsUses {
  std::vector<uint32_t> defs, uses; ///< virtual registers
};

/// Register class of a virtual register.
enum class Width : uint8_t { Predicate, Word, Double };

struct DraftRoutine {
  std::vector<Instr> code;
  std::vector<DefsUses> registers;
  std::vector<Ref> extras; ///< virtual registers or constants
  std::vector<Width> widths;
  std::vector<uint32_t> constants;
  std::vector<std::vector<uint32_t>> successors; ///< of branches only: targets as pcs
  std::vector<bool> endsBlock, fallsThrough;
};

/// What the hazard analysis needs to know of the routine's wgmma instructions, by pc.
struct WgmmaMarks {
  struct Product {
    std::vector<uint32_t> accumulators, fragment; ///< virtual registers
  };
  std::map<uint32_t, Product> products;
  std::map<uint32_t, uint32_t> waits; ///< the number of groups that may stay under way
  std::vector<uint32_t> fences, commits;
};

class Decoder {
public:
  Decoder(const Module &module, const Function &function, KernelLayout &layout, Routine &routine);
  void run();

  // Modifiers.
  bool take(std::string_view modifier);
  /// Takes the first of `options` that is present; its index, or -1.
  int takeOne(std::initializer_list<std::string_view> options);
  Type takeType();
  Type needType();
  /// Takes a modifier that starts with `prefix` and a digit, e.g. "x4", "L2::128B"; false if there is none.
  bool takePrefixed(std::string_view prefix, std::string_view &whole);
  bool has(std::string_view modifier) const;

  // Operands, by position.
  unsigned count() const { return ast_->operandCount; }
  const Operand &operand(unsigned i) const;
  const Operand &element(const Operand &list, unsigned i) const;
  void expectCount(unsigned least, unsigned most);
  Ref dst(const Operand &o, Type type);
  Ref dst(unsigned i, Type type) { return dst(operand(i), type); }
  Ref src(const Operand &o, Type type);
  Ref src(unsigned i, Type type) { return src(operand(i), type); }
  /// An operand that is read and written.
  Ref inOut(const Operand &o, Type type);
  Ref srcPredicate(const Operand &o);
  Ref dstPredicate(const Operand &o);
  Ref constant(uint64_t bits, Width width);
  Ref temporary(Width width);
  void define(Ref r);
  void use(Ref r);
  int64_t integer(const Operand &o); ///< must be an immediate
  /// Decodes `[base+offset]`: base register (64-bit or 32-bit) into op[slot], offset into imm.
  void addressOperand(const Operand &o, unsigned slot, Space space);
  void extra(Ref r);
  bool isSink(unsigned i) const { return operand(i).kind == OperandKind::Sink; }

  // Emission.
  Instr now; ///< the instruction being decoded
  std::vector<Instr> before, after;
  Ref ccRegister(); ///< the carry flag, a hidden predicate
  void setTargets(std::vector<uint32_t> labels, bool fallsThrough);
  void before_(Instr i, std::vector<Ref> defs, std::vector<Ref> uses);
  void requireArchitecture(unsigned least, const char *what);
  /// The instruction is a product of which the first `accumulators` extras, then `fragment` more, are registers.
  void markWgmma(unsigned accumulators, unsigned fragment) {
    wgmmaAccumulators_ = accumulators, wgmmaFragment_ = fragment;
  }
  void markWgmmaWait() { isWgmmaWait_ = true; }

  [[noreturn]] void fail(std::string message) const { throw PtxError{ast_->pos, std::move(message)}; }
  [[noreturn]] void fail(const Operand &o, std::string message) const { throw PtxError{o.pos, std::move(message)}; }
  [[noreturn]] void unsupported() const;
  const Instruction &ast() const { return *ast_; }
  const Module &module() const { return module_; }
  const Function &function() const { return function_; }
  KernelLayout &layout() { return layout_; }
  Routine &routine() { return routine_; }
  unsigned row() const { return row_; }
  uint64_t localOffset(const Variable &v) const;
  Width widthOf(const Operand &o) const;
  Type declared(const Operand &o) const { return function_.registers[o.reg].type; }
  bool isRegister(const Operand &o) const { return o.kind == OperandKind::Register; }

private:
  struct Pending {
    Instr instr;
    DefsUses registers;
  };
  void decodeOne(uint32_t index);
  void splitMnemonic();
  void emit(Instr i, DefsUses du, uint32_t source);
  void layoutLocals();
  Ref immediate(const Operand &o, Type type);
  uint64_t addressOf(const Operand &o) const;
  Ref special(const Operand &o, Type type);
  void resolveBranches();

  const Module &module_;
  const Function &function_;
  KernelLayout &layout_;
  Routine &routine_;
  DraftRoutine draft_;
  const Instruction *ast_ = nullptr;
  unsigned row_ = 0;
  std::vector<std::string_view> modifiers_;
  DefsUses nowRegisters_;
  std::vector<Pending> pendingBefore_, pendingAfter_;
  std::vector<uint32_t> firstPc_;                                        ///< by PTX instruction
  std::vector<std::pair<uint32_t, std::vector<uint32_t>>> branchLabels_; ///< pc, labels
  std::vector<uint32_t> targets_;
  bool isBranch_ = false, fallsThrough_ = true;
  std::map<std::pair<uint64_t, Width>, Ref> constantRefs_;
  std::map<const Variable *, uint64_t> localOffsets_;
  Ref cc_ = NoRef;
  WgmmaMarks wgmma_;
  unsigned wgmmaAccumulators_ = 0, wgmmaFragment_ = 0;
  bool isWgmmaWait_ = false;
  void noteWgmma(uint32_t pc);
  void checkWgmma();
};

/// Colours the virtual registers of a draft and completes the routine.
void allocateRegisters(DraftRoutine &draft, Routine &routine);

/// A row of Instructions.def.
struct InstructionRow {
  std::string_view prefix; ///< of the mnemonic, by whole dotted parts
  DecodeFn decode;
  InstrClass kind;
  unsigned architecture; ///< least, e.g. 80; 0 for any
  std::string_view form, note;
};
const std::vector<InstructionRow> &instructionTable();
/// The row with the longest matching prefix, or nullptr.
const InstructionRow *findRow(std::string_view mnemonic);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_ISA_DECODER_H
