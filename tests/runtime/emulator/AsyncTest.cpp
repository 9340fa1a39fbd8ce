//===- AsyncTest.cpp - multicast, bulk reductions, st.async ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/TensorMap.h"
#include "tests/runtime/emulator/Harness.h"

#include <cstring>

namespace muntin::emulator::test {
namespace {

/// Runs under every asynchrony with the race checker on, and hands the finished session to the check.
void runAll(const std::string &text, const LaunchShape &shape, unsigned architecture,
            const std::function<Params(Session &)> &params, const std::function<void(Session &)> &check) {
  assemble(text, architecture);
  for (const AsyncMode mode : modes)
    for (uint64_t seed = 0; seed < (mode == AsyncMode::Random ? 3 : 1); ++seed) {
      SCOPED_TRACE("asynchrony " + std::to_string(static_cast<int>(mode)) + ", seed " + std::to_string(seed));
      Options options;
      options.async = mode;
      options.seed = seed;
      options.check = CheckLevel::Race;
      Session run(text, architecture, options);
      ASSERT_TRUE(run.loaded()) << run.error;
      const LaunchResult r = run.launch("k", shape, params(run));
      ASSERT_TRUE(r.ok) << r.reports[0].sentence();
      check(run);
    }
}

TEST(Async, MulticastReachesTheMaskedCtas) {
  for (const bool tensor : {false, true}) {
    const std::string copy = tensor ? "cp.async.bulk.tensor.1d.shared::cluster.global.tile.mbarrier::complete_tx::"
                                      "bytes.multicast::cluster [s], "
                                      "[%rd1, {%r9}], [m], %h;"
                                    : "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::"
                                      "cluster [s], [%rd2], 256, [m], %h;";
    const std::string text = header(90) + R"(
.visible .entry k(.param .align 64 .b8 map[128], .param .u64 in, .param .u64 out) .reqnctapercluster 4, 1, 1
{
  .reg .b16 %h; .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .pred %p, %q, %o;
  .shared .align 128 .b8 s[256]; .shared .align 8 .b64 m;
  mov.u32 %r1, %cluster_ctarank; mov.u32 %r2, %tid.x; setp.eq.u32 %p, %r2, 0; mov.b64 %rd1, map;
  ld.param.u64 %rd2, [in];
  shl.b32 %r3, %r2, 3; mov.u32 %r4, s; add.u32 %r4, %r4, %r3; mov.b16 %h, 13; mov.b32 %r9, 0;
  @%p mbarrier.init.shared.b64 [m], 1; @%p fence.mbarrier_init.release.cluster;
  barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;
  setp.eq.u32 %o, %r1, 1; @%o bra NOTHING;
  @%p mbarrier.arrive.expect_tx.shared.b64 _, [m], 256; setp.eq.and.u32 %q, %r1, 2, %p;
  @%q )" + copy + R"(
W: mbarrier.try_wait.parity.shared.b64 %q, [m], 0; @!%q bra W;
  ld.shared.v2.b32 {%r5, %r6}, [%r4]; mad.lo.u32 %r7, %r1, 32, %r2; ld.param.u64 %rd3, [out];
  mad.wide.u32 %rd3, %r7, 8, %rd3; st.global.v2.b32 [%rd3], {%r5, %r6};
NOTHING: barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; ret;
})";
    std::vector<uint32_t> data(64);
    for (uint32_t i = 0; i < 64; ++i)
      data[i] = i * i + 5;
    uint64_t out = 0;
    runAll(
        text, {{4, 1, 1}, {32, 1, 1}, {4, 1, 1}}, 90,
        [&](Session &s) {
          const uint64_t in = s.upload(data);
          out = s.upload(std::vector<uint32_t>(256));
          TensorMapData m{};
          m.magic = TensorMapMagic;
          m.base = in;
          m.rank = 1;
          m.extents[0] = 63;
          m.box[0] = 64;
          m.elementStrides[0] = 1;
          m.elementBytes = 4;
          m.type = 2; // u32
          return Params().add(m, 64).add(in).add(out);
        },
        [&](Session &s) {
          const auto got = s.download<uint32_t>(out, 256);
          for (unsigned i = 0; i < 256; ++i) // mask 13: ranks 0, 2 and 3
            EXPECT_EQ(got[i], i / 64 == 1 ? 0 : data[i % 64]);
        });
  }
}

/// 16 elements in memory, reduced by two CTAs in turn with the same operands.
template <typename T>
void reduce(const std::string &op, std::vector<T> memory, std::vector<T> operand, const std::function<T(T, T)> &f) {
  const std::string bytes = std::to_string(16 * sizeof(T));
  const std::string text = header(90) + R"(
.visible .entry k(.param .u64 to, .param .u64 from)
{
  .reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .pred %p; .shared .align 16 .b8 s[128];
  ld.param.u64 %rd1, [to]; ld.param.u64 %rd2, [from]; mov.u32 %r1, %tid.x; shl.b32 %r2, %r1, 2; cvt.u64.u32 %rd3, %r2;
  add.u64 %rd2, %rd2, %rd3; mov.u32 %r3, s; add.u32 %r3, %r3, %r2; ld.global.b32 %r4, [%rd2]; st.shared.b32 [%r3], %r4;
  fence.proxy.async.shared::cta; bar.sync 0; setp.eq.u32 %p, %r1, 0; @!%p bra END;
  cp.reduce.async.bulk.global.shared::cta.bulk_group.)" +
                           op + " [%rd1], [s], " + bytes + R"(;
  cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;
END: ret;
})";
  std::vector<T> want = memory;
  for (int cta = 0; cta < 2; ++cta)
    for (size_t i = 0; i < 16; ++i)
      want[i] = f(want[i], operand[i]);
  operand.resize(128 / sizeof(T));
  uint64_t to = 0;
  runAll(
      text, {{2, 1, 1}, {32, 1, 1}}, 90,
      [&](Session &s) { return Params().add(to = s.upload(memory)).add(s.upload(operand)); },
      [&](Session &s) {
        const auto got = s.download<T>(to, 16);
        for (size_t i = 0; i < 16; ++i)
          EXPECT_EQ(got[i], want[i]) << op << " element " << i;
      });
}

