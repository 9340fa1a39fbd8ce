//===- Special.cpp - special registers ------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Cluster.h"
#include "runtime/emulator/exec/Control.h"
#include "runtime/emulator/exec/Lanes.h"

#include <chrono>

namespace muntin::emulator {

namespace {

#define MUNTIN_SPECIAL_REGISTERS(X)                                                                                    \
  X("%tid.x", TidX, false)                                                                                             \
  X("%tid.y", TidY, false)                                                                                             \
  X("%tid.z", TidZ, false)                                                                                             \
  X("%ntid.x", NtidX, false)                                                                                           \
  X("%ntid.y", NtidY, false)                                                                                           \
  X("%ntid.z", NtidZ, false)                                                                                           \
  X("%ctaid.x", CtaidX, false)                                                                                         \
  X("%ctaid.y", CtaidY, false)                                                                                         \
  X("%ctaid.z", CtaidZ, false)                                                                                         \
  X("%nctaid.x", NctaidX, false)                                                                                       \
  X("%nctaid.y", NctaidY, false)                                                                                       \
  X("%nctaid.z", NctaidZ, false)                                                                                       \
  X("%laneid", LaneId, false)                                                                                          \
  X("%warpid", WarpId, false)                                                                                          \
  X("%nwarpid", NwarpId, false)                                                                                        \
  X("%smid", SmId, false)                                                                                              \
  X("%nsmid", NsmId, false)                                                                                            \
  X("%gridid", GridId, true)                                                                                           \
  X("%lanemask_eq", MaskEq, false)                                                                                     \
  X("%lanemask_le", MaskLe, false)                                                                                     \
  X("%lanemask_lt", MaskLt, false)                                                                                     \
  X("%lanemask_ge", MaskGe, false)                                                                                     \
  X("%lanemask_gt", MaskGt, false)                                                                                     \
  X("%clock", Clock, false)                                                                                            \
  X("%clock_hi", ClockHi, false)                                                                                       \
  X("%clock64", Clock64, true)                                                                                         \
  X("%globaltimer", Timer, true)                                                                                       \
  X("%globaltimer_lo", TimerLo, false)                                                                                 \
  X("%globaltimer_hi", TimerHi, false)                                                                                 \
  X("%dynamic_smem_size", DynamicShared, false)                                                                        \
  X("%total_smem_size", TotalShared, false)                                                                            \
  X("%cluster_ctarank", ClusterRank, false)                                                                            \
  X("%cluster_nctarank", ClusterSize, false)                                                                           \
  X("%cluster_ctaid.x", InClusterX, false)                                                                             \
  X("%cluster_ctaid.y", InClusterY, false)                                                                             \
  X("%cluster_ctaid.z", InClusterZ, false)                                                                             \
  X("%cluster_nctaid.x", ClusterX, false)                                                                              \
  X("%cluster_nctaid.y", ClusterY, false)                                                                              \
  X("%cluster_nctaid.z", ClusterZ, false)                                                                              \
  X("%clusterid.x", ClusterIdX, false)                                                                                 \
  X("%clusterid.y", ClusterIdY, false)                                                                                 \
  X("%clusterid.z", ClusterIdZ, false)                                                                                 \
  X("%nclusterid.x", NclusterX, false)                                                                                 \
  X("%nclusterid.y", NclusterY, false)                                                                                 \
  X("%nclusterid.z", NclusterZ, false)                                                                                 \
  X("%is_explicit_cluster", ExplicitCluster, false)                                                                    \
  X("WARP_SZ", WarpSz, false)

enum Special : uint32_t {
#define MUNTIN_SPECIAL(name, id, wide) id,
  MUNTIN_SPECIAL_REGISTERS(MUNTIN_SPECIAL)
#undef MUNTIN_SPECIAL
};

struct SpecialInfo {
  std::string_view name;
  bool wide;
};
constexpr SpecialInfo specialTable[] = {
#define MUNTIN_SPECIAL(name, id, wide) {name, wide},
    MUNTIN_SPECIAL_REGISTERS(MUNTIN_SPECIAL)
#undef MUNTIN_SPECIAL
};

uint64_t timer() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

uint64_t shapeValue(Warp &w, uint32_t index) {
  Cta &cta = w.cta();
  const LaunchShape &shape = cta.grid().shape;
  const auto axis = [&](uint32_t first) { return index - first; };
  if (index >= NtidX && index <= NtidZ)
    return shape.block[axis(NtidX)];
  if (index >= CtaidX && index <= CtaidZ)
    return cta.id()[axis(CtaidX)];
  if (index >= NctaidX && index <= NctaidZ)
    return shape.grid[axis(NctaidX)];
  if (index >= InClusterX && index <= InClusterZ)
    return cta.id()[axis(InClusterX)] % shape.cluster[axis(InClusterX)];
  if (index >= ClusterX && index <= ClusterZ)
    return shape.cluster[axis(ClusterX)];
  if (index >= ClusterIdX && index <= ClusterIdZ)
    return cta.id()[axis(ClusterIdX)] / shape.cluster[axis(ClusterIdX)];
  return shape.grid[axis(NclusterX)] / shape.cluster[axis(NclusterX)];
}

uint64_t uniformValue(Warp &w, uint32_t index) {
  Cta &cta = w.cta();
  switch (index) {
  case WarpId: return w.index();
  case NwarpId: return cta.warps().size();
  case SmId: return 0;
  case NsmId: return 1;
  case GridId: return cta.grid().id;
  case Clock: return static_cast<uint32_t>(w.steps);
  case ClockHi: return w.steps >> 32;
  case Clock64: return w.steps;
  case Timer: return timer();
  case TimerLo: return static_cast<uint32_t>(timer());
  case TimerHi: return timer() >> 32;
  case DynamicShared: return cta.grid().shape.dynamicShared;
  case TotalShared: return cta.sharedBytes();
  case ClusterRank: return cta.rank;
  case ClusterSize: return cta.cluster->size();
  case ExplicitCluster: return cta.cluster->size() > 1;
  case WarpSz: return WarpSize;
  default: return shapeValue(w, index);
  }
}

uint32_t laneValue(Warp &w, uint32_t index, unsigned i) {
  const uint32_t bit = uint32_t(1) << i;
  switch (index) {
  case TidX: return w.threadId[0][i];
  case TidY: return w.threadId[1][i];
  case TidZ: return w.threadId[2][i];
  case LaneId: return i;
  case MaskEq: return bit;
  case MaskLe: return bit | (bit - 1);
  case MaskLt: return bit - 1;
  case MaskGe: return ~(bit - 1);
  default: return ~(bit | (bit - 1));
  }
}

void readSpecial(Warp &w, const Instr &in, uint32_t mask) {
  const uint32_t index = in.aux;
  const bool perLane = index <= TidZ || index == LaneId || (index >= MaskEq && index <= MaskGt);
  const uint64_t value = perLane ? 0 : uniformValue(w, index);
  eachLane(mask, [&](unsigned i) {
    if (specialTable[index].wide)
      w.words<uint64_t>(in.op[0])[i] = value;
    else
      w.words<uint32_t>(in.op[0])[i] = perLane ? laneValue(w, index, i) : static_cast<uint32_t>(value);
  });
}

int find(std::string_view name) {
  for (int i = 0; const SpecialInfo &s : specialTable) {
    if (s.name == name)
      return i;
    ++i;
  }
  return -1;
}

} // namespace

Handler specialRegister(std::string_view name) { return find(name) < 0 ? nullptr : &readSpecial; }
uint32_t specialIndex(std::string_view name) { return static_cast<uint32_t>(find(name)); }
bool specialIsWide(std::string_view name) { return specialTable[find(name)].wide; }

} // namespace muntin::emulator
