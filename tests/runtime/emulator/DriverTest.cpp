//===- DriverTest.cpp - the driver library through its entry points -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The types are the library's own header's; DriverHeaderTest.cpp compares
// those with cuda.h.
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Driver.h"

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace muntin::emulator::driver {
namespace {

constexpr const char *Kernels = R"(.version 8.0
.target sm_80
.address_size 64
.global .align 4 .u32 counter = 5;
.visible .entry scale(.param .u64 p, .param .u32 n, .param .f32 f)
{
  .reg .b32 %r<8>; .reg .b64 %rd<4>; .reg .f32 %f<4>; .reg .pred %p;
  ld.param.u64 %rd1, [p]; ld.param.u32 %r1, [n]; ld.param.f32 %f1, [f];
  mov.u32 %r2, %ctaid.x; mov.u32 %r3, %ntid.x; mov.u32 %r4, %tid.x; mad.lo.u32 %r5, %r2, %r3, %r4;
  setp.ge.u32 %p, %r5, %r1; @%p bra E;
  mad.wide.u32 %rd2, %r5, 4, %rd1; ld.global.f32 %f2, [%rd2]; mul.f32 %f2, %f2, %f1; st.global.f32 [%rd2], %f2;
E: ret;
}
.visible .entry reach(.param .u64 p, .param .u64 offset)
{
  .reg .b64 %rd<4>; .reg .b32 %r<2>;
  ld.param.u64 %rd1, [p]; ld.param.u64 %rd2, [offset]; add.u64 %rd1, %rd1, %rd2; ld.global.b32 %r1, [%rd1]; ret;
}
.visible .entry forever() { L: bra L; }
.visible .entry bounded() .maxntid 64, 1, 1 { .shared .align 4 .b8 s[1000]; .reg .b32 %r<2>; mov.u32 %r1, s; ret; }
)";

class DriverTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(call("cuInit", 0u), CUDA_SUCCESS);
    ASSERT_EQ(call("cuDevicePrimaryCtxRetain", &context, device), CUDA_SUCCESS);
    ASSERT_EQ(call("cuCtxSetCurrent", context), CUDA_SUCCESS);
    ASSERT_EQ(call("cuModuleLoadData", &module, static_cast<const void *>(Kernels)), CUDA_SUCCESS) << lastMessage();
  }
  void TearDown() override { call("cuDevicePrimaryCtxReset_v2", device); }
  CUfunction function(const char *name) {
    CUfunction f = nullptr;
    EXPECT_EQ(call("cuModuleGetFunction", &f, module, name), CUDA_SUCCESS);
    return f;
  }
  CUresult launch(CUfunction f, unsigned grid, unsigned block, unsigned shared, CUstream stream, void **params) {
    return call("cuLaunchKernel", f, grid, 1u, 1u, block, 1u, 1u, shared, stream, params,
                static_cast<void **>(nullptr));
  }
  CUdeviceptr allocate(size_t bytes) {
    CUdeviceptr p = 0;
    EXPECT_EQ(call("cuMemAlloc_v2", &p, bytes), CUDA_SUCCESS);
    return p;
  }
  CUdevice device = 0;
  CUcontext context = nullptr;
  CUmodule module = nullptr;
};

