//===- HopperTest.cpp - tensor copies, wgmma, clusters --------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/TensorMap.h"
#include "tests/runtime/emulator/Harness.h"

#include <cstring>
#include <random>

namespace muntin::emulator::test {
namespace {

TensorMapData mapOf(uint64_t base, std::vector<uint32_t> extents, std::vector<uint32_t> box, unsigned swizzle) {
  TensorMapData m{};
  m.magic = TensorMapMagic;
  m.base = base;
  m.rank = static_cast<uint8_t>(extents.size());
  uint64_t stride = 2;
  for (size_t i = 0; i < extents.size(); ++i) {
    m.extents[i] = extents[i] - 1;
    m.box[i] = static_cast<uint16_t>(box[i]);
    m.elementStrides[i] = 1;
    stride *= extents[i];
    if (i < 4)
      m.strides[i] = stride;
  }
  m.elementBytes = 2;
  m.type = 1;
  m.swizzle = static_cast<uint8_t>(swizzle);
  return m;
}

TEST(Hopper, TensorLoadsSwizzleAndFill) {
  const std::string text = header(90) + R"(
.visible .entry k(.param .align 64 .b8 map[128], .param .u64 out, .param .s32 x, .param .s32 y)
{
  .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .pred %p, %q;
  .shared .align 1024 .b8 s[2048]; .shared .align 8 .b64 m;
  mov.u32 %r1, %tid.x; setp.eq.u32 %p, %r1, 0; mov.b64 %rd1, map; ld.param.s32 %r2, [x]; ld.param.s32 %r3, [y];
  @%p mbarrier.init.shared.b64 [m], 1; @%p fence.mbarrier_init.release.cluster; bar.sync 0;
  @%p mbarrier.arrive.expect_tx.shared.b64 _, [m], BYTES;
  @%p cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [s], [%rd1, {%r2, %r3}], [m];
W: mbarrier.try_wait.parity.shared.b64 %q, [m], 0; @!%q bra W;
  shl.b32 %r4, %r1, 4; mov.u32 %r5, s; add.u32 %r5, %r5, %r4; ld.shared.v4.b32 {%r6,%r7,%r8,%r9}, [%r5];
  ld.param.u64 %rd2, [out]; cvt.u64.u32 %rd3, %r4; add.u64 %rd2, %rd2, %rd3;
  st.global.v4.b32 [%rd2], {%r6,%r7,%r8,%r9}; ret;
})";
  constexpr unsigned Columns = 96, Rows = 40;
  std::vector<uint16_t> tensor(Columns * Rows);
  for (unsigned i = 0; i < tensor.size(); ++i)
    tensor[i] = static_cast<uint16_t>(i + 1);
  for (unsigned swizzle = 0; swizzle < 4; ++swizzle) {
    const unsigned span = swizzle == 0 ? 64 : 16u << swizzle, columns = span / 2, rows = 16, bytes = span * rows;
    std::string used = text;
    used.replace(used.find("BYTES"), 5, std::to_string(bytes));
    assemble(used, 90);
    for (const auto &[x, y] :
         {std::pair(0, 0), std::pair(16, 8), std::pair(-8, -3), std::pair(int(Columns) - 8, int(Rows) - 5)})
      for (const AsyncMode mode : modes) {
        Options options;
        options.async = mode;
        options.check = CheckLevel::Race;
        Session run(used, 90, options);
        ASSERT_TRUE(run.loaded()) << run.error;
        const uint64_t in = run.upload(tensor), out = run.upload(std::vector<uint16_t>(1024));
        const LaunchResult r =
            run.launch("k", {{1, 1, 1}, {bytes / 16, 1, 1}},
                       Params().add(mapOf(in, {Columns, Rows}, {columns, rows}, swizzle), 64).add(out).add(x).add(y));
        ASSERT_TRUE(r.ok) << r.reports[0].sentence();
        const auto got = run.download<uint16_t>(out, bytes / 2);
        for (unsigned row = 0; row < rows; ++row)
          for (unsigned c = 0; c < columns; ++c) {
            const int gx = x + int(c), gy = y + int(row);
            const bool inside = gx >= 0 && gx < int(Columns) && gy >= 0 && gy < int(Rows);
            const unsigned at = row * columns + 8 * place(swizzle, row, c / 8) + c % 8;
            ASSERT_EQ(got[at], inside ? tensor[size_t(gy) * Columns + size_t(gx)] : 0)
                << swizzle << " " << x << " " << row << " " << c;
          }
      }
  }
}

TEST(Hopper, TensorStoresDropWhatLiesOutsideAndReduce) {
  for (const bool reduce : {false, true}) {
    const std::string text = header(90) + R"(
.visible .entry k(.param .align 64 .b8 map[128])
{
  .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .pred %p; .shared .align 1024 .b8 s[512];
  mov.u32 %r1, %tid.x; setp.eq.u32 %p, %r1, 0; mov.b64 %rd1, map; shl.b32 %r2, %r1, 2; mov.u32 %r3, s;
  add.u32 %r3, %r3, %r2; st.shared.b32 [%r3], 0x00050005;
  fence.proxy.async.shared::cta; bar.sync 0; mov.b32 %r4, -4; mov.b32 %r5, 6;
  @%p )" +
                             std::string(reduce ? "cp.reduce.async.bulk.tensor.2d.global.shared::cta.add"
                                                : "cp.async.bulk.tensor.2d.global.shared::cta") +
                             R"(.tile.bulk_group [%rd1, {%r4, %r5}], [s];
  cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0; ret;
})";
    assemble(text, 90);
    Options options;
    options.check = CheckLevel::Race;
    Session run(text, 90, options);
    ASSERT_TRUE(run.loaded()) << run.error;
    const uint64_t at = run.upload(std::vector<uint16_t>(16 * 8, 1));
    const LaunchResult r = run.launch("k", {{1, 1, 1}, {32, 1, 1}}, Params().add(mapOf(at, {16, 8}, {8, 8}, 0), 64));
    ASSERT_TRUE(r.ok) << r.reports[0].sentence();
    const auto got = run.download<uint16_t>(at, 16 * 8);
    for (unsigned y = 0; y < 8; ++y)
      for (unsigned x = 0; x < 16; ++x)
        EXPECT_EQ(got[y * 16 + x], x < 4 && y >= 6 ? (reduce ? 6 : 5) : 1);
  }
}

