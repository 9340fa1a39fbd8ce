//===- Tma.cpp - tensor copies --------------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A box of the tensor lies in shared memory row by row, dimension 0 fastest;
// then 16-byte pieces change places by absolute address bits:
//
//   128 B: bits 4-6 ^= bits 7-9     64 B: bits 4-5 ^= bits 7-8     32 B: bit 4 ^= bit 7
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/TensorMap.h"

#include "runtime/emulator/check/Race.h"
#include "runtime/emulator/exec/Bulk.h"
#include "runtime/emulator/exec/Cluster.h"

#include <cstring>

namespace muntin::emulator {

namespace {

uint32_t swizzled(uint32_t address, unsigned mode) {
  static constexpr uint32_t Mask[] = {0, 1, 3, 7};
  return address ^ (((address >> 7) & Mask[mode]) << 4);
}

struct Box {
  TensorMapData map;
  int64_t origin[5] = {};
  uint32_t count[5] = {1, 1, 1, 1, 1}; ///< elements along each dimension
  uint32_t rowBytes = 0, rows = 1;

  Box(const TensorMapData &m, const int32_t *coordinates) : map(m) {
    for (unsigned i = 0; i < m.rank; ++i) {
      origin[i] = coordinates[i];
      const unsigned step = i == 0 ? 1 : m.elementStrides[i];
      count[i] = (m.box[i] + step - 1) / step;
      rows *= i == 0 ? 1 : count[i];
    }
    rowBytes = count[0] * m.elementBytes;
  }
  uint64_t bytes() const { return uint64_t(rowBytes) * rows; }

