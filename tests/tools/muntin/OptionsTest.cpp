//===- OptionsTest.cpp - options, requests, and the words of their errors -===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Target.h"
#include "tools/muntin/Request.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace muntin;

static void expectWords(const Status &status, const std::vector<std::string> &words) {
  EXPECT_FALSE(status.ok());
  for (const std::string &word : words)
    EXPECT_NE(status.message().find(word), std::string::npos) << word << " in: " << status.message();
}

TEST(Options, Integers) {
  EXPECT_EQ(*parseInteger("--n", "17", 1, 20), 17);
  EXPECT_EQ(*parseInteger("--n", "-3", -5, 20), -3);
  for (const char *text : {"", " 1", "1 ", "+1", "0x10", "1e3", "1.0", "one", "21", "0", "99999999999999999999"})
    expectWords(parseInteger("--n", text, 1, 20).status(), {"--n", std::string("'") + text + "'", "1 to 20"});
}

TEST(Options, FiniteNumbers) {
  EXPECT_EQ(*parseFinite("--scale", "-0.3"), -0.3);
  EXPECT_EQ(*parseFinite("--scale", "1e-3"), 1e-3);
  for (const char *text : {"nan", "inf", "-inf", "1e999", "", "1x", "0x1p3"})
    expectWords(parseFinite("--scale", text).status(), {"--scale", "finite"});
}

TEST(Options, Extents) {
  EXPECT_EQ(*parseExtents("--grid", "56x7x1", 0), (std::vector<int64_t>{56, 7, 1}));
  EXPECT_EQ(*parseExtents("--grid", "0", 0), std::vector<int64_t>{0});
  for (const char *text : {"", "x", "5x", "x5", "5x-1", "5,5", "5x5x", "2147483648", "5 x 5"})
    expectWords(parseExtents("--grid", text, 0).status(), {"--grid", std::string("'") + text + "'"});
  expectWords(parseExtents("--grid", "1x2x3x4", 0).status(), {"--grid", "4 axes"});
  expectWords(parseExtents("--key-box", "4x0", 1).status(), {"--key-box", "from 1"});
}

TEST(Request, Defaults) {
  Options options;
  options.grid = "5x6";
  Result<Request> request = makeRequest(options, {});
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->problem.rank, 2);
  EXPECT_EQ(request->problem.element, ElementType::F32);
  EXPECT_EQ(request->problem.headDim, 64);
  EXPECT_EQ(request->problem.valueDim, 64);
  EXPECT_EQ(request->problem.mask.kind, MaskKind::Full);
  EXPECT_EQ(request->scale, 1 / std::sqrt(64.0));
  EXPECT_EQ(request->shape->kvGrid, (std::vector<int64_t>{5, 6}));
  EXPECT_EQ(request->shape->heads, 1);
}

TEST(Request, RankWithoutGrid) {
  Options options;
  options.mask = "neighborhood(window=3x3)";
  Result<Request> request = makeRequest(options, {.shape = false});
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->problem.rank, 2);
  EXPECT_FALSE(request->shape.has_value());
  expectWords(makeRequest(options, {.shape = true}).status(), {"--grid is missing"});
  options.mask = "neighborhood(window=3)";
  expectWords(makeRequest(options, {.shape = false}).status(), {"--rank is missing"});
  options.rank = "3";
  EXPECT_EQ(makeRequest(options, {.shape = false})->problem.rank, 3);
  options.grid = "8x8";
  expectWords(makeRequest(options, {.shape = false}).status(), {"--rank is 3", "2 axes"});
}

namespace {
struct BadOption {
  Text Options::*field;
  const char *value;
  std::vector<std::string> words;
};
} // namespace

TEST(Request, BadValues) {
  const BadOption cases[] = {{&Options::op, "sideways", {"--op", "sideways"}},
                             {&Options::dtype, "f64", {"--dtype", "f64"}},
                             {&Options::headDim, "0", {"--head-dim", "'0'", "1 to 256"}},
                             {&Options::headDim, "257", {"--head-dim", "257", "256"}},
                             {&Options::valueDim, "0", {"--value-dim", "1 to 256"}},
                             {&Options::kvHeads, "3", {"heads is 4", "3"}},
                             {&Options::batch, "-1", {"--batch", "-1"}},
                             {&Options::scale, "nan", {"--scale", "nan"}},
                             {&Options::threads, "0", {"--threads", "1 to"}},
                             {&Options::random, "-1", {"--random", "-1"}},
                             {&Options::mask, "neighborhood(window=0)", {"--mask", "window"}},
                             {&Options::mask, "neighborhood(window=7)", {"window", "7", "5"}},
                             {&Options::mask, "full() x", {"--mask", "^"}},
                             {&Options::kvGrid, "4", {"kv_grid", "rank 1", "2"}},
                             {&Options::grid, "2147483647x2147483647x2147483647", {"bytes"}}};
  for (const BadOption &bad : cases) {
    Options options;
    options.grid = "5x6";
    options.heads = "4";
    options.*bad.field = bad.value;
    const Status status = makeRequest(options, {}).status();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << bad.value;
    expectWords(status, bad.words);
  }
}

TEST(Request, NotInThisVersion) {
  Options options;
  options.grid = "5";
  options.op = "backward";
  EXPECT_EQ(makeRequest(options, {}).status().code(), StatusCode::NotInThisVersion);
  for (const char *target : {"sm_90a", "amx"}) {
    Options other;
    other.grid = "5";
    other.targets = {target};
    const Status status = makeRequest(other, {}).status();
    EXPECT_EQ(status.code(), StatusCode::NotInThisVersion) << target;
    expectWords(status, {target, "not in this version"});
  }
}