template <typename T> std::vector<T> numbers(int factor, int shift) {
  std::vector<T> v(16);
  for (int i = 0; i < 16; ++i)
    v[static_cast<size_t>(i)] = static_cast<T>(i * factor + shift);
  return v;
}

TEST(Async, BulkReductions) {
  const auto u = numbers<uint32_t>(3, 1), v = numbers<uint32_t>(-5, 40);
  reduce<uint32_t>("add.u32", u, v, [](uint32_t a, uint32_t b) { return a + b; });
  reduce<uint32_t>("and.b32", u, v, [](uint32_t a, uint32_t b) { return a & b; });
  reduce<uint32_t>("or.b32", u, v, [](uint32_t a, uint32_t b) { return a | b; });
  reduce<uint32_t>("inc.u32", u, v, [](uint32_t a, uint32_t b) { return a >= b ? 0 : a + 1; });
  reduce<uint32_t>("dec.u32", u, v, [](uint32_t a, uint32_t b) { return a == 0 || a > b ? b : a - 1; });
  reduce<int32_t>("min.s32", numbers<int32_t>(3, -20), numbers<int32_t>(-4, 9),
                  [](int a, int b) { return std::min(a, b); });
  reduce<int32_t>("max.s32", numbers<int32_t>(3, -20), numbers<int32_t>(-4, 9),
                  [](int a, int b) { return std::max(a, b); });
  reduce<uint64_t>("add.u64", numbers<uint64_t>(7, 1), numbers<uint64_t>(-5, 3),
                   [](uint64_t a, uint64_t b) { return a + b; });
  reduce<float>("add.f32", numbers<float>(3, 1), numbers<float>(-5, 3), [](float a, float b) { return a + b; });
  reduce<double>("add.f64", numbers<double>(3, 1), numbers<double>(-5, 3), [](double a, double b) { return a + b; });
  using H = _Float16;
  reduce<H>("add.noftz.f16", numbers<H>(3, 1), numbers<H>(-5, 3), [](H a, H b) { return static_cast<H>(a + b); });
  reduce<H>("min.f16", numbers<H>(3, -20), numbers<H>(-5, 3), [](H a, H b) { return std::min(a, b); });
}