TEST_F(DriverTest, DevicesAndAttributes) {
  int count = 0, value = 0;
  EXPECT_EQ(call("cuDeviceGetCount", &count), CUDA_SUCCESS);
  EXPECT_EQ(count, 2);
  const int expected[2][3] = {{8, 0, 166912}, {9, 0, 232448}};
  for (int d = 0; d < 2; ++d)
    for (const auto &[attribute, i] : {std::pair(75, 0), std::pair(76, 1), std::pair(97, 2)}) {
      EXPECT_EQ(call("cuDeviceGetAttribute", &value, attribute, d), CUDA_SUCCESS);
      EXPECT_EQ(value, expected[d][i]);
    }
  EXPECT_EQ(call("cuDeviceGetAttribute", &value, 10, 7), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(call("cuDeviceGet", &value, 2), CUDA_ERROR_INVALID_DEVICE);
}

TEST_F(DriverTest, LaunchesInStreamOrder) {
  const unsigned n = 1000;
  std::vector<float> data(n, 3), back(n);
  CUdeviceptr p = allocate(n * 4);
  CUstream stream = nullptr;
  ASSERT_EQ(call("cuStreamCreate", &stream, 1u), CUDA_SUCCESS);
  ASSERT_EQ(call("cuMemcpyHtoDAsync_v2", p, static_cast<const void *>(data.data()), size_t(n * 4), stream),
            CUDA_SUCCESS);
  float factor = 2;
  void *params[] = {&p, const_cast<unsigned *>(&n), &factor};
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(launch(function("scale"), 8, 128, 0, stream, params), CUDA_SUCCESS);
  factor = 1000; // arguments were copied at the launch
  // Late: nothing has run, and a copy on another stream sees nothing of it.
  EXPECT_EQ(call("cuStreamQuery", stream), CUDA_ERROR_NOT_READY);
  ASSERT_EQ(call("cuStreamSynchronize", stream), CUDA_SUCCESS);
  ASSERT_EQ(call("cuMemcpyDtoH_v2", static_cast<void *>(back.data()), p, size_t(n * 4)), CUDA_SUCCESS);
  EXPECT_EQ(back, std::vector<float>(n, 24));
}

TEST_F(DriverTest, EventsOrderStreams) {
  CUdeviceptr p = allocate(4);
  CUstream a = nullptr, b = nullptr;
  CUevent e = nullptr;
  call("cuStreamCreate", &a, 1u), call("cuStreamCreate", &b, 1u), call("cuEventCreate", &e, 0u);
  const float one = 1;
  unsigned n = 1;
  float two = 2;
  void *params[] = {&p, &n, &two};
  ASSERT_EQ(call("cuMemcpyHtoDAsync_v2", p, static_cast<const void *>(&one), size_t(4), a), CUDA_SUCCESS);
  ASSERT_EQ(launch(function("scale"), 1, 32, 0, a, params), CUDA_SUCCESS);
  ASSERT_EQ(call("cuEventRecord", e, a), CUDA_SUCCESS);
  ASSERT_EQ(call("cuStreamWaitEvent", b, e, 0u), CUDA_SUCCESS);
  ASSERT_EQ(launch(function("scale"), 1, 32, 0, b, params), CUDA_SUCCESS);
  ASSERT_EQ(call("cuStreamSynchronize", b), CUDA_SUCCESS);
  float back = 0;
  ASSERT_EQ(call("cuMemcpyDtoH_v2", static_cast<void *>(&back), p, size_t(4)), CUDA_SUCCESS);
  EXPECT_EQ(back, 4);
}

TEST_F(DriverTest, FaultsAreSticky) {
  struct Case {
    uint64_t offset;
    CUresult code;
  };
  for (const Case c : {Case{64, CUDA_ERROR_ILLEGAL_ADDRESS}, Case{61, CUDA_ERROR_MISALIGNED_ADDRESS}}) {
    CUdeviceptr p = allocate(64);
    uint64_t offset = c.offset;
    void *params[] = {&p, &offset};
    ASSERT_EQ(launch(function("reach"), 1, 1, 0, nullptr, params), CUDA_SUCCESS);
    EXPECT_EQ(call("cuCtxSynchronize"), c.code) << lastMessage();
    size_t bytes;
    EXPECT_EQ(call("cuMemGetInfo_v2", &bytes, &bytes), c.code);
    TearDown(); // the context is gone with its error
    SetUp();
  }
}

TEST_F(DriverTest, StepLimit) {
  auto *limit = reinterpret_cast<int (*)(unsigned long long)>(dlsym(library(), "mtn_emulator_set_steps"));
  limit(1000000);
  ASSERT_EQ(launch(function("forever"), 1, 32, 0, nullptr, nullptr), CUDA_SUCCESS);
  EXPECT_EQ(call("cuCtxSynchronize"), CUDA_ERROR_LAUNCH_TIMEOUT);
  EXPECT_NE(lastMessage().find("this is where it runs"), std::string::npos);
  limit(0);
}

TEST_F(DriverTest, BadModules) {
  CUmodule bad = nullptr;
  char log[512] = "";
  int options[] = {5, 6};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  const auto load = [&](const char *text) {
    return call("cuModuleLoadDataEx", &bad, static_cast<const void *>(text), 2u, static_cast<int *>(options),
                static_cast<void **>(values));
  };
  const std::string head = ".version 8.0\n.target sm_80\n.address_size 64\n";
  EXPECT_EQ(load((head + ".visible .entry k() { tex.1d; }").c_str()), CUDA_ERROR_INVALID_PTX);
  EXPECT_NE(std::string(log).find("line 4: unsupported instruction 'tex.1d'"), std::string::npos) << log;
  values[1] = reinterpret_cast<void *>(sizeof log);
  EXPECT_EQ(load(".version 8.0\n.target sm_90a\n.address_size 64\n.visible .entry k() { ret; }"),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(load(".version 9.9\n.target sm_80\n"), CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
  EXPECT_EQ(load("\x7f"
                 "ELF\2\1\1"),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(load("no PTX at all"), CUDA_ERROR_INVALID_PTX);
  EXPECT_EQ(load((head + ".visible .entry k() { .reg .b32 %r1; add.s32 %r1").c_str()), CUDA_ERROR_INVALID_PTX);
  CUfunction f;
  EXPECT_EQ(call("cuModuleGetFunction", &f, module, "missing"), CUDA_ERROR_NOT_FOUND);
}

TEST_F(DriverTest, BadLaunches) {
  CUdeviceptr p = allocate(64);
  unsigned n = 1;
  float factor = 1;
  void *params[] = {&p, &n, &factor};
  EXPECT_EQ(launch(function("scale"), 0, 32, 0, nullptr, params), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(function("scale"), 1, 2048, 0, nullptr, params), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(function("scale"), 1, 32, 49153, nullptr, params), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(function("scale"), 1, 32, 0, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(function("bounded"), 1, 65, 0, nullptr, nullptr), CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
  EXPECT_EQ(launch(reinterpret_cast<CUfunction>(&p), 1, 32, 0, nullptr, params), CUDA_ERROR_INVALID_HANDLE);
  int value = 0;
  EXPECT_EQ(call("cuFuncGetAttribute", &value, 1, function("bounded")), CUDA_SUCCESS);
  EXPECT_EQ(value, 1000);
  EXPECT_EQ(call("cuFuncSetAttribute", function("scale"), 8, 166912), CUDA_SUCCESS);
  EXPECT_EQ(launch(function("scale"), 1, 32, 166912, nullptr, params), CUDA_SUCCESS);
  EXPECT_EQ(call("cuFuncSetAttribute", function("scale"), 8, 166913), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTest, CopiesAndFills) {
  CUdeviceptr p = allocate(256), bytesOf = 0;
  std::vector<unsigned char> back(256);
  EXPECT_EQ(call("cuMemsetD8_v2", p, static_cast<unsigned char>(7), size_t(256)), CUDA_SUCCESS);
  EXPECT_EQ(call("cuMemsetD32_v2", p + 16, 0x01020304u, size_t(2)), CUDA_SUCCESS);
  EXPECT_EQ(call("cuMemsetD32_v2", p + 16, 1u, size_t(61)), CUDA_ERROR_INVALID_VALUE);
  CUDA_MEMCPY2D c{};
  c.srcMemoryType = CU_MEMORYTYPE_DEVICE, c.srcDevice = p, c.srcPitch = 16, c.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  c.dstDevice = p + 128, c.dstPitch = 32, c.WidthInBytes = 8, c.Height = 2;
  EXPECT_EQ(call("cuMemcpy2D_v2", static_cast<const CUDA_MEMCPY2D *>(&c)), CUDA_SUCCESS);
  EXPECT_EQ(call("cuMemcpyDtoH_v2", static_cast<void *>(back.data()), p, size_t(256)), CUDA_SUCCESS);
  EXPECT_EQ(back[0], 7);
  EXPECT_EQ(back[16], 4);
  EXPECT_EQ(back[128], 7);
  EXPECT_EQ(back[160], 4);
  EXPECT_EQ(back[163], 1);
  EXPECT_EQ(call("cuMemcpyDtoH_v2", static_cast<void *>(back.data()), p + 1, size_t(256)), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(call("cuMemFree_v2", p), CUDA_SUCCESS);
  EXPECT_EQ(call("cuMemFree_v2", p), CUDA_ERROR_INVALID_VALUE);
  size_t size = 0;
  EXPECT_EQ(call("cuModuleGetGlobal_v2", &bytesOf, &size, module, "counter"), CUDA_SUCCESS);
  unsigned counter = 0;
  EXPECT_EQ(call("cuMemcpyDtoH_v2", static_cast<void *>(&counter), bytesOf, size), CUDA_SUCCESS);
  EXPECT_EQ(counter, 5u);
}

TEST_F(DriverTest, TensorMapRules) {
  CUtensorMap map;
  const auto encode = [&](uint64_t address, uint64_t stride, uint32_t box0, uint32_t box1, unsigned swizzle) {
    const uint64_t extents[] = {128, 64}, strides[] = {stride};
    const uint32_t box[] = {box0, box1}, steps[] = {1, 1};
    return call("cuTensorMapEncodeTiled", &map, 9u, 2u, reinterpret_cast<void *>(address),
                static_cast<const uint64_t *>(extents), static_cast<const uint64_t *>(strides),
                static_cast<const uint32_t *>(box), static_cast<const uint32_t *>(steps), 0u, swizzle, 0u, 0u);
  };
  EXPECT_EQ(encode(4096, 256, 64, 64, 3), CUDA_SUCCESS);
  EXPECT_EQ(encode(4104, 256, 64, 64, 3), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(encode(4096, 264, 64, 64, 3), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(encode(4096, 256, 72, 64, 3), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(encode(4096, 256, 64, 257, 3), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(encode(4096, 256, 4, 64, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_NE(lastMessage().find("the inner box has 8 bytes"), std::string::npos);
}

TEST_F(DriverTest, ProcAddressesAndErrors) {
  void *f = nullptr;
  int status = 0;
  EXPECT_EQ(call("cuGetProcAddress_v2", "cuMemAlloc", &f, 12000, uint64_t(0), &status), CUDA_SUCCESS);
  EXPECT_EQ(f, dlsym(library(), "cuMemAlloc_v2"));
  EXPECT_EQ(call("cuGetProcAddress_v2", "cuNoSuchThing", &f, 12000, uint64_t(0), &status), CUDA_ERROR_NOT_FOUND);
  const char *text = nullptr;
  EXPECT_EQ(call("cuGetErrorName", 700, &text), CUDA_SUCCESS);
  EXPECT_STREQ(text, "CUDA_ERROR_ILLEGAL_ADDRESS");
  EXPECT_EQ(call("cuStreamBeginCapture_v2", static_cast<CUstream>(nullptr), 0), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
}

} // namespace
} // namespace muntin::emulator::driver
