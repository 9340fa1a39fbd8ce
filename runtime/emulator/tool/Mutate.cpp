//===- Mutate.cpp - one synchronisation instruction less ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/tool/Mutate.h"

#include <algorithm>

namespace muntin::emulator {

namespace {

constexpr std::string_view synchronisation[] = {"bar.",
                                                "barrier.",
                                                "fence",
                                                "membar",
                                                "cp.async.commit_group",
                                                "cp.async.wait",
                                                "cp.async.bulk.commit_group",
                                                "cp.async.bulk.wait_group",
                                                "wgmma.fence",
                                                "wgmma.commit_group",
                                                "wgmma.wait_group",
                                                "mbarrier.arrive",
                                                "mbarrier.expect_tx",
                                                "mbarrier.init",
                                                "mbarrier.try_wait",
                                                "mbarrier.test_wait"};

bool isSynchronisation(std::string_view mnemonic) {
  if (mnemonic.starts_with("bar.warp"))
    return false; // a warp runs in lockstep here: nothing could notice
  return std::any_of(std::begin(synchronisation), std::end(synchronisation),
                     [&](std::string_view s) { return mnemonic.starts_with(s); });
}

/// Where the instruction's text begins (with its guard) and ends (with its semicolon).
std::pair<size_t, size_t> extent(const Module &m, const Instruction &i) {
  size_t begin = static_cast<size_t>(i.pos.at - m.text.data());
  if (i.guard >= 0)
    begin = m.text.rfind('@', begin);
  return {begin, m.text.find(';', begin) + 1};
}

std::string replaced(const Module &m, std::pair<size_t, size_t> at, const std::string &by) {
  return m.text.substr(0, at.first) + by + m.text.substr(at.second);
}

void add(std::vector<Mutation> &out, const Module &m, const Instruction &i, const std::string &what,
         const std::string &by) {
  out.push_back({i.line, what + " " + std::string(i.mnemonic), replaced(m, extent(m, i), by)});
}

void mutate(std::vector<Mutation> &out, const Module &m, const Instruction &i) {
  const auto at = extent(m, i);
  const std::string whole = m.text.substr(at.first, at.second - at.first);
  if (i.mnemonic.find("try_wait") != std::string_view::npos || i.mnemonic.find("test_wait") != std::string_view::npos) {
    const Operand &p = m.operandPool[i.operands];
    return add(out, m, i, "passing", "setp.eq.b32 " + std::string(p.name) + ", 0, 0;");
  }
  add(out, m, i, "without", "");
  if (i.mnemonic.find("wait_group") != std::string_view::npos) {
    const int64_t n = m.operandPool[i.operands].value;
    const size_t digit = whole.find_last_of("0123456789");
    if (n < 7)
      add(out, m, i, "one more group in", whole.substr(0, digit) + std::to_string(n + 1) + whole.substr(digit + 1));
  }
  if (i.mnemonic.find("expect_tx") != std::string_view::npos) {
    const Operand &bytes = m.operandPool[i.operands + i.operandCount - 1];
    const size_t comma = whole.rfind(',');
    const std::string value =
        bytes.kind == OperandKind::Integer ? std::to_string(bytes.value) : std::string(bytes.name);
    add(out, m, i, "16 bytes more in",
        "{ .reg .b32 mtn_bytes; add.u32 mtn_bytes, " + value + ", 16; " + whole.substr(0, comma) + ", mtn_bytes; }");
  }
}

} // namespace

std::vector<Mutation> mutationsOf(const Module &module, std::string_view function) {
  std::vector<Mutation> out;
  for (const Function &f : module.functions)
    for (const Instruction &i : f.body)
      if ((function.empty() || f.name == function) && isSynchronisation(i.mnemonic))
        mutate(out, module, i);
  return out;
}

} // namespace muntin::emulator
