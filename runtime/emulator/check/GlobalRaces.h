//===- GlobalRaces.h - happens-before between CTAs --------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the checkers of a launch's CTAs share: the last accesses to each cell
// of global memory, and the flags by which CTAs order themselves. An agent of
// a CTA knows of another CTA by a clock in that CTA's own numbering (Race.h):
//
//   CTA 0:  st [x] (warp 0, action 7)  fence  st.relaxed [flag]
//                                            the flag keeps {CTA 0: warp 0 at 7}
//   CTA 1:  ld.relaxed [flag]  fence         known = {CTA 0: warp 0 at 7}
//           ld [x]                           7 is known, so no race
//
// A cell remembers its last writer and two readers, of different CTAs if
// there are: a race with one of more readers may be missed, none is invented.
// A page of cells takes memory only for what happened to it: 3 bytes per byte
// read by one CTA, 6 by several, 3 more where it was written.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_CHECK_GLOBALRACES_H
#define MUNTIN_EMULATOR_CHECK_GLOBALRACES_H

#include "runtime/emulator/check/SharedCells.h"

#include <array>
#include <mutex>
#include <unordered_map>

namespace muntin::emulator {

/// By linear number of the CTA; a CTA's own clock need not be among them.
using Known = std::map<uint32_t, Clock>;
void join(Known &into, const Known &from);
/// As it was released: whoever spins on a flag sees the same one again.
using SharedKnown = std::shared_ptr<const Known>;

/// How far an access is morally strong: strong ones do not race with each other where both reach.
enum class Strength : uint8_t { Weak, Cta, Gpu };

/// One access to one cell, packed; zero for none.
struct CellAccess {
  uint64_t bits = 0;
  uint32_t where = 0; ///< routine << 24 | pc

  static constexpr unsigned LaneBits = 5, ActionBits = 27, AgentBits = 10, CtaBits = 20;
  static constexpr unsigned AgentAt = LaneBits + ActionBits, CtaAt = AgentAt + AgentBits, StrengthAt = CtaAt + CtaBits;
  static constexpr uint32_t MostCtas = 1 << CtaBits;
  uint32_t lane() const { return bits & 31; }
  uint32_t action() const { return (bits >> LaneBits) & ((1u << ActionBits) - 1); }
  uint32_t agent() const { return (bits >> AgentAt) & ((1u << AgentBits) - 1); }
  uint32_t cta() const { return (bits >> CtaAt) & (MostCtas - 1); }
  Strength strength() const { return static_cast<Strength>(bits >> StrengthAt); }
  bool sameAgent(const CellAccess &o) const {
    return ((bits ^ o.bits) << (64 - StrengthAt)) >> (64 - StrengthAt + AgentAt) == 0;
  }
  bool bothStrong(const CellAccess &o) const {
    return strength() != Strength::Weak && o.strength() != Strength::Weak &&
           (cta() == o.cta() || (strength() == Strength::Gpu && o.strength() == Strength::Gpu));
  }
  static CellAccess of(uint32_t cta, uint32_t agent, uint32_t action, uint32_t lane, Strength s, uint32_t where) {
    return {uint64_t(s) << StrengthAt | uint64_t(cta) << CtaAt | uint64_t(agent) << AgentAt |
                uint64_t(action) << LaneBits | lane,
            where};
  }
};

/// Bytes of global memory; every `pitch` bytes begins the next lane's.
struct GlobalSpan {
  uint64_t address, bytes, pitch;
};

class GlobalRaces {
public:
  explicit GlobalRaces(const Kernel &kernel);

  /// What the access's agent knows of earlier ones.
  struct Judge {
    uint32_t cta;
    const Clock &writers, &readers; ///< of its own CTA
    const Known &others;
    bool knows(const CellAccess &a, bool isWriter) const;
  };
  /// What an access races with, if it does: `other.bits` is not 0.
  struct Conflict {
    CellAccess other;
    uint64_t address = 0;
    bool otherWrites = false;
  };
  /// Notes the access.
  Conflict touch(const CellAccess &access, const Judge &judge, const GlobalSpan &span, bool write);

  /// Flags, locks and barriers of clusters, by an address of the host.
  void release(uint64_t object, SharedKnown known);
  /// All that was released there, or nullptr.
  SharedKnown acquire(uint64_t object);

private:
  static constexpr uint64_t PageShift = 12;
  enum Role : uint8_t { Writer, Reader, OtherReader, Roles };
  /// The accesses of one role to the cells of a page.
  struct Plane {
    std::vector<uint64_t> bits;
    std::vector<uint32_t> where;
    CellAccess get(uint64_t i) const { return bits.empty() ? CellAccess{} : CellAccess{bits[i], where[i]}; }
    void ensure(uint64_t cells) {
      if (bits.empty())
        bits.resize(cells), where.resize(cells);
    }
    void set(uint64_t i, const CellAccess &a) {
      bits[i] = a.bits;
      where[i] = a.where;
    }
  };
  using Page = std::array<Plane, Roles>;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<uint64_t, Page> pages;
  };
  uint64_t perPage() const { return uint64_t(1) << (PageShift - granuleShift_); }
  Conflict touchPage(CellAccess access, const Judge &judge, const GlobalSpan &span, uint64_t first, uint64_t last,
                     bool write);
  void noteReader(Page &page, uint64_t cell, const CellAccess &access) const;

  unsigned granuleShift_;
  std::array<Shard, 64> shards_;
  std::mutex objectsMutex_;
  std::unordered_map<uint64_t, SharedKnown> objects_;
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_CHECK_GLOBALRACES_H
