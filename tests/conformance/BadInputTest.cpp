//===- BadInputTest.cpp - the C interface refuses what it cannot run ------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One valid call, spoilt in one place at a time: the status says what kind of
// mistake it is, the message names field, value and bound, and not a byte of the
// outputs has changed. A fake compiler is enough for that.
//
//===----------------------------------------------------------------------===//

#include "tests/conformance/CallSite.h"
#include "tests/support/GuardedMemory.h"
#include "tests/support/Masks.h"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <limits>

using namespace muntin;
using namespace muntin::conformance;
using muntin::testing::GuardedMemory;

namespace {
/// What mtn_forward gets; null pointers may be put in the place of each.
struct Spoilt {
  CallSite &site;
  const mtn_problem *problem;
  const mtn_arguments *arguments;
};

struct BadInput {
  const char *name;
  std::function<void(Spoilt &)> spoil;
  std::vector<std::string> expected; ///< all in the message
  mtn_status status = MTN_INVALID_ARGUMENT;
};

/// A valid call: 2 batch entries, a 5x6 grid, 4 query and 2 key heads, D 8, Dv 4.
class Valid {
public:
  Valid()
      : query(bytesOf(4 * 8)), key(bytesOf(2 * 8)), value(bytesOf(2 * 4)), out(bytesOf(4 * 4)), lse(bytesOf(4)),
        site(makeCase(), inputs(), outputs(), 1) {
    out.fill(0xff), lse.fill(0xff);
    site.arguments.flags = MTN_ALLOCATE_WORKSPACE;
  }
  bool outputsAreUntouched() const { return isUntouched(out) && isUntouched(lse); }

  GuardedMemory query, key, value, out, lse;
  CallSite site;

private:
  static GuardedMemory bytesOf(int64_t rowElements) {
    return GuardedMemory(2 * 30 * rowElements * sizeof(float), GuardedMemory::Flush::Right);
  }
  static bool isUntouched(const GuardedMemory &memory) {
    return std::all_of(memory.openBegin(), memory.openBegin() + memory.openSize(),
                       [](std::byte byte) { return byte == std::byte(0xff); });
  }
  static Case makeCase() {
    Case c;
    c.problem.rank = 2, c.problem.headDim = 8, c.problem.valueDim = 4;
    c.problem.mask = masks::neighborhood({3, 3}, {1, 1}, {1, 1}, {0, 0});
    c.shape = {.batch = 2, .heads = 4, .kvHeads = 2, .grid = {5, 6}, .kvGrid = {5, 6}};
    return c;
  }
  static reference::TensorView view(const GuardedMemory &memory, int64_t heads, int64_t depth) {
    return {memory.data(), ElementType::F32, reference::contiguousStrides({5, 6}, heads, depth)};
  }
  reference::Inputs inputs() const { return {view(query, 4, 8), view(key, 2, 8), view(value, 2, 4), 0.5}; }
  reference::Outputs outputs() const { return {view(out, 4, 4), view(lse, 4, 1)}; }
};

class BadInputTest : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    mtn_session_options options;
    mtn_session_options_init(&options);
    options.compiler = FAKE_COMPILER;
    ASSERT_EQ(mtn_session_create(&options, &session), MTN_OK) << mtn_last_error()->message;
  }
  static void TearDownTestSuite() { mtn_session_destroy(session); }

  static void expectRefusals(const std::vector<BadInput> &inputs) {
    for (const BadInput &input : inputs) {
      SCOPED_TRACE(input.name);
      Valid valid;
      Spoilt spoilt{valid.site, &valid.site.problem, &valid.site.arguments};
      input.spoil(spoilt);
      ASSERT_EQ(mtn_forward(session, spoilt.problem, spoilt.arguments), input.status) << mtn_last_error()->message;
      const std::string message = mtn_last_error()->message;
      EXPECT_EQ(mtn_last_error()->status, input.status);
      for (const std::string &part : input.expected)
        EXPECT_NE(message.find(part), std::string::npos) << "no '" << part << "' in: " << message;
      EXPECT_TRUE(valid.outputsAreUntouched());
    }
  }
  static void expectBadMasks(const std::vector<std::pair<const char *, std::vector<std::string>>> &masks) {
    std::vector<BadInput> inputs;
    for (const auto &[mask, expected] : masks)
      inputs.push_back({mask, [mask = mask](Spoilt &s) { s.site.problem.mask = mask; }, expected});
    expectRefusals(inputs);
  }

  static inline mtn_session *session = nullptr;
};
} // namespace

