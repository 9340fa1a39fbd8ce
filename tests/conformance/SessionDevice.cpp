//===- SessionDevice.cpp - a device through the C interface ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/CallSite.h"
#include "tests/conformance/Device.h"
#include "tests/conformance/DeviceCopies.h"
#include "tests/support/GuardedMemory.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <muntin/muntin.h>

namespace muntin::conformance {
namespace {

struct KernelRelease {
  void operator()(mtn_kernel *kernel) const { mtn_kernel_release(kernel); }
};
struct CallRelease {
  void operator()(mtn_call *call) const { mtn_call_release(call); }
};
using Kernel = std::unique_ptr<mtn_kernel, KernelRelease>;
using Call = std::unique_ptr<mtn_call, CallRelease>;

class SessionDevice : public Device {
public:
  SessionDevice(mtn_session *session, const mtn_device_info &info)
      : session_(session), gpu_(std::string(info.name) != "cpu"), target_(info.target) {}
  ~SessionDevice() override { mtn_session_destroy(session_); }

  Status run(const Case &c, const reference::Inputs &inputs, const reference::Outputs &outputs, int threads) override {
    CallSite site(c, inputs, outputs, threads);
    DeviceCopies copies(session_, gpu_);
    if (const Status status = copies.send(c, site); !status)
      return status;
    if (const Status status = run(c, site, copies); !status)
      return status;
    return copies.fetch();
  }
  Result<uint64_t> processedPairs(const Case &c, const reference::Inputs &inputs) override {
    CallSite site(c, inputs, {{nullptr, c.problem.element, c.out.strides}, {}}, c.threads);
    DeviceCopies copies(session_, gpu_);
    if (const Status status = copies.send(c, site); !status)
      return status;
    if (gpu_)
      site.problem.alignment = alignmentOf(c, copies);
    mtn_kernel *handle = nullptr;
    if (const Status status = statusOf(mtn_prepare(session_, &site.problem, 0, &handle)); !status)
      return status;
    const Kernel kernel(handle);
    uint64_t pairs = 0;
    const Status status = statusOf(mtn_kernel_processed_pairs(kernel.get(), &site.shape, site.arguments.segments,
                                                              site.arguments.kv_segments, &pairs));
    return status ? Result<uint64_t>(pairs) : status;
  }
  uint64_t compiles() const override {
    mtn_session_stats stats = {};
    stats.struct_size = sizeof stats;
    return mtn_session_get_stats(session_, &stats) == MTN_OK ? stats.compiles : 0;
  }
  int64_t kernelsPerProblem() const override { return gpu_ ? 4 : 1; }
  std::string reports() const override {
    const char *file = std::getenv("MUNTIN_EMULATOR_REPORT");
    std::ifstream stream(file ? file : "");
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::vector<std::string> targets() const override {
    return gpu_ ? std::vector<std::string>{target_} : targetsThat(true);
  }
  std::vector<std::string> templates() const override {
    std::vector<std::string> names = Device::templates();
    if (gpu_)
      names.push_back("naive");
    return names;
  }
  std::vector<std::string> skippedTargets() const override {
    return gpu_ ? std::vector<std::string>() : targetsThat(false);
  }

private:
  /// That of the tensors, as far as rows have it: a tensor without elements has no copy to tell.
  static int64_t alignmentOf(const Case &c, const DeviceCopies &copies) {
    return std::min(copies.alignment(), rowAlignment(c.problem));
  }
  Status run(const Case &c, CallSite &site, DeviceCopies &copies) {
    if (c.door == Door::Forward) {
      site.arguments.flags = MTN_ALLOCATE_WORKSPACE;
      return statusOf(mtn_forward(session_, &site.problem, &site.arguments));
    }
    if (gpu_)
      site.problem.alignment = alignmentOf(c, copies);
    mtn_kernel *handle = nullptr;
    if (const Status status = statusOf(mtn_prepare(session_, &site.problem, 0, &handle)); !status)
      return status;
    const Kernel kernel(handle);
    return c.door == Door::Kernel ? runKernel(kernel.get(), site, copies) : runCall(kernel.get(), site, copies);
  }

  static std::vector<std::string> targetsThat(bool run) {
    const mtn_target_info *rows = nullptr;
    size_t count = 0;
    std::vector<std::string> names;
    if (mtn_targets(&rows, &count) == MTN_OK)
      for (size_t i = 0; i < count; ++i)
        if (rows[i].implemented && bool(rows[i].supported) == run && !std::string(rows[i].name).starts_with("sm_"))
          names.push_back(rows[i].name);
    return names;
  }

  /// The workspace lies between guards too, and is full of NaN.
  static testing::GuardedMemory workspaceOf(size_t bytes) {
    const auto flush = bytes % 64 ? testing::GuardedMemory::Flush::Left : testing::GuardedMemory::Flush::Right;
    testing::GuardedMemory workspace(bytes, flush);
    workspace.fill(0xff);
    return workspace;
  }
  static Status runKernel(mtn_kernel *kernel, CallSite &site, DeviceCopies &copies) {
    size_t bytes = 0;
    if (const Status status = statusOf(mtn_kernel_workspace(kernel, &site.shape, &bytes)); !status)
      return status;
    const testing::GuardedMemory workspace = workspaceOf(bytes);
    site.arguments.workspace = workspace.data(), site.arguments.workspace_size = bytes;
    if (const Status status = copies.send(site.arguments.workspace, bytes); !status)
      return status;
    return statusOf(mtn_kernel_run(kernel, &site.arguments));
  }
  static Status runCall(mtn_kernel *kernel, CallSite &site, DeviceCopies &copies) {
    mtn_call *handle = nullptr;
    if (const Status status = statusOf(mtn_call_create(kernel, &site.arguments, &handle)); !status)
      return status;
    const Call call(handle);
    size_t bytes = 0;
    if (const Status status = statusOf(mtn_call_workspace(call.get(), &bytes)); !status)
      return status;
    const testing::GuardedMemory workspace = workspaceOf(bytes);
    mtn_pointers pointers;
    mtn_pointers_init(&pointers);
    pointers.q = site.query.data, pointers.k = site.key.data, pointers.v = site.value.data;
    pointers.out = site.out.data;
    pointers.lse = site.arguments.lse ? static_cast<float *>(site.lse.data) : nullptr;
    pointers.segments = static_cast<const int32_t *>(site.segments.data);
    pointers.kv_segments = static_cast<const int32_t *>(site.kvSegments.data);
    pointers.workspace = workspace.data();
    if (const Status status = copies.send(pointers.workspace, bytes); !status)
      return status;
    return statusOf(mtn_call_run(call.get(), &pointers));
  }

  mtn_session *session_;
  const bool gpu_;
  const std::string target_;
};

} // namespace

Result<std::unique_ptr<Device>> openSession(const std::string &name) {
  mtn_session_options options;
  mtn_session_options_init(&options);
  options.device = name.c_str();
  options.threads = 3; // more than the smallest machine has: results do not depend on it
  mtn_session *session = nullptr;
  if (const Status status = statusOf(mtn_session_create(&options, &session)); !status)
    return status;
  mtn_device_info info = {};
  info.struct_size = sizeof info;
  if (const Status status = statusOf(mtn_session_get_device(session, &info)); !status)
    return status;
  auto device = std::make_unique<SessionDevice>(session, info);
  const char *compiler = nullptr;
  if (const Status status = statusOf(mtn_session_get_compiler(session, &compiler)); !status)
    return status;
  return std::unique_ptr<Device>(std::move(device));
}

} // namespace muntin::conformance
