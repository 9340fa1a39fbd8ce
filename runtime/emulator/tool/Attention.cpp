//===- Attention.cpp - attention kernels with a known interface, run and judged -===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/tool/Attention.h"

#include "runtime/emulator/exec/TensorMap.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <ctime>
#include <random>

namespace muntin::emulator {

namespace {

constexpr uint32_t D = 128;

uint16_t toBf16(float v) {
  uint32_t b;
  std::memcpy(&b, &v, 4);
  return static_cast<uint16_t>((b + 0x7fff + ((b >> 16) & 1)) >> 16);
}
float fromBf16(uint16_t b) {
  const uint32_t bits = uint32_t(b) << 16;
  float v;
  std::memcpy(&v, &bits, 4);
  return v;
}

std::vector<uint16_t> randomTensor(const AttentionProblem &p, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<uint16_t> data(size_t(p.batch) * p.tokens * p.heads * D);
  for (uint16_t &v : data)
    v = toBf16(normal(random));
  return data;
}

size_t at(const AttentionProblem &p, uint32_t b, uint32_t token, uint32_t h) {
  return ((size_t(b) * p.tokens + token) * p.heads + h) * D;
}

double dot(const uint16_t *a, const uint16_t *b) {
  double sum = 0;
  for (uint32_t d = 0; d < D; ++d)
    sum += double(fromBf16(a[d])) * fromBf16(b[d]);
  return sum;
}

/// Dimensions d, token, head, batch; 128-byte swizzle.
TensorMapData mapOf(const AttentionProblem &p, uint64_t base, uint16_t rows) {
  TensorMapData m{};
  m.magic = TensorMapMagic;
  m.base = base;
  m.rank = 4;
  const uint32_t extents[] = {D, p.tokens, p.heads, p.batch};
  const uint64_t strides[] = {uint64_t(p.heads) * D * 2, D * 2, uint64_t(p.tokens) * p.heads * D * 2};
  const uint16_t box[] = {64, rows, 1, 1};
  for (unsigned i = 0; i < 4; ++i) {
    m.extents[i] = extents[i] - 1;
    m.box[i] = box[i];
    m.elementStrides[i] = 1;
    if (i < 3)
      m.strides[i] = strides[i];
  }
  m.elementBytes = 2;
  m.type = 9; // bf16
  m.swizzle = 3;
  return m;
}

/// Softmax over the keys of one query in double: weights, and the base-2 logarithm of their sum.
double weightsOf(const AttentionProblem &p, const std::vector<uint16_t> &q, const std::vector<uint16_t> &k, uint32_t b,
                 uint32_t i, uint32_t h, std::vector<double> &w) {
  const double scale = 1 / std::sqrt(double(D));
  double most = -INFINITY, sum = 0;
  w.assign(p.tokens, -INFINITY);
  for (uint32_t j = 0; j < p.tokens; ++j)
    if (int(j) >= int(i) - p.left && int(j) <= int(i) + p.right)
      most = std::max(most, w[j] = scale * dot(&q[at(p, b, i, h)], &k[at(p, b, j, h)]));
  for (double &v : w)
    sum += v = std::exp(v - most);
  for (double &v : w)
    v /= sum;
  return (most + std::log(sum)) / std::log(2.0);
}

double relativeError(const double *want, const double *got) {
  double difference = 0, norm = 0;
  for (uint32_t d = 0; d < D; ++d) {
    difference += (got[d] - want[d]) * (got[d] - want[d]);
    norm += want[d] * want[d];
  }
  return std::sqrt(difference / std::max(norm, 1e-30));
}

struct Launched {
  LaunchResult result;
  double seconds = 0;
};

Launched launch(Emulator &e, const LoadedModule &module, const LaunchShape &shape, const Params &params) {
  const auto wall = std::chrono::steady_clock::now();
  const std::clock_t start = std::clock();
  Launched l{e.launch(*module.kernels().begin()->second, shape, params), 0};
  // One thread: processor time, which a busy machine does not change. Several: what passes on the wall.
  l.seconds = e.options.threads == 1 ? static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC
                                     : std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
  return l;
}

void finish(AttentionOutcome &o, const Launched &l, uint64_t ctas) {
  o.steps = l.result.steps;
  o.reports = l.result.reports;
  o.secondsPerCta = l.seconds / double(ctas);
  if (!l.result.ok)
    o.error = l.result.reports.empty() ? "failed" : l.result.reports[0].sentence();
}

} // namespace

AttentionOutcome runForward(std::string_view ptx, bool tensorMaps, const AttentionProblem &p, const Options &options) {
  AttentionOutcome o;
  Emulator e(tensorMaps ? 90 : 80, options);
  auto module = e.load(ptx);
  if (!module)
    return o.error = module.status().message(), o;
  const auto q = randomTensor(p, 1), k = randomTensor(p, 2), v = randomTensor(p, 3);
  const uint64_t dq = e.upload(q.data(), q.size() * 2), dk = e.upload(k.data(), k.size() * 2),
                 dv = e.upload(v.data(), v.size() * 2);
  const uint64_t out = e.allocate(q.size() * 2), lse = e.allocate(size_t(p.batch) * p.heads * p.tokens * 4);
  Params params;
  if (tensorMaps)
    params.add(mapOf(p, dq, 128), 64).add(mapOf(p, dk, 128), 64).add(mapOf(p, dv, 128), 64).add(mapOf(p, out, 64), 64);
  else
    params.add(dq).add(dk).add(dv).add(out);
  params.add(lse).add(p.tokens).add(p.left).add(p.right).add(
      static_cast<float>(std::log2(std::exp(1.0)) / std::sqrt(double(D))));
  LaunchShape shape{
      {p.tokens / 128, p.heads, p.batch}, {tensorMaps ? 384u : 256u, 1, 1}, {1, 1, 1}, tensorMaps ? 163912u : 65536u};
  Launched best = launch(e, **module, shape, params);
  for (unsigned i = 1; i < p.launches && best.result.ok; ++i)
    if (Launched next = launch(e, **module, shape, params); next.seconds < best.seconds || !next.result.ok)
      best = std::move(next);
  finish(o, best, uint64_t(shape.grid[0]) * p.heads * p.batch);
  if (!o.error.empty())
    return o;
  std::vector<uint16_t> got(q.size());
  std::vector<float> gotLse(size_t(p.batch) * p.heads * p.tokens);
  e.download(got.data(), out, got.size() * 2);
  e.download(gotLse.data(), lse, gotLse.size() * 4);
  std::vector<double> w;
  for (uint32_t b = 0; b < p.batch; ++b)
    for (uint32_t h = 0; h < p.heads; ++h)
      for (uint32_t i = 0; i < p.tokens; i += 7) {
        const double log = weightsOf(p, q, k, b, i, h, w);
        double want[D] = {}, have[D];
        for (uint32_t j = 0; j < p.tokens; ++j)
          for (uint32_t d = 0; d < D && w[j] != 0; ++d)
            want[d] += w[j] * fromBf16(v[at(p, b, j, h) + d]);
        for (uint32_t d = 0; d < D; ++d)
          have[d] = fromBf16(got[at(p, b, i, h) + d]);
        o.worstOutput = std::max(o.worstOutput, relativeError(want, have));
        o.worstLse = std::max(o.worstLse, std::fabs(log - double(gotLse[(size_t(b) * p.heads + h) * p.tokens + i])));
      }
  return o;
}

AttentionOutcome runBackward(std::string_view ptx, const AttentionProblem &p, const Options &options) {
  AttentionOutcome o;
  Emulator e(90, options);
  auto module = e.load(ptx);
  if (!module)
    return o.error = module.status().message(), o;
  const auto q = randomTensor(p, 1), k = randomTensor(p, 2), v = randomTensor(p, 3), g = randomTensor(p, 4);
  const size_t n = q.size(), rows = size_t(p.batch) * p.heads * p.tokens;
  std::vector<double> w, wantQ(n), wantK(n), wantV(n);
  std::vector<float> lse(rows), delta(rows), zero(n);
  const double scale = 1 / std::sqrt(double(D));
  for (uint32_t b = 0; b < p.batch; ++b)
    for (uint32_t h = 0; h < p.heads; ++h)
      for (uint32_t i = 0; i < p.tokens; ++i) {
        const size_t row = (size_t(b) * p.heads + h) * p.tokens + i, qi = at(p, b, i, h);
        lse[row] = static_cast<float>(weightsOf(p, q, k, b, i, h, w));
        std::vector<double> dp(p.tokens);
        double sum = 0;
        for (uint32_t j = 0; j < p.tokens; ++j)
          sum += w[j] * (dp[j] = dot(&g[qi], &v[at(p, b, j, h)]));
        delta[row] = static_cast<float>(sum);
        for (uint32_t j = 0; j < p.tokens; ++j) {
          const size_t kj = at(p, b, j, h), first = (size_t(b) * p.heads + h) * p.tokens;
          const double ds = w[j] * (dp[j] - sum); // the kernel leaves the factor 1/sqrt(128) to its caller
          for (uint32_t d = 0; d < D; ++d) {
            wantQ[(first + i) * D + d] += ds * fromBf16(k[kj + d]);
            wantK[(first + j) * D + d] += ds * fromBf16(q[qi + d]);
            wantV[(first + j) * D + d] += w[j] * fromBf16(g[qi + d]);
          }
        }
      }
  const uint64_t dq = e.upload(q.data(), n * 2), dk = e.upload(k.data(), n * 2), dv = e.upload(v.data(), n * 2),
                 dg = e.upload(g.data(), n * 2);
  const uint64_t dlse = e.upload(lse.data(), rows * 4), ddelta = e.upload(delta.data(), rows * 4),
                 outQ = e.upload(zero.data(), n * 4);
  const uint64_t outK = e.allocate(n * 2), outV = e.allocate(n * 2);
  Params params;
  params.add(mapOf(p, dq, 64), 64).add(mapOf(p, dk, 128), 64).add(mapOf(p, dv, 128), 64).add(mapOf(p, dg, 64), 64);
  params.add(dlse).add(ddelta).add(outQ).add(outK).add(outV).add(p.tokens).add(
      static_cast<float>(std::log2(std::exp(1.0)) * scale));
  LaunchShape shape{{p.tokens / 128, p.heads, p.batch}, {384, 1, 1}, {1, 1, 1}, 147528};
  finish(o, launch(e, **module, shape, params), uint64_t(shape.grid[0]) * p.heads * p.batch);
  if (!o.error.empty())
    return o;
  std::vector<float> gotQ(n);
  std::vector<uint16_t> gotK(n), gotV(n);
  e.download(gotQ.data(), outQ, n * 4);
  e.download(gotK.data(), outK, n * 2);
  e.download(gotV.data(), outV, n * 2);
  for (size_t row = 0; row < n; row += D) {
    double have[3][D];
    for (uint32_t d = 0; d < D; ++d)
      have[0][d] = double(gotQ[row + d]), have[1][d] = fromBf16(gotK[row + d]), have[2][d] = fromBf16(gotV[row + d]);
    const std::vector<double> *want[3] = {&wantQ, &wantK, &wantV};
    for (int i = 0; i < 3; ++i)
      o.worstGradients[i] = std::max(o.worstGradients[i], relativeError(want[i]->data() + row, have[i]));
  }
  return o;
}

} // namespace muntin::emulator