TEST_F(BadInputTest, TheCallIsValidBeforeItIsSpoilt) {
  Valid valid;
  EXPECT_EQ(mtn_forward(session, &valid.site.problem, &valid.site.arguments), MTN_OK) << mtn_last_error()->message;
  EXPECT_FALSE(valid.outputsAreUntouched());
}

TEST_F(BadInputTest, Problems) {
  expectRefusals({
      {"null", [](Spoilt &s) { s.problem = nullptr; }, {"problem", "null"}},
      {"size 0", [](Spoilt &s) { s.site.problem.struct_size = 0; }, {"problem", "struct_size", "0"}},
      {"a huge size", [](Spoilt &s) { s.site.problem.struct_size = size_t(1) << 40; }, {"problem", "struct_size"}},
      {"operation", [](Spoilt &s) { s.site.problem.operation = mtn_operation(7); }, {"operation", "7"}},
      {"backward",
       [](Spoilt &s) { s.site.problem.operation = MTN_BACKWARD; },
       {"not in this version"},
       MTN_NOT_IN_THIS_VERSION},
      {"dtype", [](Spoilt &s) { s.site.problem.dtype = mtn_dtype(9); }, {"dtype", "9"}},
      {"i32", [](Spoilt &s) { s.site.problem.dtype = MTN_I32; }, {"dtype", "3"}},
      {"rank 4", [](Spoilt &s) { s.site.problem.rank = 4; }, {"rank", "4", "3"}},
      {"rank -1", [](Spoilt &s) { s.site.problem.rank = -1; }, {"rank", "-1"}},
      {"D 257", [](Spoilt &s) { s.site.problem.head_dim = 257; }, {"257", "256"}},
      {"D -1", [](Spoilt &s) { s.site.problem.head_dim = -1; }, {"-1", "256"}},
      {"Dv 300", [](Spoilt &s) { s.site.problem.value_dim = 300; }, {"300", "256"}},
      {"target", [](Spoilt &s) { s.site.problem.target = "pentium"; }, {"target", "pentium"}},
      {"target of later",
       [](Spoilt &s) { s.site.problem.target = "sm_90a"; },
       {"sm_90a", "not in this version"},
       MTN_NOT_IN_THIS_VERSION},
      {"target of another device",
       [](Spoilt &s) { s.site.problem.target = "sm_80"; },
       {"sm_80", "cpu"},
       MTN_UNAVAILABLE},
      {"alignment", [](Spoilt &s) { s.site.problem.alignment = 16; }, {"alignment", "16"}},
  });
}

TEST_F(BadInputTest, Masks) {
  expectBadMasks({
      {"", {}},
      {"full", {}},
      {"full() x", {}},
      {"bogus()", {"bogus"}},
      {"neighborhood()", {"window"}},
      {"neighborhood(window=3, window=3)", {"window"}},
      {"neighborhood(window=3, size=3)", {"size"}},
      {"neighborhood(window=0)", {"window", "0"}},
      {"neighborhood(window=3x7)", {"window", "7", "6"}},
      {"neighborhood(window=2, dilation=3)", {"2", "3", "5"}},
      {"neighborhood(window=3, stride=4)", {"stride", "4", "3"}},
      {"neighborhood(window=3, causal=2)", {"causal", "2"}},
      {"neighborhood(window=99999999999999999999)", {}},
      {"block(size=0)", {"size", "0"}},
      {"block(size=2x2x2)", {"3", "2"}},
      {"halo(size=2)", {"halo"}},
      {"sliding(left=-1, right=0)", {}},
      {"any_of()", {}},
      {"all_of(block(size=2x2), block(size=2x2x2))", {"2", "3"}},
      {"causal()", {"causal", "1"}},
      {"global(tokens=inf)", {}},
  });
  std::string deep = "full()";
  for (int i = 0; i < 65; ++i)
    deep = "not(" + deep + ")";
  expectBadMasks({{deep.c_str(), {"64"}}});
  std::string endless(100000, '(');
  expectBadMasks({{endless.c_str(), {}}});
}

