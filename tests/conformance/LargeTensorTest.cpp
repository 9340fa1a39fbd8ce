//===- LargeTensorTest.cpp - tensors of more than 2^31 elements -----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One tensor at a time has tokens 2^27 elements apart, so that its last rows lie
// beyond 2^31 elements and 2^32 bytes. Nothing lies between them, and what nobody
// touches takes no memory.
//
//===----------------------------------------------------------------------===//

#include "muntin/memory.h"
#include "muntin/muntin.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

namespace {

constexpr int64_t kTokens = 20, kColumns = 16, kFarApart = int64_t(1) << 27;
constexpr double kScale = 0.5;

uint16_t toBf16(float x) { return static_cast<uint16_t>(std::bit_cast<uint32_t>(x) >> 16); }
float fromBf16(uint16_t x) { return std::bit_cast<float>(uint32_t(x) << 16); }
/// Eighths from -1 to 1, which bf16 holds.
float numberAt(int64_t tensor, int64_t token, int64_t column) {
  return float((tensor * 7 + token * 5 + column * 11 + token * column * 3) % 17 - 8) / 8;
}

/// sliding(left=6, right=2)
double expected(int64_t query, int64_t column) {
  double sum = 0, result = 0;
  for (int64_t key = std::max<int64_t>(0, query - 6); key <= std::min(kTokens - 1, query + 2); ++key) {
    double score = 0;
    for (int64_t i = 0; i < kColumns; ++i)
      score += double(numberAt(0, query, i)) * numberAt(1, key, i);
    const double weight = std::exp(kScale * score);
    sum += weight, result += weight * numberAt(2, key, column);
  }
  return result / sum;
}

class LargeTensors : public testing::TestWithParam<std::tuple<const char *, int>> {
protected:
  void SetUp() override {
    mtn_session_options options;
    mtn_session_options_init(&options);
    options.device = std::get<0>(GetParam());
    ASSERT_EQ(mtn_session_create(&options, &session), MTN_OK) << mtn_last_error()->message;
  }
  void TearDown() override {
    for (mtn_tensor &tensor : tensors)
      EXPECT_EQ(mtn_memory_release(session, tensor.data), MTN_OK);
    mtn_session_destroy(session);
  }
  void allocate(int number) {
    const int64_t apart = number == std::get<1>(GetParam()) ? kFarApart : kColumns;
    mtn_tensor &tensor = tensors[number];
    tensor = {nullptr, MTN_BF16, 4, {1, kTokens, 1, kColumns}, {kTokens * apart, apart, apart, 1}};
    const auto bytes = static_cast<size_t>(2 * ((kTokens - 1) * apart + kColumns));
    ASSERT_EQ(mtn_memory_allocate(session, bytes, &tensor.data), MTN_OK) << mtn_last_error()->message;
  }
  void *rowOf(const mtn_tensor &tensor, int64_t token) {
    return static_cast<uint16_t *>(tensor.data) + token * tensor.strides[1];
  }

  mtn_session *session = nullptr;
  mtn_tensor tensors[4] = {}; // query, key, value, out
};

} // namespace

TEST_P(LargeTensors, RowsAreFoundBeyondThirtyTwoBits) {
  for (int number = 0; number < 4; ++number) {
    allocate(number);
    for (int64_t token = 0; number < 3 && token < kTokens; ++token) {
      uint16_t row[kColumns];
      for (int64_t column = 0; column < kColumns; ++column)
        row[column] = toBf16(numberAt(number, token, column));
      ASSERT_EQ(mtn_memory_write(session, rowOf(tensors[number], token), row, sizeof row, nullptr), MTN_OK);
    }
  }
  mtn_problem problem;
  mtn_problem_init(&problem);
  problem.dtype = MTN_BF16, problem.rank = 1, problem.head_dim = problem.value_dim = kColumns;
  problem.mask = "sliding(left=6, right=2)";
  mtn_arguments arguments;
  mtn_arguments_init(&arguments);
  arguments.q = &tensors[0], arguments.k = &tensors[1], arguments.v = &tensors[2], arguments.out = &tensors[3];
  arguments.scale = &kScale, arguments.flags = MTN_ALLOCATE_WORKSPACE;
  ASSERT_EQ(mtn_forward(session, &problem, &arguments), MTN_OK) << mtn_last_error()->message;
  for (int64_t token = 0; token < kTokens; ++token) {
    uint16_t row[kColumns];
    ASSERT_EQ(mtn_memory_read(session, row, rowOf(tensors[3], token), sizeof row, nullptr), MTN_OK);
    for (int64_t column = 0; column < kColumns; ++column)
      EXPECT_NEAR(fromBf16(row[column]), expected(token, column), 8e-3) << "token " << token << ", column " << column;
  }
}

INSTANTIATE_TEST_SUITE_P(EachTensor, LargeTensors,
                         testing::Combine(testing::Values("cpu", "emulator:sm_80"), testing::Range(0, 4)));