TEST(Hopper, ClustersShareMemory) {
  const std::string text = header(90) + R"(
.visible .entry k(.param .u64 out) .reqnctapercluster 4, 1, 1
{
  .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .pred %p; .shared .align 16 .b8 s[256];
  mov.u32 %r1, %cluster_ctarank; mov.u32 %r2, %tid.x; mad.lo.u32 %r3, %r1, 100, %r2; shl.b32 %r4, %r2, 2;
  mov.u32 %r5, s; add.u32 %r6, %r5, %r4; st.shared.b32 [%r6], %r3;
  barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned;
  add.u32 %r7, %r1, 1; and.b32 %r7, %r7, 3; mapa.shared::cluster.u32 %r8, %r6, %r7; ld.shared::cluster.b32 %r9, [%r8];
  barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;
  mov.u32 %r10, %ctaid.x; mad.lo.u32 %r10, %r10, 32, %r2; ld.param.u64 %rd1, [out]; mad.wide.u32 %rd1, %r10, 4, %rd1;
  st.global.b32 [%rd1], %r9; ret;
})";
  assemble(text, 90);
  Options options;
  options.check = CheckLevel::Race;
  Session run(text, 90, options);
  ASSERT_TRUE(run.loaded()) << run.error;
  const uint64_t out = run.upload(std::vector<uint32_t>(256));
  const LaunchResult r = run.launch("k", {{8, 1, 1}, {32, 1, 1}, {4, 1, 1}}, Params().add(out));
  ASSERT_TRUE(r.ok) << r.reports[0].sentence();
  const auto got = run.download<uint32_t>(out, 256);
  for (unsigned i = 0; i < 256; ++i)
    EXPECT_EQ(got[i], (i / 32 + 1) % 4 * 100 + i % 32);
}

} // namespace
} // namespace muntin::emulator::test