TEST_F(BadInputTest, Arguments) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  expectRefusals({
      {"null", [](Spoilt &s) { s.arguments = nullptr; }, {"arguments", "null"}},
      {"size 0", [](Spoilt &s) { s.site.arguments.struct_size = 0; }, {"arguments", "struct_size"}},
      {"no q", [](Spoilt &s) { s.site.arguments.q = nullptr; }, {"q", "null"}},
      {"no k", [](Spoilt &s) { s.site.arguments.k = nullptr; }, {"k", "null"}},
      {"no v", [](Spoilt &s) { s.site.arguments.v = nullptr; }, {"v", "null"}},
      {"no out", [](Spoilt &s) { s.site.arguments.out = nullptr; }, {"out", "null"}},
      {"scale NaN", [](Spoilt &s) { s.site.scale = kNaN; }, {"scale", "nan"}},
      {"scale inf", [](Spoilt &s) { s.site.scale = -1 / 0.0; }, {"scale", "inf"}},
      {"threads", [](Spoilt &s) { s.site.arguments.threads = -1; }, {"threads", "-1"}},
      {"flags", [](Spoilt &s) { s.site.arguments.flags = 0x80; }, {"flags", "0x80"}},
      {"no workspace", [](Spoilt &s) { s.site.arguments.flags = 0; }, {"workspace"}},
      {"segments", [](Spoilt &s) { s.site.arguments.segments = &s.site.segments; }, {"segments", "document"}},
      {"no segments", [](Spoilt &s) { s.site.problem.mask = "document()"; }, {"segments", "null"}},
  });
}

TEST_F(BadInputTest, Tensors) {
  expectRefusals({
      {"no data", [](Spoilt &s) { s.site.key.data = nullptr; }, {"k", "null"}},
      {"misaligned", [](Spoilt &s) { s.site.out.data = static_cast<char *>(s.site.out.data) - 2; }, {"out", "4"}},
      {"ndim", [](Spoilt &s) { s.site.query.ndim = 4; }, {"q", "4", "5"}},
      {"ndim 99", [](Spoilt &s) { s.site.query.ndim = 99; }, {"q", "99"}},
      {"ndim -1", [](Spoilt &s) { s.site.lse.ndim = -1; }, {"lse", "-1"}},
      {"dtype", [](Spoilt &s) { s.site.value.dtype = MTN_F16; }, {"v", "f16", "f32"}},
      {"lse dtype", [](Spoilt &s) { s.site.lse.dtype = MTN_BF16; }, {"lse", "bf16", "f32"}},
      {"no dtype", [](Spoilt &s) { s.site.key.dtype = mtn_dtype(-5); }, {"k", "-5"}},
      {"D", [](Spoilt &s) { s.site.query.extents[4] = 9; }, {"q", "9", "8"}},
      {"batch of k", [](Spoilt &s) { s.site.key.extents[0] = 3; }, {"k", "3", "2"}},
      {"grid of v", [](Spoilt &s) { s.site.value.extents[2] = 5; }, {"v", "5", "6"}},
      {"heads of out", [](Spoilt &s) { s.site.out.extents[3] = 2; }, {"out", "2", "4"}},
      {"heads of lse", [](Spoilt &s) { s.site.lse.extents[3] = 5; }, {"lse", "5", "4"}},
      {"kv grid", [](Spoilt &s) { s.site.key.extents[1] = s.site.value.extents[1] = 4; }, {"4", "5"}},
      {"negative", [](Spoilt &s) { s.site.query.extents[1] = -5; }, {"q", "-5"}},
      {"2^31", [](Spoilt &s) { s.site.query.extents[0] = int64_t(1) << 31; }, {"q", "2147483648"}},
      {"heads", [](Spoilt &s) { s.site.key.extents[3] = s.site.value.extents[3] = 3; }, {"4", "3"}},
      {"no kv heads", [](Spoilt &s) { s.site.key.extents[3] = s.site.value.extents[3] = 0; }, {"0"}},
      {"last stride", [](Spoilt &s) { s.site.query.strides[4] = 2; }, {"q", "stride 2", "1"}},
      {"span", [](Spoilt &s) { s.site.query.strides[0] = INT64_MAX; }, {"q", "2^63"}},
      {"span down", [](Spoilt &s) { s.site.query.strides[0] = INT64_MIN; }, {"q", "2^63"}},
  });
}

