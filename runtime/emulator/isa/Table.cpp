//===- Table.cpp - finding a row of the instruction table -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Decoders.h"

namespace muntin::emulator {

const std::vector<InstructionRow> &instructionTable() {
  static const std::vector<InstructionRow> table = {
#define X(prefix, decoder, kind, architecture, form, note)                                                             \
  {prefix, &decoder, InstrClass::kind, architecture, form, note},
#include "runtime/emulator/isa/Instructions.def"
#undef X
  };
  return table;
}

const InstructionRow *findRow(std::string_view mnemonic) {
  static const auto index = [] {
    std::unordered_map<std::string_view, const InstructionRow *> map;
    for (const InstructionRow &row : instructionTable())
      map.emplace(row.prefix, &row);
    return map;
  }();
  // Whole dotted parts, the longest first; no prefix has more than five.
  size_t ends[5], parts = 0;
  for (size_t i = 0; i <= mnemonic.size() && parts < 5; ++i)
    if (i == mnemonic.size() || mnemonic[i] == '.')
      ends[parts++] = i;
  while (parts-- > 0)
    if (const auto found = index.find(mnemonic.substr(0, ends[parts])); found != index.end())
      return found->second;
  return nullptr;
}

} // namespace muntin::emulator
