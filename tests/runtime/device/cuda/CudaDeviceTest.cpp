//===- CudaDeviceTest.cpp - the cuda device on the emulator ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaDevice.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

using namespace muntin;
using namespace muntin::runtime;

namespace {

// out[i] = in[i] + step, for i = block * threads + thread < count.
constexpr const char *kAdd = R"(.version 7.0
.target sm_80
.address_size 64
.extern .shared .b8 room[];
.visible .entry add(.param .u64 in, .param .u64 out, .param .u64 count, .param .u64 step) {
  .reg .pred %p; .reg .b32 %r<6>; .reg .b64 %rd<8>;
  mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x;
  mad.lo.u32 %r3, %r0, %r1, %r2;
  ld.param.u64 %rd0, [in]; ld.param.u64 %rd1, [out]; ld.param.u64 %rd2, [count]; ld.param.u64 %rd3, [step];
  cvt.u64.u32 %rd4, %r3;
  setp.ge.u64 %p, %rd4, %rd2;
  @%p ret;
  shl.b64 %rd4, %rd4, 2;
  add.u64 %rd5, %rd0, %rd4; add.u64 %rd6, %rd1, %rd4;
  ld.global.u32 %r4, [%rd5]; cvt.u32.u64 %r5, %rd3; add.u32 %r4, %r4, %r5;
  st.global.u32 [%rd6], %r4;
  ret;
}
)";

std::unique_ptr<Device> open() {
  auto device = createCudaDevice({.name = "emulator:sm_80", .library = EMULATOR, .architecture = "sm_80"});
  EXPECT_TRUE(device) << device.status().message();
  return std::move(*device);
}

Binary ptx(std::string text) { return {Binary::Kind::Ptx, "sm_80", std::move(text)}; }

/// Memory of a device with numbers in it.
class Numbers {
public:
  Numbers(Device &device, std::vector<int32_t> values) : device_(device), count_(values.size()) {
    data_ = *device.allocate(bytes());
    EXPECT_TRUE(device.copyFromHost(data_, values.data(), bytes(), nullptr));
  }
  ~Numbers() { device_.release(data_); }
  Numbers(const Numbers &) = delete;
  std::vector<int32_t> read(Stream stream = nullptr) const {
    std::vector<int32_t> values(count_);
    EXPECT_TRUE(device_.copyToHost(values.data(), data_, bytes(), stream));
    EXPECT_TRUE(device_.synchronize(stream));
    return values;
  }
  uint64_t address() const { return reinterpret_cast<uintptr_t>(data_); }
  void *data() const { return data_; }

private:
  size_t bytes() const { return 4 * count_; }
  Device &device_;
  size_t count_;
  void *data_ = nullptr;
};

std::vector<int32_t> counting(int32_t first, size_t count) {
  std::vector<int32_t> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

void expectRefused(const Status &status, StatusCode code, const std::vector<std::string> &words) {
  EXPECT_EQ(status.code(), code) << status.message();
  for (const std::string &word : words)
    EXPECT_NE(status.message().find(word), std::string::npos) << "no '" << word << "' in: " << status.message();
}

struct Loaded {
  std::unique_ptr<Device> device = open();
  std::unique_ptr<Module> module = std::move(*device->load(ptx(kAdd)));
  void *entry = *module->entry("add");

  Status add(const Numbers &in, const Numbers &out, int32_t step, Stream stream = nullptr, int64_t scratch = 0) const {
    const uint64_t arguments[] = {in.address(), out.address(), 100, static_cast<uint64_t>(step)};
    return device->launch({.entry = entry, .arguments = arguments, .tasks = 4, .threads = 32, .scratch = scratch},
                          stream, 0);
  }
};

} // namespace

TEST(CudaDevice, SaysWhatItIs) {
  const auto device = open();
  EXPECT_EQ(device->info().name, "emulator:sm_80");
  EXPECT_EQ(device->info().target, "sm_80");
  EXPECT_NE(device->info().description, "");
  EXPECT_TRUE(device->accepts(ptx(kAdd)));
  EXPECT_FALSE(device->accepts({Binary::Kind::Cubin, "sm_80", ""})); // of which the emulator knows nothing
  EXPECT_FALSE(device->accepts({Binary::Kind::Ptx, "sm_90a", ""}));
  EXPECT_FALSE(device->accepts({Binary::Kind::SharedObject, "x86-64-v3", ""}));
}

TEST(CudaDevice, RunsOnTheDefaultStreamBeforeItReturns) {
  const Loaded kernel;
  const Numbers in(*kernel.device, counting(0, 100)), out(*kernel.device, std::vector<int32_t>(100, -1));
  ASSERT_TRUE(kernel.add(in, out, 7));
  EXPECT_EQ(out.read(), counting(7, 100));
}

