//===- DriversTest.cpp - the cuda device on drivers that differ ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeDriver.h"

#include "runtime/device/cuda/CudaDevice.h"

#include <gtest/gtest.h>

#include <dlfcn.h>

using namespace muntin;
using namespace muntin::runtime;

namespace {

constexpr int kA100SharedOptIn = 163 * 1024;
constexpr FakeDriverAnswers kGood{.initCode = 0,
                                  .driverVersion = 13000,
                                  .major = 8,
                                  .minor = 0,
                                  .sharedOptIn = kA100SharedOptIn,
                                  .loadCode = 0,
                                  .localBytes = 0};

class CudaDrivers : public ::testing::Test {
protected:
  Result<std::unique_ptr<Device>> open(const FakeDriverAnswers &answers) {
    void *library = ::dlopen(FAKE_DRIVER, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    EXPECT_NE(library, nullptr);
    reinterpret_cast<FakeDriverAnswer *>(::dlsym(library, "fake_driver_answer"))(&answers);
    launches_ = reinterpret_cast<FakeDriverLaunches *>(::dlsym(library, "fake_driver_launches"));
    return createCudaDevice(
        {.name = "cuda:0",
         .library = FAKE_DRIVER,
         .architecture = "",
         .log = Log(LogLevel::Warn, [this](LogLevel, const char *text) { lines_.push_back(text); })});
  }
  static FakeDriverAnswers capability(int major, int minor) {
    FakeDriverAnswers answers = kGood;
    answers.major = major;
    answers.minor = minor;
    return answers;
  }
  /// The binary of an image that a device with this capability takes: "cubin sm_80", or "none".
  std::string chosen(int major, int minor, const std::vector<Binary> &binaries) {
    const auto device = std::move(*open(capability(major, minor)));
    const auto best = std::ranges::max_element(binaries, {}, [&](const Binary &b) { return device->preference(b); });
    if (!device->accepts(*best))
      return "none";
    return (best->kind == Binary::Kind::Cubin ? "cubin " : "ptx ") + best->target;
  }
  static void expectRefused(const Status &status, const std::vector<std::string> &words) {
    EXPECT_EQ(status.code(), StatusCode::Unavailable) << status.message(); // exit code 3
    for (const std::string &word : words)
      EXPECT_NE(status.message().find(word), std::string::npos) << "no '" << word << "' in: " << status.message();
  }

  FakeDriverLaunches *launches_ = nullptr;
  std::vector<std::string> lines_;
};

const Binary kCubin80{Binary::Kind::Cubin, "sm_80", "cubin"}, kCubin86{Binary::Kind::Cubin, "sm_86", "cubin"},
    kCubin90{Binary::Kind::Cubin, "sm_90", "cubin"}, kCubin90a{Binary::Kind::Cubin, "sm_90a", "cubin"},
    kPtx80{Binary::Kind::Ptx, "sm_80", "ptx"}, kPtx90{Binary::Kind::Ptx, "sm_90", "ptx"},
    kPtx90a{Binary::Kind::Ptx, "sm_90a", "ptx"};

} // namespace

TEST_F(CudaDrivers, CubinsComeBeforePtxAndTheLatestThatFitsFirst) {
  const std::vector<Binary> usual{kPtx80, kCubin80},
      many{kPtx80, kPtx90a, kCubin90, kCubin80, kCubin90a, kCubin86, kPtx90};
  EXPECT_EQ(chosen(8, 0, usual), "cubin sm_80");
  EXPECT_EQ(chosen(8, 9, usual), "cubin sm_80");
  EXPECT_EQ(chosen(9, 0, usual), "ptx sm_80") << "a cubin is of one major number";
  EXPECT_EQ(chosen(12, 1, usual), "ptx sm_80");
  EXPECT_EQ(chosen(8, 0, many), "cubin sm_80") << "8.6 is later";
  EXPECT_EQ(chosen(8, 9, many), "cubin sm_86");
  EXPECT_EQ(chosen(9, 0, {kPtx80, kPtx90, kCubin86}), "ptx sm_90");
  EXPECT_EQ(chosen(10, 0, {kPtx80, kPtx90a, kCubin90a}), "ptx sm_80") << "what ends in a is for one architecture";
  EXPECT_EQ(chosen(9, 0, {kPtx80, kCubin90a}), "cubin sm_90a");
  EXPECT_EQ(chosen(8, 0, {kPtx90, kCubin90}), "none");
  for (const char *target : {"x86-64-v3", "sm_", "sm_x", "sm_80b", "sm_-80", "sm_99999999999"})
    EXPECT_EQ(chosen(8, 0, {{Binary::Kind::Ptx, target, ""}}), "none") << target;
}

TEST_F(CudaDrivers, EachThingThatMayBeMissingHasItsMessage) {
  FakeDriverAnswers answers = kGood;
  answers.initCode = 100;
  expectRefused(open(answers).status(), {"finds no device", FAKE_DRIVER});
  answers.initCode = 999;
  expectRefused(open(answers).status(), {"cuInit", "CUDA_ERROR_FAKE", "999"});
  expectRefused(open(capability(7, 5)).status(), {"cuda:0", "7.5", "8.0"});
}

TEST_F(CudaDrivers, ADriverThatIsTooOldForThePtxSaysSo) {
  FakeDriverAnswers answers = kGood;
  answers.loadCode = 222;
  answers.driverVersion = 11040;
  const auto device = std::move(*open(answers));
  expectRefused(device->load(kPtx80).status(), {"too old", "CUDA 11.4", "CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "222"});
}

TEST_F(CudaDrivers, SharedMemoryIsComparedBeforeALaunch) {
  FakeDriverAnswers answers = capability(8, 6);
  answers.sharedOptIn = 99 * 1024;
  const auto device = std::move(*open(answers));
  const auto module = std::move(*device->load(kCubin80));
  const int before = launches_();
  Work work{.entry = *module->entry("k"), .tasks = 1, .threads = 32, .scratch = 160 * 1024};
  expectRefused(device->launch(work, nullptr, 0), {"shared memory", "163840", "101376", "cuda:0"});
  EXPECT_EQ(launches_(), before);
  work.scratch = 99 * 1024;
  EXPECT_TRUE(device->launch(work, nullptr, 0));
  EXPECT_EQ(launches_(), before + 1);
}

TEST_F(CudaDrivers, LocalMemoryIsWarnedOf) {
  auto device = std::move(*open(kGood));
  auto module = std::move(*device->load(kPtx80));
  EXPECT_TRUE(module->entry("clean"));
  EXPECT_TRUE(lines_.empty());
  FakeDriverAnswers answers = kGood;
  answers.localBytes = 24;
  module.reset();
  device = std::move(*open(answers));
  module = std::move(*device->load(kPtx80));
  EXPECT_TRUE(module->entry("spilling"));
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_NE(lines_[0].find("spilling keeps 24 bytes"), std::string::npos) << lines_[0];
}