TEST_F(BadInputTest, OverlappingOutputs) {
  expectRefusals({
      {"out on itself", [](Spoilt &s) { s.site.out.strides[3] = 0; }, {"out", "itself"}},
      {"out on its rows", [](Spoilt &s) { s.site.out.strides[3] = 3; }, {"out", "itself"}},
      {"lse on itself", [](Spoilt &s) { s.site.lse.strides[1] = 4; }, {"lse", "itself"}},
      {"out on q", [](Spoilt &s) { s.site.query.data = s.site.out.data; }, {"out", "q"}},
      {"out on a part of v",
       [](Spoilt &s) { s.site.value.data = static_cast<float *>(s.site.out.data) + 500; },
       {"out", "v"}},
      {"lse on out", [](Spoilt &s) { s.site.lse.data = static_cast<float *>(s.site.out.data) + 7; }, {"lse", "out"}},
  });
}

TEST_F(BadInputTest, InputsMayOverlap) {
  Valid valid;
  valid.site.key.data = valid.site.query.data;
  valid.site.value.strides[3] = 0;
  EXPECT_EQ(mtn_forward(session, &valid.site.problem, &valid.site.arguments), MTN_OK) << mtn_last_error()->message;
}

TEST_F(BadInputTest, Sessions) {
  Valid valid;
  EXPECT_EQ(mtn_forward(nullptr, &valid.site.problem, &valid.site.arguments), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_session_create(nullptr, nullptr), MTN_INVALID_ARGUMENT);
  mtn_session_options options;
  mtn_session_options_init(&options);
  mtn_session *none = nullptr;
  options.device = "toaster";
  EXPECT_EQ(mtn_session_create(&options, &none), MTN_INVALID_ARGUMENT);
  EXPECT_NE(std::string(mtn_last_error()->message).find("toaster"), std::string::npos);
  options.device = "emulator:sm_90a";
  EXPECT_EQ(mtn_session_create(&options, &none), MTN_NOT_IN_THIS_VERSION);
  options.device = "cuda:99";
  EXPECT_EQ(mtn_session_create(&options, &none), MTN_UNAVAILABLE);
  options.device = "cpu", options.threads = -1;
  EXPECT_EQ(mtn_session_create(&options, &none), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(none, nullptr);
}

TEST_F(BadInputTest, Images) {
  mtn_kernel *kernel = nullptr;
  EXPECT_EQ(mtn_load_image(session, nullptr, 10, &kernel), MTN_INVALID_ARGUMENT);
  const std::string garbage(1000, 'x');
  for (const size_t size : {size_t(0), size_t(1), garbage.size()})
    EXPECT_NE(mtn_load_image(session, garbage.data(), size, &kernel), MTN_OK);
  EXPECT_EQ(kernel, nullptr);
}