  /// Bytes [first, last) of row r that lie in the tensor, and their global address; empty if none.
  struct Row {
    uint32_t first = 0, last = 0;
    uint64_t address = 0;
  };
  Row row(uint32_t r) const {
    uint64_t offset = 0;
    for (unsigned i = 1; i < map.rank; ++i) {
      const int64_t at = origin[i] + int64_t(r % count[i]) * map.elementStrides[i];
      r /= count[i];
      if (at < 0 || at > int64_t(map.extents[i]))
        return {};
      offset += static_cast<uint64_t>(at) * map.strides[i - 1];
    }
    const int64_t low = std::max<int64_t>(0, -origin[0]);
    const int64_t high = std::min<int64_t>(count[0], int64_t(map.extents[0]) + 1 - origin[0]);
    if (low >= high)
      return {};
    const uint64_t size = map.elementBytes;
    return {static_cast<uint32_t>(low * size), static_cast<uint32_t>(high * size),
            map.base + offset + static_cast<uint64_t>(origin[0] + low) * size};
  }
};

/// Elements outside the tensor: zero, or a NaN for floats when the map says so.
void fillOutside(const TensorMapData &map, uint8_t *row, uint32_t bytes) {
  if (!map.fillNan)
    return void(std::memset(row, 0, bytes));
  std::memset(row, 0xff, bytes); // the driver's "special constant NaN" is left open
}

/// Device bytes, when the copy happens: the allocation may have gone since, which is the program's fault.
uint8_t *deviceBytes(Grid &grid, uint64_t address, uint64_t bytes, const Report &issuer, bool writes) {
  Allocation *a = grid.memory.find(address);
  if (!a || !a->holds(address, bytes)) {
    Report r = issuer;
    r.kind = grid.memory.findReleased(address) ? ReportKind::UseAfterFree : ReportKind::OutOfBounds;
    r.address = address;
    r.message =
        "the tensor map reaches " + std::to_string(bytes) + " bytes of global memory: " + grid.memory.describe(address);
    throw Fault{r};
  }
  if (writes)
    a->markWritten(address, bytes);
  return a->host + (address - a->base);
}

void loadBox(Grid &grid, const Box &box, Cta &cta, uint32_t offset, const Report &issuer) {
  std::vector<uint8_t> row(box.rowBytes);
  for (uint32_t r = 0; r < box.rows; ++r) {
    const Box::Row part = box.row(r);
    fillOutside(box.map, row.data(), box.rowBytes);
    if (part.first < part.last)
      std::memcpy(row.data() + part.first, deviceBytes(grid, part.address, part.last - part.first, issuer, false),
                  part.last - part.first);
    for (uint32_t b = 0; b < box.rowBytes; b += 16)
      std::memcpy(cta.shared() + swizzled(offset + r * box.rowBytes + b, box.map.swizzle), row.data() + b, 16);
  }
}

void storeBox(Grid &grid, const Box &box, Cta &cta, uint32_t offset, BulkReduction op, Type type,
              const Report &issuer) {
  std::vector<uint8_t> row(box.rowBytes);
  for (uint32_t r = 0; r < box.rows; ++r) {
    const Box::Row part = box.row(r);
    if (part.first >= part.last)
      continue;
    for (uint32_t b = 0; b < box.rowBytes; b += 16)
      std::memcpy(row.data() + b, cta.shared() + swizzled(offset + r * box.rowBytes + b, box.map.swizzle), 16);
    uint8_t *to = deviceBytes(grid, part.address, part.last - part.first, issuer, true);
    if (op == BulkReduction::None)
      std::memcpy(to, row.data() + part.first, part.last - part.first);
    else
      reduceElements(to, row.data() + part.first, part.last - part.first, op, type);
  }
}

/// Instr::aux.
constexpr uint32_t IsStore = 1, Multicast = 2;
constexpr unsigned ReductionShift = 8;

TensorMapData readMap(Warp &w, const Instr &in, unsigned lane) {
  TensorMapData map;
  const uint64_t at = w.words<uint64_t>(in.op[2])[lane];
  if (windowOf(at) == ParamWindow) {
    const auto &params = w.cta().grid().params;
    const uint64_t offset = at - ParamWindow;
    if (offset + sizeof map > params.size())
      w.cta().fault(w, ReportKind::OutOfBounds, static_cast<int>(lane), at, "a tensor map outside the parameters");
    std::memcpy(&map, params.data() + offset, sizeof map);
  } else {
    std::memcpy(&map, globalHost(w, lane, at, sizeof map, 64, Access::Read), sizeof map);
  }
  if (map.magic != TensorMapMagic)
    w.cta().fault(w, ReportKind::AsyncMisuse, static_cast<int>(lane), at,
                  "the 128 bytes are no tensor map of this driver");
  if (map.rank != in.vec)
    w.cta().fault(w, ReportKind::AsyncMisuse, static_cast<int>(lane), at,
                  "a tensor map of rank " + std::to_string(map.rank) + " in an instruction of rank " +
                      std::to_string(in.vec));
  return map;
}

/// What is elementary of the type as reductions see it.
Type reductionType(const TensorMapData &map) {
  static constexpr Type types[] = {Type::U8,  Type::U16, Type::U32, Type::S32, Type::U64,
                                   Type::S64, Type::F16, Type::F32, Type::F64, Type::BF16};
  return map.type < 10 ? types[map.type] : Type::F32;
}

/// The rows of global memory that a copy reads or writes, to the race checker.
void noteRows(Warp &w, const GlobalAccess &access, unsigned lane, const Box &box) {
  for (uint32_t r = 0; r < box.rows; ++r)
    if (const Box::Row row = box.row(r); row.first < row.last)
      w.cta().race->touchGlobal(access, w, lane, {row.address, row.last - row.first, row.last - row.first});
}

void load(Warp &w, const Instr &in, unsigned lane, const Box &box, const std::shared_ptr<BulkTask> &task) {
  Cta &cta = w.cta();
  const uint64_t to = w.words<uint64_t>(in.op[1])[lane], barrier = w.words<uint64_t>(in.op[3])[lane];
  std::vector<std::pair<Cta *, uint32_t>> targets;
  const uint32_t ctas = in.aux & Multicast ? w.words<uint32_t>(in.op[4])[lane] & 0xffff : 1;
  for (uint32_t rank = 0; rank < 16; ++rank) {
    if (!((ctas >> rank) & 1))
      continue;
    const uint64_t suffix = uint64_t(rank + 1) << 24;
    const uint64_t at = in.aux & Multicast ? (to & 0xffffff) | suffix : to;
    const uint8_t *host = sharedHost(w, lane, at, box.bytes(), 128);
    const uint64_t owner = (at >> 24) & 0xff;
    Cta *target = owner ? cta.cluster->member(static_cast<uint32_t>(owner - 1)) : &cta;
    targets.push_back({target, static_cast<uint32_t>(at & 0xffffff)});
    addTarget(w, lane, *task, findMbarrier(w, lane, in.aux & Multicast ? (barrier & 0xffffff) | suffix : barrier), host,
              box.bytes(), true);
  }
  if (cta.race) {
    beginSource(w, *task, cta.race->mbarrierAgent(barrier & 0xffffff));
    noteRows(w, {task->agent, task->action, false, Strength::Weak, true}, lane, box);
  }
  task->move = [&grid = cta.grid(), box, targets, issuer = task->issuer] {
    for (const auto &[target, offset] : targets)
      loadBox(grid, box, *target, offset, issuer);
  };
}

void tensorCopy(Warp &w, const Instr &in, uint32_t mask) {
  Cta &cta = w.cta();
  eachLane(mask, [&](unsigned lane) {
    const TensorMapData map = readMap(w, in, lane);
    int32_t coordinates[5] = {};
    for (unsigned i = 0; i < in.vec; ++i)
      coordinates[i] = static_cast<int32_t>(w.words<uint32_t>(w.extra(in, i))[lane]);
    const Box box(map, coordinates);
    auto task = std::make_shared<BulkTask>();
    task->bytes = static_cast<int64_t>(box.bytes());
    const uint64_t at = w.words<uint64_t>(in.op[1])[lane];
    task->issuer = cta.reportAt(w, w.pc(), w.frame(), ReportKind::AsyncMisuse, static_cast<int>(lane), at, "");
    if (!(in.aux & IsStore)) {
      load(w, in, lane, box, task);
      return issueBulk(w, std::move(task), false);
    }
    sharedHost(w, lane, at, box.bytes(), 128);
    const auto offset = static_cast<uint32_t>(at & 0xffffff);
    if (RaceChecker *race = cta.race) {
      beginSource(w, *task, race->bulkAgent(w));
      race->touch(task->agent, task->action, w, lane, offset, box.bytes(), false, true);
      const Strength strength = in.aux >> ReductionShift ? Strength::Gpu : Strength::Weak;
      noteRows(w, {task->agent, task->action, true, strength, true}, lane, box);
    }
    const auto op = static_cast<BulkReduction>((in.aux >> ReductionShift) & 15);
    task->move = [&grid = cta.grid(), &cta, box, offset, op, issuer = task->issuer] {
      storeBox(grid, box, cta, offset, op, reductionType(box.map), issuer);
    };
    issueBulk(w, std::move(task), true);
  });
}

unsigned takeRank(Decoder &d) {
  const int rank = d.takeOne({"1d", "2d", "3d", "4d", "5d"});
  if (rank < 0)
    d.fail("expected .1d to .5d");
  return static_cast<unsigned>(rank + 1);
}

void tensorOperand(Decoder &d, const Operand &o) {
  if (o.kind != OperandKind::Address || o.count != 2 || d.element(o, 1).kind != OperandKind::Vector)
    d.fail(o, "expected [map, {coordinates}]");
  Operand base = o;
  base.count = 1;
  d.now.op[2] = effectiveAddress(d, base, false);
  const Operand &list = d.element(o, 1);
  if (list.count != d.now.vec)
    d.fail(list, "expected " + std::to_string(d.now.vec) + " coordinates, got " + std::to_string(list.count));
  for (unsigned i = 0; i < list.count; ++i)
    d.extra(d.src(d.element(list, i), Type::S32));
}

} // namespace

void decodeBulkTensor(Decoder &d) {
  d.now.vec = static_cast<uint8_t>(takeRank(d));
  const bool policy = d.take("L2::cache_hint");
  const int to = d.has("bulk_group") ? 2 + !d.take("global") : d.takeOne({"shared::cluster", "shared::cta"});
  d.take("tile");
  if (to == 2) {
    if (!d.take("shared::cta") || !d.take("bulk_group"))
      d.unsupported();
    d.expectCount(2 + policy, 2 + policy);
    d.now.aux = IsStore;
    tensorOperand(d, d.operand(0));
    d.now.op[1] = effectiveAddress(d, d.operand(1), true);
  } else {
    const bool multicast = d.take("multicast::cluster");
    if (to < 0 || !d.take("global") || !d.take("mbarrier::complete_tx::bytes"))
      d.unsupported();
    d.expectCount(3 + multicast + policy, 3 + multicast + policy);
    d.now.aux = multicast ? Multicast : 0;
    d.now.op[1] = effectiveAddress(d, d.operand(0), true);
    tensorOperand(d, d.operand(1));
    d.now.op[3] = effectiveAddress(d, d.operand(2), true);
    if (multicast)
      d.now.op[4] = d.src(3, Type::U16);
  }
  d.now.run = tensorCopy;
}

void decodeBulkTensorReduce(Decoder &d) {
  d.now.vec = static_cast<uint8_t>(takeRank(d));
  const bool policy = d.take("L2::cache_hint");
  const int op = d.takeOne({"add", "min", "max", "inc", "dec", "and", "or", "xor"});
  d.take("tile");
  if (op < 0 || !d.take("global") || !d.take("shared::cta") || !d.take("bulk_group"))
    d.unsupported();
  d.expectCount(2 + policy, 2 + policy);
  d.now.aux = IsStore | static_cast<uint32_t>(op + 1) << ReductionShift;
  tensorOperand(d, d.operand(0));
  d.now.op[1] = effectiveAddress(d, d.operand(1), true);
  d.now.run = tensorCopy;
}

} // namespace muntin::emulator