TEST(Async, ArrivalsWhenCopiesAreDone) {
  for (const bool noIncrement : {false, true}) {
    // With .noinc the copying threads are expected; otherwise each raises the count itself, and one plain arrival is.
    const std::string text = header(80) + R"(
.visible .entry k(.param .u64 in, .param .u64 out)
{
  .reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .pred %p, %q; .shared .align 16 .b8 s[1024]; .shared .align 8 .b64 m;
  mov.u32 %r1, %tid.x; setp.eq.u32 %p, %r1, 0; @%p mbarrier.init.shared.b64 [m], )" +
                             (noIncrement ? "64" : "1") + R"(;
  bar.sync 0; ld.param.u64 %rd1, [in]; mad.wide.u32 %rd1, %r1, 16, %rd1; mov.u32 %r2, s; mad.lo.u32 %r3, %r1, 16, %r2;
  cp.async.cg.shared.global [%r3], [%rd1], 16; cp.async.mbarrier.arrive)" +
                             (noIncrement ? ".noinc" : "") + R"(.shared.b64 [m];
)" + (noIncrement ? "" : "bar.sync 0; @%p mbarrier.arrive.shared.b64 %rd4, [m];") +
                             R"(
W: mbarrier.test_wait.parity.shared.b64 %q, [m], 0; @!%q bra W;
  xor.b32 %r4, %r1, 63; mad.lo.u32 %r4, %r4, 16, %r2; ld.shared.b32 %r5, [%r4]; ld.param.u64 %rd2, [out];
  mad.wide.u32 %rd2, %r1, 4, %rd2; st.global.b32 [%rd2], %r5; ret;
})";
    std::vector<uint32_t> data(256);
    for (uint32_t i = 0; i < 256; ++i)
      data[i] = 3 * i + 1;
    uint64_t out = 0;
    runAll(
        text, {{1, 1, 1}, {64, 1, 1}}, 80,
        [&](Session &s) { return Params().add(s.upload(data)).add(out = s.upload(std::vector<uint32_t>(64))); },
        [&](Session &s) {
          const auto got = s.download<uint32_t>(out, 64);
          for (unsigned i = 0; i < 64; ++i)
            EXPECT_EQ(got[i], data[4 * (63 - i)]);
        });
  }
}

/// The arrival comes about after its warp has ended, on an mbarrier that was overwritten: the report names the issuer.
TEST(Async, ArrivalAfterTheEndOfItsWarp) {
  const std::string text = header(80) + R"(
.visible .entry k(.param .u64 in)
{
  .reg .b32 %r<4>; .reg .b64 %rd<4>; .reg .pred %p; .shared .align 16 .b8 s[16]; .shared .align 8 .b64 m;
  mov.u32 %r1, %tid.x; setp.eq.u32 %p, %r1, 0; @%p mbarrier.init.shared.b64 [m], 1; bar.sync 0; ld.param.u64 %rd1, [in];
  @!%p bra W;
  cp.async.ca.shared.global [s], [%rd1], 16;
  cp.async.mbarrier.arrive.noinc.shared.b64 [m];
  st.shared.b32 [m], 7;
  ret;
W: setp.lt.u32 %p, %r1, 32; @%p ret;
  bar.sync 1, 64; ret;
})";
  assemble(text, 80);
  Session run(text);
  ASSERT_TRUE(run.loaded()) << run.error;
  const LaunchResult r = run.launch("k", {{1, 1, 1}, {64, 1, 1}}, Params().add(run.upload(std::vector<uint32_t>(4))));
  ASSERT_FALSE(r.ok);
  EXPECT_EQ(r.reports[0].kind, ReportKind::BarrierMisuse) << r.reports[0].sentence();
  EXPECT_EQ(r.reports[0].text, "cp.async.mbarrier.arrive.noinc.shared.b64");
  EXPECT_EQ(r.reports[0].warp, 0);
}

