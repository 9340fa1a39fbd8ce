//===- ClusterOps.cpp - clusters: barriers, addresses -----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/Cluster.h"
#include "runtime/emulator/exec/Mbarrier.h"
#include "runtime/emulator/isa/Decoders.h"

#include <cstring>

namespace muntin::emulator {

namespace {

uint32_t liveThreads(Cluster &cluster) {
  uint32_t total = 0;
  for (auto &cta : cluster.members())
    for (auto &w : cta->warps())
      total += static_cast<uint32_t>(std::popcount(w->live()));
  return total;
}

void advance(Cluster &cluster) {
  if (cluster.clusterArrived == 0 || cluster.clusterArrived < liveThreads(cluster))
    return;
  cluster.clusterArrived = 0;
  ++cluster.clusterPhase;
  for (auto &cta : cluster.members())
    cta->progress = true;
}

bool phasePassed(Warp &w, const Split &s) {
  advance(*w.cta().cluster); // threads that ended count no more
  return w.cta().cluster->clusterPhase != s.waitsFor;
}

/// The race checker's object for a phase of barrier.cluster.
uint64_t objectOf(Cluster &cluster, uint32_t phase) { return reinterpret_cast<uint64_t>(&cluster) << 1 | (phase & 1); }

void arrive(Warp &w, const Instr &in, uint32_t mask) {
  if (in.aux && !w.converged(mask))
    return;
  Cluster &cluster = *w.cta().cluster;
  if (w.clusterWaits & mask)
    w.cta().fault(w, ReportKind::BarrierMisuse, -1, 0, "a second barrier.cluster.arrive without a wait between");
  w.clusterWaits |= mask;
  w.clusterPhase = cluster.clusterPhase;
  if (RaceChecker *race = w.cta().race; race && !in.flags) {
    race->release(w, objectOf(cluster, cluster.clusterPhase));
    race->releaseToCluster(w, objectOf(cluster, cluster.clusterPhase));
  }
  cluster.clusterArrived += static_cast<uint32_t>(std::popcount(mask));
  advance(cluster);
}

void wait(Warp &w, const Instr &in, uint32_t mask) {
  if (in.aux && !w.converged(mask))
    return;
  Cluster &cluster = *w.cta().cluster;
  if (mask & ~w.clusterWaits)
    w.cta().fault(w, ReportKind::BarrierMisuse, -1, 0, "barrier.cluster.wait without an arrive");
  advance(cluster);
  if (cluster.clusterPhase == w.clusterPhase)
    return w.blockUntil(phasePassed, w.clusterPhase, 0, false);
  w.clusterWaits &= ~mask;
  if (RaceChecker *race = w.cta().race) {
    race->acquire(w, objectOf(cluster, w.clusterPhase));
    race->acquireFromCluster(w, objectOf(cluster, w.clusterPhase));
  }
}

void barrier(Decoder &d, Handler handler) {
  d.take("release");
  d.take("acquire");
  d.now.flags = d.take("relaxed");
  d.now.aux = d.take("aligned");
  d.expectCount(0, 0);
  d.now.run = handler;
}

} // namespace

void decodeClusterArrive(Decoder &d) { barrier(d, arrive); }
void decodeClusterWait(Decoder &d) { barrier(d, wait); }

void decodeMapa(Decoder &d) {
  const bool isShared = d.take("shared::cluster");
  const Type type = d.needType();
  d.expectCount(3, 3);
  if (bitsOf(type) == 32 && !isShared)
    d.unsupported();
  d.now.aux = isShared;
  d.now.type = type;
  d.now.op[1] = d.src(1, type);
  d.now.op[2] = d.src(2, Type::U32);
  d.now.op[0] = d.dst(0u, type);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    const uint32_t *rank = w.words<uint32_t>(in.op[2]);
    const bool wide = bitsOf(in.type) == 64;
    eachLane(mask, [&](unsigned i) {
      if (rank[i] >= w.cta().cluster->size())
        w.cta().fault(w, ReportKind::OutOfBounds, static_cast<int>(i), rank[i],
                      "rank " + std::to_string(rank[i]) + " of a cluster of " +
                          std::to_string(w.cta().cluster->size()));
      const uint64_t a = wide ? w.words<uint64_t>(in.op[1])[i] : w.words<uint32_t>(in.op[1])[i];
      const uint64_t r = (a & ~(uint64_t(0xff) << 24)) | uint64_t(rank[i] + 1) << 24;
      if (wide)
        w.words<uint64_t>(in.op[0])[i] = r;
      else
        w.words<uint32_t>(in.op[0])[i] = static_cast<uint32_t>(r);
    });
  };
}

void decodeGetctarank(Decoder &d) {
  d.take("shared::cluster");
  const Type type = d.needType();
  d.expectCount(2, 2);
  d.now.type = type;
  d.now.op[1] = d.src(1, type);
  d.now.op[0] = d.dst(0u, Type::U32);
  d.now.run = [](Warp &w, const Instr &in, uint32_t mask) {
    eachLane(mask, [&](unsigned i) {
      const uint64_t a = bitsOf(in.type) == 64 ? w.words<uint64_t>(in.op[1])[i] : w.words<uint32_t>(in.op[1])[i];
      const uint32_t rank = (a >> 24) & 0xff;
      w.words<uint32_t>(in.op[0])[i] = rank ? rank - 1 : w.cta().rank;
    });
  };
}

void decodeSetmaxnreg(Decoder &d) {
  if (d.takeOne({"inc", "dec"}) < 0 || !d.take("sync") || !d.take("aligned") || d.needType() != Type::U32)
    d.unsupported();
  d.expectCount(1, 1);
  const int64_t n = d.integer(d.operand(0));
  if (n < 24 || n > 256 || n % 8)
    d.fail(d.operand(0), "expected a multiple of 8 from 24 to 256, got " + std::to_string(n));
  d.now.run = [](Warp &w, const Instr &, uint32_t mask) { w.converged(mask); };
}

} // namespace muntin::emulator
