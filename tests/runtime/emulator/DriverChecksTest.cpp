//===- DriverChecksTest.cpp - checks, clusters and memory through the driver -===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Driver.h"

#include <cstring>
#include <fstream>
#include <thread>
#include <unistd.h>
#include <vector>

namespace muntin::emulator::driver {
namespace {

constexpr const char *Kernels = R"(.version 8.3
.target sm_90a
.address_size 64
.visible .entry race() {
  .reg .b32 %r<4>; .shared .align 4 .b8 s[4]; mov.u32 %r1, %tid.x; st.shared.b32 [s], %r1; ret;
}
.visible .entry stuck() {
  .reg .b32 %r<4>; .reg .pred %p; mov.u32 %r1, %tid.x; setp.lt.u32 %p, %r1, 32; @%p bar.sync 0, 64; @!%p bar.sync 1, 64;
  ret;
}
.visible .entry twice() {
  .shared .align 8 .b64 m; mbarrier.init.shared.b64 [m], 1; mbarrier.init.shared.b64 [m], 1; ret;
}
.visible .entry touch(.param .u64 p) {
  .reg .b64 %rd<2>; .reg .b32 %r<2>; ld.param.u64 %rd1, [p]; ld.global.b32 %r1, [%rd1]; st.global.b32 [%rd1], %r1; ret;
}
.visible .entry ranks(.param .u64 p) {
  .reg .b64 %rd<4>; .reg .b32 %r<8>; .reg .pred %q; ld.param.u64 %rd1, [p];
  mov.u32 %r1, %cluster_ctarank; mov.u32 %r2, %cluster_nctarank; mov.u32 %r3, %ctaid.x;
  mad.lo.u32 %r4, %r2, 100, %r1; mad.wide.u32 %rd2, %r3, 4, %rd1; st.global.b32 [%rd2], %r4; ret;
}
// Thread 0 copies a box of 16 x 4 floats by its map; all store it.
.visible .entry box(.param .align 64 .b8 map[128], .param .u64 p) {
  .reg .b64 %rd<6>; .reg .b32 %r<8>; .reg .pred %q<2>; .shared .align 128 .b8 s[256]; .shared .align 8 .b64 m;
  mov.u32 %r1, %tid.x; setp.eq.u32 %q0, %r1, 0; mov.b64 %rd1, map; cvta.param.u64 %rd1, %rd1;
  @%q0 mbarrier.init.shared.b64 [m], 1; @%q0 fence.mbarrier_init.release.cluster; bar.sync 0;
  @%q0 mbarrier.arrive.expect_tx.shared.b64 _, [m], 256;
  @%q0 cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [s], [%rd1, {8, 1}], [m];
W: mbarrier.try_wait.parity.shared.b64 %q1, [m], 0; @!%q1 bra W;
  mov.u32 %r2, s; mad.lo.u32 %r2, %r1, 4, %r2; ld.shared.b32 %r3, [%r2];
  ld.param.u64 %rd2, [p]; mad.wide.u32 %rd3, %r1, 4, %rd2; st.global.b32 [%rd3], %r3; ret;
}
// Every CTA counts; each waits until all have.
.visible .entry together(.param .u64 p, .param .u32 n) {
  .reg .b64 %rd<2>; .reg .b32 %r<4>; .reg .pred %q; ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [n];
  red.global.add.u32 [%rd1], 1;
L: ld.volatile.global.b32 %r2, [%rd1]; setp.lt.u32 %q, %r2, %r1; @%q bra L; ret;
}
)";

class DriverChecks : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(call("cuInit", 0u), CUDA_SUCCESS);
    open();
  }
  void TearDown() override {
    set("check", "memory");
    call("cuDevicePrimaryCtxReset_v2", 1);
  }
  void open() {
    ASSERT_EQ(call("cuDevicePrimaryCtxRetain", &context, 1), CUDA_SUCCESS);
    ASSERT_EQ(call("cuCtxSetCurrent", context), CUDA_SUCCESS);
    ASSERT_EQ(call("cuModuleLoadData", &module, static_cast<const void *>(Kernels)), CUDA_SUCCESS) << lastMessage();
  }
  static int set(const char *what, const char *value) {
    const std::string name = std::string("mtn_emulator_set_") + what;
    return reinterpret_cast<int (*)(const char *)>(dlsym(library(), name.c_str()))(value);
  }
  CUfunction function(const char *name) {
    CUfunction f = nullptr;
    EXPECT_EQ(call("cuModuleGetFunction", &f, module, name), CUDA_SUCCESS) << name;
    return f;
  }
  CUdeviceptr allocate(size_t bytes) {
    CUdeviceptr p = 0;
    EXPECT_EQ(call("cuMemAlloc_v2", &p, bytes), CUDA_SUCCESS);
    return p;
  }
  CUresult launch(const char *name, unsigned grid, unsigned block, void **params = nullptr) {
    return call("cuLaunchKernel", function(name), grid, 1u, 1u, block, 1u, 1u, 0u, static_cast<CUstream>(nullptr),
                params, static_cast<void **>(nullptr));
  }
  CUresult launchCluster(const char *name, unsigned grid, unsigned cluster, void **params) {
    CUlaunchAttribute attribute{};
    attribute.id = 4;
    attribute.value.clusterDim = {cluster, 1, 1};
    const CUlaunchConfig config{grid, 1, 1, 32, 1, 1, 0, nullptr, &attribute, 1};
    return call("cuLaunchKernelEx", static_cast<const CUlaunchConfig *>(&config), function(name), params,
                static_cast<void **>(nullptr));
  }
  template <typename T> std::vector<T> download(CUdeviceptr p, size_t n) {
    std::vector<T> data(n);
    EXPECT_EQ(call("cuMemcpyDtoH_v2", static_cast<void *>(data.data()), p, n * sizeof(T)), CUDA_SUCCESS);
    return data;
  }
  CUcontext context = nullptr;
  CUmodule module = nullptr;
};

