//===- MathTest.cpp - exp2 and log2 as machine code ------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The expansions are compiled by the compiler itself: a hand-written module takes the place of a kernel's tiles, and
// what comes out of the linker is opened and called.
//
//===----------------------------------------------------------------------===//

#include "Compile.h"

#include "runtime/abi/Image.h"
#include "runtime/abi/Target.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <limits>

namespace muntin::testing {
namespace {

constexpr char kModule[] = R"MLIR(
module attributes {tile.plan = #tile.plan<template_name = "row", query_box = <[8]>, query_step = <[1]>, key_box = <[1]>,
                                          rows = 4, vectors = 1, lanes = 8, pack = "none", target = "x86-64-v3">} {
  func.func @exp2(%p: !llvm.ptr) {
    %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
    %y = math.exp2 %x : vector<8xf32>
    llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
    return
  }
  func.func @rough(%p: !llvm.ptr) {
    %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
    %y = math.exp2 %x fastmath<afn> : vector<8xf32>
    llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
    return
  }
  func.func @log2(%p: !llvm.ptr) {
    %x = llvm.load %p {alignment = 4 : i64} : !llvm.ptr -> vector<8xf32>
    %y = math.log2 %x : vector<8xf32>
    llvm.store %y, %p {alignment = 4 : i64} : vector<8xf32>, !llvm.ptr
    return
  }
})MLIR";

class CompiledMath : public ::testing::Test {
protected:
  using Function = void (*)(float *);

  void SetUp() override {
    if (!machineSupports(**findTarget("x86-64-v3")))
      GTEST_SKIP() << "this machine cannot execute x86-64-v3 code";
    writeFile(folder.path / (prefix + "tile.mlir"), kModule);
    mtnc_options options{};
    options.struct_size = sizeof options;
    options.override_dir = folder.path.c_str();
    Compiled compiled = compile(kSmallKey, options);
    ASSERT_EQ(compiled.code, StatusCode::Ok) << compiled.message;
    Result<Image> image = deserializeImage(compiled.bytes);
    ASSERT_TRUE(image) << image.status().message();
    writeFile(folder.path / "math.so", image->binaries.at(0).bytes);
    library = ::dlopen((folder.path / "math.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << ::dlerror();
  }
  void TearDown() override {
    if (library)
      ::dlclose(library);
  }

  float call(const char *name, float x) const {
    auto function = reinterpret_cast<Function>(::dlsym(library, (prefix + name).c_str()));
    float lanes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    lanes[5] = x;
    function(lanes);
    return lanes[5];
  }
  /// The largest relative error of `name` against `exact` over [from, to].
  template <typename Exact> double worst(const char *name, double from, double to, Exact exact) const {
    constexpr int kSamples = 200000;
    double worst = 0;
    for (int i = 0; i <= kSamples; ++i) {
      const float x = static_cast<float>(from + (to - from) * i / kSamples);
      const double expected = exact(static_cast<double>(x));
      const double error = std::abs(call(name, x) / expected - 1);
      EXPECT_FALSE(std::isnan(error)) << name << " of " << x;
      worst = std::max(worst, error);
    }
    return worst;
  }

  TemporaryFolder folder;
  const std::string prefix = "muntin_f32_d8_causal___";
  void *library = nullptr;
};

const auto exactExp2 = [](double x) { return std::exp2(x); };

TEST_F(CompiledMath, Exp2IsAccurate) {
  EXPECT_LT(worst("exp2", -126, 0, exactExp2), 2.2e-7);
  EXPECT_LT(worst("exp2", -1, 1, exactExp2), 2.2e-7);
}

TEST_F(CompiledMath, Exp2OfIntegersIsExact) {
  for (int power = -126; power <= 126; ++power)
    EXPECT_EQ(call("exp2", float(power)), std::ldexp(1.0f, power)) << power;
}

TEST_F(CompiledMath, Exp2OfForbiddenScoresIsZero) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (float x : {-127.0f, -127.5f, -128.0f, -1000.0f, -std::numeric_limits<float>::max(), -infinity})
    for (const char *name : {"exp2", "rough"})
      EXPECT_EQ(call(name, x), 0.0f) << name << " of " << x;
}

TEST_F(CompiledMath, NaNStaysNaN) {
  for (const char *name : {"exp2", "rough", "log2"})
    EXPECT_TRUE(std::isnan(call(name, std::numeric_limits<float>::quiet_NaN()))) << name;
}

TEST_F(CompiledMath, RoughExp2IsFinerThanBf16) {
  const double error = worst("rough", -126, 0, exactExp2);
  EXPECT_LT(error, 7.6e-5);
  EXPECT_GT(error, 1e-6) << "afn selects the short polynomial";
}

/// The sum of a row's probabilities is at least 1, or 0 where the row has no keys.
TEST_F(CompiledMath, Log2OfSums) {
  EXPECT_EQ(call("log2", 0.0f), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(call("log2", 1.0f), 0.0f);
  EXPECT_LT(worst("log2", 2, 65536, [](double x) { return std::log2(x); }), 2.2e-7);
}

} // namespace
} // namespace muntin::testing
