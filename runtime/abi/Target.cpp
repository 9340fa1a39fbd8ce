//===- Target.cpp - the target table and detection ------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Target.h"

#include <fmt/format.h>

#include <algorithm>

namespace muntin {
namespace {

constexpr int64_t kKiB = 1024, kMiB = 1024 * kKiB;

// LLVM keeps to 256-bit vectors on x86-64-v4 unless told otherwise; the plans count on 512 bits.
constexpr char kV4Features[] = "-prefer-256-bit";
constexpr char kBf16Features[] = "-prefer-256-bit,+avx512bf16";
constexpr char kAmxFeatures[] = "-prefer-256-bit,+avx512bf16,+amx-tile,+amx-bf16";

// Cache sizes, from the vendors' optimisation manuals. The L1 data cache is 32 KiB on Haswell to Cascade Lake and on
// Zen 1 to Zen 4, 48 KiB on Ice Lake and later and on Zen 5. The L2 cache per core:
//   x86-64-v3      512 KiB: Zen 2 and Zen 3, which the row is tuned for (Haswell to Comet Lake have 256 KiB)
//   x86-64-v4      1 MiB:   Skylake-X, Cascade Lake, Zen 4 (Ice Lake servers 1.25 MiB)
//   avx512-bf16    1 MiB:   Zen 4, Zen 5 (Sapphire Rapids 2 MiB)
//   amx            2 MiB:   Sapphire Rapids, whose L1 has 48 KiB

// sm_80, from the CUDA C++ Programming Guide's table of technical specifications and the A100's data sheet. A block may
// have 163 KiB of shared memory on 8.0, but 99 KiB on 8.6 and 8.9: plans keep to the least, so that one image runs on
// all. An A100 has 108 multiprocessors at 1.41 GHz; 312 TFLOP/s are 1024 multiply-adds per clock and multiprocessor. 16
// exponentials and 4 x 32 lanes per clock are the guide's table of arithmetic throughput. 5120 bytes per clock from the
// second-level cache is the A100 white paper's. cp.async and mma.sync of bf16 need PTX 7.0.
constexpr GpuLimits kAmpere = {99 * kKiB, 255, 108, 1.41, 1024, 16, 128, 5120.0 / 108, "+ptx70"};
const std::vector<Target> &table() {
  // clang-format off
  static const std::vector<Target> rows = {
      // name, -mcpu, -mattr, lanes, registers, bf16 pairs, L1, L2, implemented, for tests
      {"sm_80", "sm_80", kAmpere.ptxVersion, 0, 0, Bf16Dot::None, 0, 0, true, false, &kAmpere},
      {"sm_90a", "sm_90a", "", 0, 0, Bf16Dot::None, 0, 0, false, false},
      // Plans of the AVX-512 rows in AVX2 code, so that they can be executed on machines without AVX-512.
      {"x86-64-v4-on-v3", "x86-64-v3", "", 16, 32, Bf16Dot::None, 32 * kKiB, kMiB, true, true},
      {"avx512-bf16-on-v3", "x86-64-v3", "", 16, 32, Bf16Dot::Expanded, 32 * kKiB, kMiB, true, true},
      // What detection may choose, best last.
      {"x86-64-v3", "x86-64-v3", "", 8, 16, Bf16Dot::None, 32 * kKiB, 512 * kKiB, true, false},
      {"x86-64-v4", "x86-64-v4", kV4Features, 16, 32, Bf16Dot::None, 32 * kKiB, kMiB, true, false},
      {"avx512-bf16", "x86-64-v4", kBf16Features, 16, 32, Bf16Dot::Native, 32 * kKiB, kMiB, true, false},
      {"amx", "x86-64-v4", kAmxFeatures, 16, 32, Bf16Dot::Native, 48 * kKiB, 2 * kMiB, false, false},
  };
  // clang-format on
  return rows;
}

/// What a row may use that not every x86-64 machine has. The builtin takes only
/// literals; it also asks the operating system whether it keeps the registers.
bool machineHas(std::string_view feature) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (feature == "x86-64-v3")
    return __builtin_cpu_supports("x86-64-v3");
  if (feature == "x86-64-v4")
    return __builtin_cpu_supports("x86-64-v4");
  if (feature == "+avx512bf16")
    return __builtin_cpu_supports("avx512bf16");
  if (feature == "+amx-tile")
    return __builtin_cpu_supports("amx-tile");
  if (feature == "+amx-bf16")
    return __builtin_cpu_supports("amx-bf16");
#endif
  return false;
}

std::string knownNames() {
  std::string names = "host";
  for (const Target &row : table())
    if (!row.forTests)
      names += fmt::format(", {}", row.name);
  return names;
}

} // namespace

bool Target::avx512() const { return std::string_view(llvmCpu) == "x86-64-v4"; }

const std::vector<Target> &targetTable() { return table(); }

Result<const Target *> findTarget(std::string_view name) {
  if (name == "host") {
    if (const Target *host = hostTarget())
      return host;
    return Status(StatusCode::Unavailable, "target host: this machine supports no target, it needs at least x86-64-v3");
  }
  const auto row = std::ranges::find(table(), name, [](const Target &target) { return std::string_view(target.name); });
  if (row == table().end())
    return Status::invalid(fmt::format("target is '{}', expected one of {}", name, knownNames()));
  if (!row->implemented)
    return Status(StatusCode::NotInThisVersion, fmt::format("target {} is not in this version", name));
  return &*row;
}

bool machineSupports(const Target &target) {
  if (target.gpu)
    return false;
  if (!machineHas(target.llvmCpu))
    return false;
  std::string_view rest = target.llvmFeatures;
  while (!rest.empty()) {
    const std::string_view feature = rest.substr(0, rest.find(','));
    if (feature.starts_with('+') && !machineHas(feature))
      return false;
    rest.remove_prefix(std::min(rest.size(), feature.size() + 1));
  }
  return true;
}

const Target *hostTarget() {
  const Target *best = nullptr;
  for (const Target &row : table())
    if (row.implemented && !row.forTests && machineSupports(row))
      best = &row;
  return best;
}

} // namespace muntin