TEST_F(DriverChecks, CodesAndReports) {
  struct Case {
    const char *kernel, *words;
    CUresult code;
  };
  const std::string file = testing::TempDir() + "/muntin-report-" + std::to_string(getpid());
  set("report", file.c_str());
  EXPECT_EQ(set("check", "race"), 0);
  EXPECT_EQ(set("check", "everything"), 1);
  for (const Case &c : {Case{"race", "nothing orders the two: expected a barrier", CUDA_ERROR_LAUNCH_FAILED},
                        Case{"stuck", "warp 1 lanes 0xffffffff at line 8", CUDA_ERROR_LAUNCH_TIMEOUT},
                        Case{"twice", "initialised a second time", CUDA_ERROR_LAUNCH_FAILED}}) {
    ASSERT_EQ(launch(c.kernel, 1, 64), CUDA_SUCCESS);
    EXPECT_EQ(call("cuCtxSynchronize"), c.code) << c.kernel;
    EXPECT_NE(lastMessage().find(c.words), std::string::npos) << lastMessage();
    EXPECT_EQ(call("cuStreamSynchronize", static_cast<CUstream>(nullptr)), c.code) << "it sticks";
    call("cuDevicePrimaryCtxReset_v2", 1);
    open();
  }
  set("report", nullptr);
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  ASSERT_EQ(lines.size(), 3u);
  for (const char *words : {"\"kind\": \"race\"", "\"kernel\": \"race\"", "\"line\": 5", "\"other_line\": 5"})
    EXPECT_NE(lines[0].find(words), std::string::npos) << lines[0];
  std::remove(file.c_str());
}

TEST_F(DriverChecks, ProfileOfALaunch) {
  const std::string file = testing::TempDir() + "/muntin-profile-" + std::to_string(getpid());
  set("profile", file.c_str());
  CUdeviceptr p = allocate(64);
  void *params[] = {&p};
  ASSERT_EQ(call("cuMemsetD32_v2", p, 0u, size_t(16)), CUDA_SUCCESS);
  ASSERT_EQ(launch("touch", 2, 1, params), CUDA_SUCCESS);
  EXPECT_EQ(call("cuCtxSynchronize"), CUDA_SUCCESS);
  set("profile", nullptr);
  std::ifstream in(file);
  bool found = false;
  for (std::string line; std::getline(in, line);)
    found |= line.find("\"kernel\": \"touch\"") != std::string::npos &&
             line.find("\"instruction\": \"ld.global.b32\", \"executed\": 2") != std::string::npos &&
             line.find("\"sectors\": 2, \"sectors_extra\": 0}, {") != std::string::npos;
  EXPECT_TRUE(found);
  std::remove(file.c_str());
}

