//===- Tally.h - what happened in a cache, over all processes *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A file to which every event adds one byte:
//
//   muntin-tally-1 h=5120 a=20 d=0 v=0 f=0 u=0 c=20 w=0 e=3⏎aachhhhhhh
//   └──────── what there was when it was last folded ──────┘ └ since ┘
//
// Adding is one write() to the end, which the system does as a whole: it needs
// no lock, loses nothing however many processes do it, and cannot hang.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CACHE_TALLY_H
#define MUNTIN_RUNTIME_CACHE_TALLY_H

#include "runtime/cache/CacheFolder.h"

#include <array>

namespace muntin::runtime {

enum class Event : int {
  Hit,
  MissAbsent,
  MissDamaged,
  MissVersion,
  MissForeign,
  MissUnreadable,
  Compile,
  WriteFailed,
  Eviction,
};
constexpr int kNumEvents = 9;
/// "hits", "absent", ...
const char *eventName(Event event);
Event eventOf(Reason reason);

using Counts = std::array<uint64_t, kNumEvents>;

class Tally {
public:
  explicit Tally(const CacheFolder &folder) : folder_(folder) {}

  /// Adds `times` events. Does nothing where the file cannot be written.
  void add(Event event, int times = 1) const;
  Counts read() const;
  /// Shortens the file once it is long. Events that are added at this very moment may be lost.
  void fold() const;

private:
  Result<std::string> text() const;

  const CacheFolder &folder_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CACHE_TALLY_H