TEST(Request, TheDeviceChoosesTheTarget) {
  for (const char *device : {"cuda", "cuda:1", "emulator", "emulator:sm_80"}) {
    Options options;
    options.grid = "5";
    options.dtype = "bf16";
    options.device = device;
    EXPECT_TRUE(checkDevice(options)) << device;
    const Result<Request> request = makeRequest(options, {.shape = true, .execution = true});
    ASSERT_TRUE(request) << request.status().message();
    EXPECT_EQ(request->problem.target, "sm_80");
    EXPECT_EQ(request->problem.alignment, 16);
    options.targets = {"x86-64-v3"};
    EXPECT_EQ(makeRequest(options, {.shape = true, .execution = true}).status().code(), StatusCode::Unavailable);
  }
  Options options;
  options.grid = "5";
  options.targets = {"sm_80"};
  EXPECT_EQ(makeRequest(options, {.shape = true, .execution = true}).status().code(), StatusCode::Unavailable);
  options.device = "gpu";
  EXPECT_EQ(checkDevice(options).code(), StatusCode::InvalidArgument);
}

TEST(Request, TargetsThatThisMachineLacks) {
  for (const Target &target : targetTable()) {
    if (!target.implemented)
      continue;
    Options options;
    options.grid = "5";
    options.targets = {target.name};
    EXPECT_TRUE(makeRequest(options, {.execution = false}).ok()) << target.name;
    const Status status = makeRequest(options, {.execution = true}).status();
    EXPECT_EQ(status.code(), machineSupports(target) ? StatusCode::Ok : StatusCode::Unavailable) << target.name;
  }
}

static InputFiles arrays(std::vector<int64_t> q, std::vector<int64_t> k, std::vector<int64_t> v) {
  const auto array = [](std::vector<int64_t> shape) {
    NpyArray result{{NpyType::F32, std::move(shape)}, {}};
    result.data.resize(result.header.elements() * 4);
    return result;
  };
  return {array(std::move(q)), array(std::move(k)), array(std::move(v))};
}

TEST(Request, ShapesFromFiles) {
  const InputFiles files = arrays({2, 5, 6, 4, 8}, {2, 7, 3, 2, 8}, {2, 7, 3, 2, 16});
  Options options;
  Result<Request> request = makeRequest(options, {}, &files);
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->shape->batch, 2);
  EXPECT_EQ(request->shape->grid, (std::vector<int64_t>{5, 6}));
  EXPECT_EQ(request->shape->kvGrid, (std::vector<int64_t>{7, 3}));
  EXPECT_EQ(request->shape->heads, 4);
  EXPECT_EQ(request->shape->kvHeads, 2);
  EXPECT_EQ(request->problem.headDim, 8);
  EXPECT_EQ(request->problem.valueDim, 16);
  options.headDim = "8";
  options.grid = "5x6";
  EXPECT_TRUE(makeRequest(options, {}, &files).ok()) << "options that agree";
  options.headDim = "16";
  expectWords(makeRequest(options, {}, &files).status(), {"--head-dim is 16", "8", "agree"});
  options.headDim.reset();
  options.grid = "6x5";
  expectWords(makeRequest(options, {}, &files).status(), {"--grid is 6x5", "5x6", "agree"});
}

TEST(Request, FilesThatDisagree) {
  const std::tuple<InputFiles, std::vector<std::string>> cases[] = {
      {arrays({2, 5, 4, 8}, {1, 5, 4, 8}, {2, 5, 4, 8}), {"batch", "--k", "1", "2"}},
      {arrays({2, 5, 4, 8}, {2, 5, 4, 8}, {1, 5, 4, 8}), {"batch", "--v"}},
      {arrays({2, 5, 4, 8}, {2, 5, 4, 9}, {2, 5, 4, 8}), {"head dimension", "9", "8"}},
      {arrays({2, 5, 4, 8}, {2, 5, 4, 8}, {2, 6, 4, 8}), {"grid extent", "6", "5"}},
      {arrays({2, 5, 4, 8}, {2, 5, 4, 8}, {2, 5, 2, 8}), {"number of heads", "2", "4"}},
      {arrays({2, 5, 4, 8}, {2, 5, 5, 4, 8}, {2, 5, 4, 8}), {"--k", "5 dimensions"}},
      {arrays({5, 4, 8}, {5, 4, 8}, {5, 4, 8}), {"--q", "3 dimensions"}},
      {arrays({2, 5, 4, 0}, {2, 5, 4, 0}, {2, 5, 4, 8}), {"--head-dim", "0", "256"}},
      {arrays({2, 5, 4, 8}, {2, 5, 3, 8}, {2, 5, 3, 8}), {"heads is 4", "3"}}};
  for (const auto &[files, words] : cases)
    expectWords(makeRequest({}, {}, &files).status(), words);

  InputFiles mixed = arrays({1, 5, 1, 8}, {1, 5, 1, 8}, {1, 5, 1, 8});
  mixed.v.header.type = NpyType::BF16;
  expectWords(makeRequest({}, {}, &mixed).status(), {"f32, f32 and bf16", "--dtype"});
  Options options;
  options.dtype = "bf16";
  EXPECT_TRUE(makeRequest(options, {}, &mixed).ok()) << "converted when a dtype is named";
}

TEST(Request, SizesOfEmptyProblems) {
  Options options;
  options.grid = "0x2147483647x2147483647";
  options.batch = "2";
  Result<Request> request = makeRequest(options, {});
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(tensorSizes(*request).q, 0);
  EXPECT_EQ(tensorSizes(*request).lse, 0);
}