TEST_F(DriverChecks, UseAfterFree) {
  CUdeviceptr p = allocate(64);
  ASSERT_EQ(call("cuMemFree_v2", p), CUDA_SUCCESS);
  void *params[] = {&p};
  ASSERT_EQ(launch("touch", 1, 1, params), CUDA_SUCCESS);
  EXPECT_EQ(call("cuCtxSynchronize"), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_NE(lastMessage().find("use_after_free"), std::string::npos) << lastMessage();
}

TEST_F(DriverChecks, Clusters) {
  CUdeviceptr p = allocate(64);
  void *params[] = {&p};
  ASSERT_EQ(launchCluster("ranks", 8, 4, params), CUDA_SUCCESS);
  EXPECT_EQ(download<int>(p, 8), (std::vector<int>{400, 401, 402, 403, 400, 401, 402, 403}));
  EXPECT_EQ(launchCluster("ranks", 6, 4, params), CUDA_ERROR_INVALID_CLUSTER_SIZE);
  EXPECT_EQ(launchCluster("ranks", 16, 16, params), CUDA_ERROR_INVALID_CLUSTER_SIZE);
  EXPECT_EQ(call("cuFuncSetAttribute", function("ranks"), 14, 1), CUDA_SUCCESS);
  EXPECT_EQ(launchCluster("ranks", 16, 16, params), CUDA_SUCCESS);
  EXPECT_EQ(call("cuCtxSynchronize"), CUDA_SUCCESS);
}

TEST_F(DriverChecks, CooperativeCtasAreAllResident) {
  CUdeviceptr p = allocate(4);
  ASSERT_EQ(call("cuMemsetD32_v2", p, 0u, size_t(1)), CUDA_SUCCESS);
  unsigned n = 200;
  void *params[] = {&p, &n};
  ASSERT_EQ(call("cuLaunchCooperativeKernel", function("together"), n, 1u, 1u, 1u, 1u, 1u, 0u,
                 static_cast<CUstream>(nullptr), static_cast<void **>(params)),
            CUDA_SUCCESS);
  EXPECT_EQ(download<unsigned>(p, 1)[0], n);
}

TEST_F(DriverChecks, TensorMaps) {
  std::vector<float> data(20 * 6);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<float>(i + 1);
  CUdeviceptr p = allocate(data.size() * 4), out = allocate(256);
  ASSERT_EQ(call("cuMemcpyHtoD_v2", p, static_cast<const void *>(data.data()), data.size() * 4), CUDA_SUCCESS);
  alignas(64) CUtensorMap map;
  const uint64_t extents[] = {20, 6}, strides[] = {80};
  const uint32_t box[] = {16, 4}, steps[] = {1, 1};
  ASSERT_EQ(call("cuTensorMapEncodeTiled", &map, 7u, 2u, reinterpret_cast<void *>(p),
                 static_cast<const uint64_t *>(extents), static_cast<const uint64_t *>(strides),
                 static_cast<const uint32_t *>(box), static_cast<const uint32_t *>(steps), 0u, 0u, 0u, 0u),
            CUDA_SUCCESS)
      << lastMessage();
  void *params[] = {&map, &out};
  ASSERT_EQ(launch("box", 1, 64, params), CUDA_SUCCESS);
  const std::vector<float> got = download<float>(out, 64);
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 16; ++x)
      EXPECT_EQ(got[y * 16 + x], x + 8 < 20 ? data[(y + 1) * 20 + x + 8] : 0) << x << " " << y;
}

TEST_F(DriverChecks, HostFunctionsAndPools) {
  CUstream stream = nullptr;
  ASSERT_EQ(call("cuStreamCreate", &stream, 1u), CUDA_SUCCESS);
  CUdeviceptr p = 0;
  ASSERT_EQ(call("cuMemAllocAsync", &p, size_t(16), stream), CUDA_SUCCESS);
  ASSERT_EQ(call("cuMemsetD32Async", p, 7u, size_t(4), stream), CUDA_SUCCESS);
  std::vector<int> back(4);
  ASSERT_EQ(call("cuMemcpyDtoHAsync_v2", static_cast<void *>(back.data()), p, size_t(16), stream), CUDA_SUCCESS);
  int seen = 0;
  std::pair<std::vector<int> *, int *> both(&back, &seen);
  const CUhostFn look = [](void *data) {
    auto &pair = *static_cast<std::pair<std::vector<int> *, int *> *>(data);
    *pair.second = (*pair.first)[3];
  };
  ASSERT_EQ(call("cuLaunchHostFunc", stream, look, static_cast<void *>(&both)), CUDA_SUCCESS);
  ASSERT_EQ(call("cuMemFreeAsync", p, stream), CUDA_SUCCESS);
  ASSERT_EQ(call("cuStreamSynchronize", stream), CUDA_SUCCESS);
  EXPECT_EQ(seen, 7);
  void *host = nullptr;
  ASSERT_EQ(call("cuMemAllocHost_v2", &host, size_t(64)), CUDA_SUCCESS);
  std::memset(host, 1, 64);
  EXPECT_EQ(call("cuMemFreeHost", host), CUDA_SUCCESS);
  EXPECT_EQ(call("cuMemHostRegister_v2", static_cast<void *>(back.data()), size_t(16), 0u), CUDA_SUCCESS);
  EXPECT_EQ(call("cuMemHostUnregister", static_cast<void *>(back.data())), CUDA_SUCCESS);
  EXPECT_NE(call("cuMemHostUnregister", static_cast<void *>(back.data())), CUDA_SUCCESS);
}

