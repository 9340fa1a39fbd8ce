//===- Profile.cpp - what a launch did ------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Profile.h"

#include "runtime/emulator/exec/LoadStore.h"

#include <algorithm>
#include <set>
#include <utility>

namespace muntin::emulator {

Wavefronts countWavefronts(const uint64_t *offset, uint32_t mask, unsigned bytes) {
  const unsigned phase = bytes <= 4 ? 32 : bytes == 8 ? 16 : 8;
  Wavefronts w;
  for (unsigned first = 0; first < WarpSize; first += phase) {
    std::set<uint64_t> words;
    for (unsigned i = first; i < first + phase; ++i)
      if ((mask >> i) & 1)
        for (unsigned b = 0; b < std::max(bytes, 4u); b += 4)
          words.insert((offset[i] + b) / 4);
    if (words.empty())
      continue;
    unsigned perBank[32] = {}, most = 0;
    for (const uint64_t word : words)
      most = std::max(most, ++perBank[word % 32]);
    w.actual += most;
    w.least += 1;
  }
  return w;
}

unsigned countSectors(const uint64_t *address, uint32_t mask, unsigned bytes) {
  std::set<uint64_t> sectors;
  eachLane(mask, [&](unsigned i) {
    for (uint64_t a = address[i] / 32; a <= (address[i] + bytes - 1) / 32; ++a)
      sectors.insert(a);
  });
  return static_cast<unsigned>(sectors.size());
}

void profileAccess(Warp &w, const Instr &in, uint32_t mask, MemSpace space, unsigned bytes, const Touched &t) {
  Profile &profile = *w.cta().grid().profile;
  uint64_t shared[WarpSize];
  uint32_t inShared = 0, inGlobal = 0;
  eachLane(mask, [&](unsigned i) {
    bool isShared = space == MemSpace::Shared;
    shared[i] = space == MemSpace::Generic ? sharedFromGeneric(t.address[i], isShared) : t.address[i];
    inShared |= uint32_t(isShared) << i;
    inGlobal |= uint32_t(!isShared && windowOf(t.address[i]) <= DeviceWindow && space <= MemSpace::Global) << i;
  });
  const std::lock_guard lock(profile.mutex);
  LineProfile &line = profile.lines[{w.frame().routine, in.source}];
  if (inShared) {
    const Wavefronts fronts = countWavefronts(shared, inShared, bytes);
    line.wavefronts += fronts.actual;
    line.leastWavefronts += fronts.least;
  }
  if (inGlobal) {
    line.sectors += countSectors(t.address, inGlobal, bytes);
    line.leastSectors += (std::popcount(inGlobal) * bytes + 31) / 32;
  }
}

template <typename... Values> static std::string format(const char *text, Values... values) {
  std::string line(512, '\0');
  line.resize(static_cast<size_t>(std::snprintf(line.data(), line.size(), text, values...)));
  return line;
}

static std::vector<std::string> describe(const Profile &profile, const char *text) {
  std::vector<std::string> lines;
  using Number = unsigned long long;
  for (const auto &[key, l] : profile.lines) {
    const Instruction &i = key.first->function->body[key.second];
    const std::string name(i.mnemonic.substr(0, 44));
    const double lanes = l.executed ? double(l.lanes) / double(l.executed) : 0;
    lines.push_back(format(text, i.line, name.c_str(), Number(l.executed), lanes, Number(l.wavefronts),
                           Number(l.wavefronts - l.leastWavefronts), Number(l.sectors),
                           static_cast<long long>(l.sectors) - static_cast<long long>(l.leastSectors)));
  }
  return lines;
}

std::vector<std::string> describe(const Profile &profile) {
  std::vector<std::string> lines = describe(profile, "%6u %-44s %10llu %6.2f %10llu %8llu %10llu %8lld");
  lines.insert(lines.begin(), format("%6s %-44s %10s %6s %10s %8s %10s %8s", "line", "instruction", "executed", "lanes",
                                     "wavefronts", "extra", "sectors", "extra"));
  return lines;
}

std::vector<std::string> describeAsJson(const Profile &profile) {
  return describe(profile, "{\"line\": %u, \"instruction\": \"%s\", \"executed\": %llu, \"lanes\": %.2f, "
                           "\"wavefronts\": %llu, \"wavefronts_extra\": %llu, \"sectors\": %llu, "
                           "\"sectors_extra\": %lld}");
}

void observe(Warp &w, const Instr &in, uint32_t mask) {
  if (Profile *profile = w.cta().grid().profile) {
    const std::lock_guard lock(profile->mutex);
    LineProfile &line = profile->lines[{w.frame().routine, in.source}];
    ++line.executed;
    line.lanes += static_cast<uint64_t>(std::popcount(mask));
  }
}

void observeResult(Warp &w, const Instr &in, uint32_t mask) {
  Trace *trace = w.cta().grid().trace;
  if (!trace || !std::equal(trace->cta, trace->cta + 3, w.cta().id()) || trace->warp != w.index() ||
      trace->lines.size() >= trace->mostLines)
    return;
  const Kernel &k = w.cta().kernel();
  char text[256];
  const std::string_view name = k.mnemonicOf(*w.frame().routine, w.pc());
  int n = std::snprintf(text, sizeof text, "%6u  %08x  %-40.*s", k.lineOf(*w.frame().routine, w.pc()), mask,
                        static_cast<int>(std::min<size_t>(name.size(), 40)), name.data());
  std::string line(text, static_cast<size_t>(n));
  const Ref d = in.op[0];
  if (mask && d != NoRef && !(d & ConstBit) && in.type != Type::Pred && in.type != Type::None) {
    const unsigned lane = static_cast<unsigned>(std::countr_zero(mask));
    const unsigned long long value = bitsOf(in.type) > 32 ? w.words<uint64_t>(d)[lane] : w.words<uint32_t>(d)[lane];
    std::snprintf(text, sizeof text, "  lane %u: 0x%llx", lane, value);
    line += text;
  }
  trace->lines.push_back(std::move(line));
}

std::string summaryOf(const Profile &profile) {
  LineProfile all;
  std::map<std::string, uint64_t> byName;
  for (const auto &[key, line] : profile.lines) {
    all.executed += line.executed;
    all.wavefronts += line.wavefronts, all.leastWavefronts += line.leastWavefronts;
    all.sectors += line.sectors, all.leastSectors += line.leastSectors;
    const std::string_view name = key.first->function->body[key.second].mnemonic;
    byName[std::string(name.substr(0, name.find('.')))] += line.executed;
  }
  const auto member = [](const std::string &name, uint64_t value) {
    return "\"" + name + "\": " + std::to_string(value);
  };
  std::string text =
      member("warp_instructions", all.executed) + ", " + member("wavefronts", all.wavefronts) + ", " +
      member("wavefronts_extra", all.wavefronts - all.leastWavefronts) + ", " + member("sectors", all.sectors) + ", " +
      member("sectors_extra", all.sectors - std::min(all.sectors, all.leastSectors)) + ", \"executed\": {";
  bool first = true;
  for (const auto &[name, count] : byName)
    text += (std::exchange(first, false) ? "" : ", ") + member(name, count);
  return text + "}";
}

} // namespace muntin::emulator