TEST(CudaDevice, StreamsAreQueuesAndEventsOrderThem) {
  const Loaded kernel;
  Device &device = *kernel.device;
  const Numbers in(device, counting(0, 100)), middle(device, std::vector<int32_t>(100, -1)),
      out(device, std::vector<int32_t>(100, -1));
  const Stream first = *device.createStream(), second = *device.createStream();
  const auto event = std::move(*device.createEvent());
  EXPECT_TRUE(*event->reached()); // not recorded yet
  ASSERT_TRUE(kernel.add(in, middle, 1, first));
  ASSERT_TRUE(event->record(first));
  ASSERT_TRUE(event->holdBack(second));
  ASSERT_TRUE(kernel.add(middle, out, 10, second));
  EXPECT_EQ(out.read(second), counting(11, 100));
  EXPECT_TRUE(event->wait());
  EXPECT_TRUE(*event->reached());
  EXPECT_TRUE(device.destroyStream(first));
  EXPECT_TRUE(device.destroyStream(second));
  EXPECT_TRUE(device.destroyStream(nullptr));
}

TEST(CudaDevice, FillsStridedArrays) {
  const auto device = open();
  const Numbers numbers(*device, std::vector<int32_t>(24, 5));
  const int64_t extents[] = {2, 3}, strides[] = {12, 4};
  ASSERT_TRUE(device->fill(numbers.data(), 4, 9, extents, strides, nullptr));
  std::vector<int32_t> expected(24, 5);
  for (const int at : {0, 4, 8, 12, 16, 20})
    expected[at] = 9;
  EXPECT_EQ(numbers.read(), expected);
}

TEST(CudaDevice, TablesAreTheDevicesOwn) {
  const Loaded one, two;
  const Numbers in(*one.device, counting(0, 100)), out(*one.device, std::vector<int32_t>(100, -1));
  ASSERT_TRUE(one.add(in, out, 1));
  ASSERT_TRUE(two.add(in, out, 2)); // one driver, one primary context: memory is shared
  EXPECT_EQ(out.read(), counting(2, 100));
}

TEST(CudaDevice, RefusesWhatDoesNotFit) {
  const Loaded kernel;
  const Numbers in(*kernel.device, counting(0, 100)), out(*kernel.device, std::vector<int32_t>(100, -1));
  EXPECT_TRUE(kernel.add(in, out, 1, nullptr, 99 * 1024)); // more than a block has without being asked
  expectRefused(kernel.add(in, out, 1, nullptr, 200 * 1024), StatusCode::Unavailable, {"204800", "shared memory"});
  const Work large{.entry = kernel.entry, .tasks = int64_t(1) << 31, .threads = 32};
  expectRefused(kernel.device->launch(large, nullptr, 0), StatusCode::InvalidArgument, {"2147483648", "2147483647"});
}

TEST(CudaDevice, FailuresCarryTheDriversNameAndText) {
  const Loaded kernel;
  expectRefused(kernel.module->entry("subtract").status(), StatusCode::CheckFailed,
                {"subtract", "CUDA_ERROR_NOT_FOUND"});
  expectRefused(kernel.device->load(ptx(".version 7.0\n.target sm_80\nnonsense")).status(), StatusCode::Unavailable,
                {"CUDA_ERROR_INVALID_PTX", "218", "nonsense"});
  const Numbers in(*kernel.device, counting(0, 100)), out(*kernel.device, std::vector<int32_t>(50, -1));
  expectRefused(kernel.add(in, out, 1), StatusCode::Unavailable, {"CUDA_ERROR_ILLEGAL_ADDRESS", "700"});
}

TEST(CudaDevice, EachThingThatMayBeMissingHasItsMessage) {
  expectRefused(createCudaDevice({.name = "cuda:0", .library = "/nowhere/libcuda.so"}).status(),
                StatusCode::Unavailable, {"no CUDA driver", "/nowhere/libcuda.so"});
  expectRefused(createCudaDevice({.name = "cuda:0", .library = "libm.so.6"}).status(), StatusCode::Unavailable,
                {"too old", "libm.so.6", "cu"});
  expectRefused(createCudaDevice({.name = "cuda:7", .library = EMULATOR, .ordinal = 7}).status(),
                StatusCode::Unavailable, {"cuda:7", "2 devices"});
  expectRefused(createCudaDevice({.name = "e", .library = EMULATOR, .architecture = "sm_75"}).status(),
                StatusCode::Unavailable, {"no sm_75", "2 devices"});
}