TEST(Async, StoresIntoANeighbour) {
  const std::string text = header(90) + R"(
.visible .entry k(.param .u64 out) .reqnctapercluster 2, 1, 1
{
  .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .pred %p, %q; .shared .align 16 .b8 s[512]; .shared .align 8 .b64 m;
  mov.u32 %r1, %cluster_ctarank; mov.u32 %r2, %tid.x; setp.eq.u32 %p, %r2, 0; xor.b32 %r3, %r1, 1;
  @%p mbarrier.init.shared.b64 [m], 1; @%p mbarrier.arrive.expect_tx.shared.b64 _, [m], 512;
  @%p fence.mbarrier_init.release.cluster; barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;
  mov.u32 %r4, s; mad.lo.u32 %r5, %r2, 16, %r4; mapa.shared::cluster.u32 %r6, %r5, %r3; mov.u32 %r7, m;
  mapa.shared::cluster.u32 %r7, %r7, %r3; mad.lo.u32 %r8, %r1, 1000, %r2; add.u32 %r9, %r8, 100;
  st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%r6], {%r3, %r9, %r8, %r2}, [%r7];
W: mbarrier.try_wait.parity.shared.b64 %q, [m], 0; @!%q bra W;
  ld.shared.v4.b32 {%r10, %r11, %r12, %r13}, [%r5]; ld.param.u64 %rd1, [out]; mad.lo.u32 %r14, %r1, 32, %r2;
  mad.wide.u32 %rd1, %r14, 16, %rd1; st.global.v4.b32 [%rd1], {%r10, %r11, %r12, %r13};
  barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; ret;
})";
  uint64_t out = 0;
  runAll(
      text, {{2, 1, 1}, {32, 1, 1}, {2, 1, 1}}, 90,
      [&](Session &s) { return Params().add(out = s.upload(std::vector<uint32_t>(256))); },
      [&](Session &s) {
        const auto got = s.download<uint32_t>(out, 256);
        for (uint32_t i = 0; i < 64; ++i) {
          const uint32_t from = 1 - i / 32, lane = i % 32;
          EXPECT_EQ(got[4 * i], i / 32);
          EXPECT_EQ(got[4 * i + 1], from * 1000 + lane + 100);
          EXPECT_EQ(got[4 * i + 2], from * 1000 + lane);
          EXPECT_EQ(got[4 * i + 3], lane);
        }
      });
}

/// Beyond the source size come zeros; where the source is ignored, its address may be anything.
TEST(Async, CopiesOfPartOfTheSource) {
  const std::string text = header() + R"(.visible .entry k(.param .u64 in, .param .u64 out)
{
  .reg .b32 %r<12>; .reg .b64 %rd<6>; .reg .pred %odd; .shared .align 16 .b8 s[1024];
  mov.u32 %r1, %tid.x; ld.param.u64 %rd1, [in]; ld.param.u64 %rd2, [out]; mov.u32 %r2, s;
  mad.lo.u32 %r3, %r1, 32, %r2; mad.wide.u32 %rd3, %r1, 16, %rd1; mad.wide.u32 %rd4, %r1, 32, %rd2;
  rem.u32 %r4, %r1, 17; and.b32 %r5, %r1, 1; setp.ne.u32 %odd, %r5, 0;
  cp.async.cg.shared.global [%r3], [%rd3], 16, %r4; @%odd mov.b64 %rd3, 64;
  cp.async.ca.shared.global [%r3+16], [%rd3], 8, %odd; cp.async.ca.shared.global [%r3+24], [%rd1], 8; cp.async.wait_all;
  ld.shared.v4.b32 {%r4,%r5,%r6,%r7}, [%r3]; st.global.v4.b32 [%rd4], {%r4,%r5,%r6,%r7};
  ld.shared.v4.b32 {%r4,%r5,%r6,%r7}, [%r3+16]; st.global.v4.b32 [%rd4+16], {%r4,%r5,%r6,%r7};
  ret;
})";
  assemble(text, 80);
  std::vector<uint8_t> data(512);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<uint8_t>(i % 251 + 1);
  for (const AsyncMode mode : modes) {
    Options options;
    options.async = mode;
    options.check = CheckLevel::Race;
    Session run(text, 80, options);
    ASSERT_TRUE(run.loaded()) << run.error;
    const uint64_t out = run.upload(std::vector<uint8_t>(1024));
    ASSERT_TRUE(run.launch("k", {{1, 1, 1}, {32, 1, 1}}, Params().add(run.upload(data)).add(out)).ok);
    const auto got = run.download<uint8_t>(out, 1024);
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned b = 0; b < 32; ++b) {
        const uint8_t first = b < lane % 17 ? data[16 * lane + b] : 0;
        const uint8_t second = b >= 24 ? data[b - 24] : lane % 2 || b < 16 ? 0 : data[16 * lane + b - 16];
        EXPECT_EQ(got[32 * lane + b], b < 16 ? first : second) << lane << " " << b;
      }
  }
}

} // namespace
} // namespace muntin::emulator::test
