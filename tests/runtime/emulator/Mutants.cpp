//===- Mutants.cpp - valid kernels, changed token by token ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Mutants.h"

#include "runtime/emulator/Emulator.h"

#include <array>
#include <vector>

namespace muntin::emulator::test {
namespace {

const char *seeds[] = {
    R"(.version 8.0
.target sm_80
.address_size 64
.global .align 4 .u32 table[4] = {1, 2, 3, 4};
.func (.param .b32 r) twice(.param .b32 a) { .reg .b32 %r<4>; ld.param.b32 %r1, [a]; add.s32 %r1, %r1, %r1;
  st.param.b32 [r], %r1; ret; }
.visible .entry k(.param .u64 p)
{
  .reg .pred %p<4>; .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .f32 %f<8>; .shared .align 16 .b8 s[1024];
  .local .align 8 .b8 l[16];
  ld.param.u64 %rd1, [p]; mov.u32 %r1, %tid.x; shl.b32 %r2, %r1, 4; mov.u32 %r3, s; add.u32 %r4, %r3, %r2;
  cvt.u64.u32 %rd2, %r2; add.u64 %rd3, %rd1, %rd2;
  cp.async.cg.shared.global [%r4], [%rd3], 16; cp.async.commit_group; cp.async.wait_group 0; bar.sync 0;
  ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r5, %r6}, [%r4]; shfl.sync.bfly.b32 %r7|%p1, %r5, 1, 31, -1;
  { .param .b32 a; .param .b32 b; st.param.b32 [a], %r7; call (b), twice, (a); ld.param.b32 %r8, [b]; }
  mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f0,%f1,%f2,%f3}, {%r5,%r6,%r7,%r8}, {%r5,%r6}, {%f0,%f1,%f2,%f3};
  mov.u64 %rd4, l; st.local.b32 [%rd4+4], %r8; ld.local.b32 %r9, [%rd4+4]; atom.global.add.u32 %r10, [%rd1], %r9;
  setp.lt.u32 %p2, %r1, 16; @%p2 bra A; add.s32 %r1, %r1, 1; bar.warp.sync 0xffff0000;
  A: st.global.v2.b32 [%rd3], {%r9, %r10};
  t: .branchtargets B, C; and.b32 %r11, %r1, 1; brx.idx %r11, t; B: mov.b32 %r12, 1;
  C: vote.sync.ballot.b32 %r13, %p2, -1; ret;
})",
    R"(.version 8.0
.target sm_90a
.address_size 64
.visible .entry k(.param .u64 p)
{
  .reg .pred %p<4>; .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .f32 %f<8>; .shared .align 1024 .b8 s[8192];
  .shared .align 8 .b64 m;
  ld.param.u64 %rd1, [p]; mov.u32 %r1, %tid.x; setp.eq.u32 %p0, %r1, 0; @%p0 mbarrier.init.shared.b64 [m], 1;
  bar.sync 0;
  @%p0 mbarrier.arrive.expect_tx.shared.b64 _, [m], 512;
  @%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [s], [%rd1], 512, [m];
  W: mbarrier.try_wait.parity.shared.b64 %p1, [m], 0; @!%p1 bra W;
  mov.u32 %r2, s; shr.u32 %r3, %r2, 4; cvt.u64.u32 %rd2, %r3; or.b64 %rd2, %rd2, 4611686293305360384;
  setp.eq.u32 %p2, 0, 0;
  wgmma.fence.sync.aligned;
  wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f0,%f1,%f2,%f3}, %rd2, %rd2, %p2, 1, 1, 0, 0;
  wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;
  fence.proxy.async; bar.sync 0; @%p0 cp.async.bulk.global.shared::cta.bulk_group [%rd1], [s], 512;
  cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;
  barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned; mapa.shared::cluster.u32 %r4, %r2, 0;
  elect.sync %r5|%p3, -1; setmaxnreg.dec.sync.aligned.u32 24; ret;
})"};

std::vector<std::string> tokens(const std::string &text) {
  std::vector<std::string> out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    const auto isWord = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '%'; };
    if (isWord(text[i]))
      while (end < text.size() && isWord(text[end]))
        ++end;
    out.push_back(text.substr(i, end - i));
    i = end;
  }
  return out;
}

/// The token that takes another one's place, or the number that does.
std::string replacement(uint8_t other, const std::vector<std::string> &t) {
  static constexpr const char *numbers[] = {"0", "-1", "4294967295", "7", "0x7fffffffffffffff", "65"};
  return other < std::size(numbers) ? numbers[other] : t[other % t.size()];
}

void change(std::vector<std::string> &t, std::span<const uint8_t> how) {
  if (t.empty())
    return;
  const size_t at = (how[1] | how[2] << 8) % t.size(), other = (how[3] | how[4] << 8) % t.size();
  switch (how[0] % 5) {
  case 0: t.erase(t.begin() + static_cast<ptrdiff_t>(at)); break;
  case 1: t.insert(t.begin() + static_cast<ptrdiff_t>(at), t[other]); break;
  case 2: std::swap(t[at], t[other]); break;
  case 3: t[at] = t[other]; break;
  default: t[at] = replacement(how[3], t); break;
  }
}

constexpr size_t HeadBytes = 1, ChangeBytes = 5;
constexpr size_t MostSharedBytes = 227 << 10;

} // namespace

std::string mutantText(std::span<const uint8_t> script) {
  const unsigned head = script.empty() ? 0 : script[0];
  std::vector<std::string> t = tokens(seeds[head & 1]);
  for (size_t at = HeadBytes; at + ChangeBytes <= script.size() && at < HeadBytes + 8 * ChangeBytes; at += ChangeBytes)
    change(t, script.subspan(at, ChangeBytes));
  std::string text;
  for (const std::string &token : t)
    text += token;
  return text;
}

MutantEnd runMutant(std::span<const uint8_t> script) {
  const unsigned head = script.empty() ? 0 : script[0], architecture = head & 1 ? 90 : 80;
  Options options;
  options.stepLimit = 20000;
  options.threads = 1;
  options.async = static_cast<AsyncMode>((head >> 1) % 3);
  options.check = static_cast<CheckLevel>((head >> 3) % 3);
  Emulator emulator(architecture, options);
  const auto module = emulator.load(mutantText(script));
  if (!module)
    return MutantEnd::Refused;
  const auto kernel = (*module)->kernel("k");
  if (!kernel || kernel->staticShared > MostSharedBytes)
    return MutantEnd::Refused; // as the driver would
  const std::vector<uint32_t> data(1024);
  std::vector<uint8_t> params = Params().add(emulator.upload(data.data(), data.size() * sizeof(uint32_t)));
  params.resize(std::max<size_t>(params.size(), kernel->paramBytes));
  const LaunchShape shape{{1, 1, 1}, {architecture == 90 ? 128u : 64u, 1, 1}};
  return emulator.launch(*kernel, shape, params).ok ? MutantEnd::Ran : MutantEnd::Faulted;
}

} // namespace muntin::emulator::test