TEST_F(DriverChecks, BoxesOfBytes) {
  CUdeviceptr p = allocate(2 * 3 * 8);
  std::vector<unsigned char> data(2 * 3 * 4), back(data.size());
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<unsigned char>(i + 1);
  CUDA_MEMCPY3D c{};
  c.srcMemoryType = CU_MEMORYTYPE_HOST, c.srcHost = data.data(), c.srcPitch = 4, c.srcHeight = 3;
  c.dstMemoryType = CU_MEMORYTYPE_DEVICE, c.dstDevice = p, c.dstPitch = 8, c.dstHeight = 3;
  c.WidthInBytes = 4, c.Height = 3, c.Depth = 2;
  ASSERT_EQ(call("cuMemcpy3D_v2", static_cast<const CUDA_MEMCPY3D *>(&c)), CUDA_SUCCESS);
  CUDA_MEMCPY3D d{};
  d.srcMemoryType = CU_MEMORYTYPE_DEVICE, d.srcDevice = p, d.srcPitch = 8, d.srcHeight = 3;
  d.dstMemoryType = CU_MEMORYTYPE_HOST, d.dstHost = back.data(), d.dstPitch = 4, d.dstHeight = 3;
  d.WidthInBytes = 4, d.Height = 3, d.Depth = 2;
  ASSERT_EQ(call("cuMemcpy3D_v2", static_cast<const CUDA_MEMCPY3D *>(&d)), CUDA_SUCCESS);
  EXPECT_EQ(back, data);
  d.Depth = 3; // beyond the allocation
  EXPECT_EQ(call("cuMemcpy3D_v2", static_cast<const CUDA_MEMCPY3D *>(&d)), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverChecks, StreamsOfSeveralThreads) {
  std::vector<std::thread> threads;
  std::vector<int> results(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      call("cuCtxSetCurrent", context);
      CUstream stream = nullptr;
      call("cuStreamCreate", &stream, 1u);
      CUdeviceptr p = allocate(4);
      call("cuMemsetD32Async", p, 0u, size_t(1), stream);
      unsigned n = 5;
      void *params[] = {&p, &n};
      for (int i = 0; i < 5; ++i)
        EXPECT_EQ(call("cuLaunchCooperativeKernel", function("together"), i ? 1u : n, 1u, 1u, 1u, 1u, 1u, 0u, stream,
                       static_cast<void **>(params)),
                  CUDA_SUCCESS);
      EXPECT_EQ(call("cuStreamSynchronize", stream), CUDA_SUCCESS);
      results[t] = download<int>(p, 1)[0];
      call("cuMemFree_v2", p);
      call("cuStreamDestroy_v2", stream);
    });
  for (std::thread &t : threads)
    t.join();
  EXPECT_EQ(results, std::vector<int>(4, 9));
}

/// The decoy's names are everyone's, and the emulator's own calls are its own all the same.
TEST_F(DriverChecks, BesideAnotherLibraryOfTheseNames) {
  auto *decoy = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "cuModuleGetFunction"));
  ASSERT_NE(decoy, nullptr);
  ASSERT_EQ(decoy(), 999);
  CUfunction kernel = nullptr;
  EXPECT_EQ(call("cuLibraryGetKernel", &kernel, module, "race"), CUDA_SUCCESS); // calls cuModuleGetFunction
  CUevent event = nullptr;
  ASSERT_EQ(call("cuEventCreate", &event, 0u), CUDA_SUCCESS);
  EXPECT_EQ(call("cuEventRecordWithFlags", event, static_cast<CUstream>(nullptr), 0u), CUDA_SUCCESS);
  void *f = nullptr;
  EXPECT_EQ(call("cuGetProcAddress", "cuMemAlloc", &f, 12000, uint64_t(0)), CUDA_SUCCESS);
  EXPECT_EQ(f, dlsym(library(), "cuMemAlloc_v2"));
}

} // namespace
} // namespace muntin::emulator::driver
