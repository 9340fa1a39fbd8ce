//===- CheckTest.cpp - what a caller can get wrong about tensors *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/launch/Check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

using namespace muntin;
using namespace muntin::runtime;

namespace {

alignas(64) float memory[1 << 16];

TensorView dense(int offset, DataType type, std::vector<int64_t> extents) {
  TensorView tensor{.data = memory + offset, .type = type, .rank = static_cast<int>(extents.size())};
  int64_t stride = 1;
  for (int axis = tensor.rank - 1; axis >= 0; --axis) {
    tensor.extents[axis] = extents[axis];
    tensor.strides[axis] = stride;
    stride *= extents[axis];
  }
  return tensor;
}

Problem problemOf(const char *mask, int rank) {
  Problem problem;
  problem.rank = rank;
  problem.headDim = 8;
  problem.valueDim = 4;
  problem.target = "x86-64-v3";
  problem.mask = *expandMask(*parseMask(mask), rank);
  return problem;
}

/// B 2, grid 5x3, kv_grid 4x6, H 4, Hkv 2, D 8, Dv 4.
TensorSet tensorSet() {
  TensorSet set;
  at(set, Tensor::Query) = dense(0, DataType::F32, {2, 5, 3, 4, 8});
  at(set, Tensor::Key) = dense(4096, DataType::F32, {2, 4, 6, 2, 8});
  at(set, Tensor::Value) = dense(8192, DataType::F32, {2, 4, 6, 2, 4});
  at(set, Tensor::Out) = dense(12288, DataType::F32, {2, 5, 3, 4, 4});
  at(set, Tensor::Lse) = dense(16384, DataType::F32, {2, 5, 3, 4});
  return set;
}

Status check(const Problem &problem, TensorSet set) {
  const Result<Shape> shape = checkLayouts(problem, set);
  return shape ? checkMemory(set) : shape.status();
}

void expectRefused(const Status &status, const std::string &part) {
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_NE(status.message().find(part), std::string::npos) << status.message() << " lacks " << part;
}

TEST(Check, TheShapeComesFromTheTensors) {
  TensorSet set = tensorSet();
  const Result<Shape> shape = checkLayouts(problemOf("full()", 2), set);
  ASSERT_TRUE(shape.ok()) << shape.status().message();
  EXPECT_EQ(shape->batch, 2);
  EXPECT_EQ(shape->heads, 4);
  EXPECT_EQ(shape->kvHeads, 2);
  EXPECT_EQ(shape->grid, (std::vector<int64_t>{5, 3}));
  EXPECT_EQ(shape->kvGrid, (std::vector<int64_t>{4, 6}));
  EXPECT_TRUE(checkMemory(set).ok());
}

TEST(Check, NamesFieldValueAndBound) {
  const Problem problem = problemOf("full()", 2);
  struct Case {
    std::function<void(TensorSet &)> spoil;
    const char *message;
  };
  const auto tensor = [](Tensor which, auto change) { return [=](TensorSet &set) { change(*at(set, which)); }; };
  for (const auto &[spoil, message] : std::vector<Case>{
           {[](TensorSet &set) { at(set, Tensor::Key).reset(); }, "k is null"},
           {tensor(Tensor::Query, [](TensorView &q) { q.rank = 4; }), "q has 4 dimensions, expected 5"},
           {tensor(Tensor::Value, [](TensorView &v) { v.type = DataType::F16; }),
            "v has element type f16, expected f32"},
           {tensor(Tensor::Lse, [](TensorView &l) { l.type = DataType::BF16; }),
            "lse has element type bf16, expected f32"},
           {tensor(Tensor::Query, [](TensorView &q) { q.extents[1] = -1; }), "q: extent -1 of axis 1"},
           {tensor(Tensor::Query, [](TensorView &q) { q.extents[1] = int64_t(1) << 31; }), "not in [0, 2^31)"},
           {tensor(Tensor::Query, [](TensorView &q) { q.extents[4] = 7; }), "q: extent 7 of axis 4, expected 8"},
           {tensor(Tensor::Key, [](TensorView &k) { k.extents[0] = 1; }), "k: extent 1 of axis 0, expected 2"},
           {tensor(Tensor::Value, [](TensorView &v) { v.extents[2] = 5; }), "v: extent 5 of axis 2, expected 6"},
           {tensor(Tensor::Value, [](TensorView &v) { v.extents[3] = 1; }), "v: extent 1 of axis 3, expected 2"},
           {tensor(Tensor::Out, [](TensorView &o) { o.extents[4] = 8; }), "out: extent 8 of axis 4, expected 4"},
           {tensor(Tensor::Lse, [](TensorView &l) { l.extents[3] = 2; }), "lse: extent 2 of axis 3, expected 4"},
           {tensor(Tensor::Query, [](TensorView &q) { q.strides[4] = 2; }), "q: stride 2 of the last axis, expected 1"},
           {tensor(Tensor::Key, [](TensorView &k) { k.strides[0] = INT64_MAX / 2; }), "k spans 2^63 bytes"},
           {tensor(Tensor::Key, [](TensorView &k) { k.strides[0] = INT64_MIN; }), "k spans 2^63 bytes"},
           {tensor(Tensor::Query, [](TensorView &q) { q.data = nullptr; }), "q: the data pointer is null"},
           {tensor(Tensor::Lse, [](TensorView &l) { l.data = nullptr; }), "lse: the data pointer is null"},
           {tensor(Tensor::Value, [](TensorView &v) { v.data = (char *)v.data + 2; }), "is not a multiple of 4"},
           {tensor(Tensor::Out, [](TensorView &o) { o.strides[0] = 0; }), "out overlaps itself"},
           {tensor(Tensor::Out, [](TensorView &o) { o.data = memory + 4096; }), "out overlaps k"},
           {tensor(Tensor::Lse, [](TensorView &l) { l.data = memory + 12289; }), "overlaps"},
           {[](TensorSet &set) { at(set, Tensor::Segments) = dense(20480, DataType::I32, {2, 15}); },
            "segments is given, but the mask has no document()"}}) {
    TensorSet set = tensorSet();
    spoil(set);
    SCOPED_TRACE(message);
    expectRefused(check(problem, set), message);
  }
}

TEST(Check, InputsMayOverlapRepeatAndRunBackwards) {
  TensorSet set = tensorSet();
  at(set, Tensor::Key)->data = at(set, Tensor::Query)->data;
  at(set, Tensor::Value)->strides = {0, 0, 0, 0, 1};
  at(set, Tensor::Query)->strides[1] *= -1;
  at(set, Tensor::Query)->data = memory + 60000;
  EXPECT_TRUE(check(problemOf("full()", 2), set).ok()) << check(problemOf("full()", 2), set).message();
}

TEST(Check, BoundsOfTheMaskHoldUnlessThereIsNoQuery) {
  const Problem problem = problemOf("neighborhood(window=5x5)", 2);
  TensorSet set = tensorSet();
  EXPECT_EQ(check(problem, set).code(), StatusCode::InvalidArgument);
  at(set, Tensor::Query)->extents[1] = at(set, Tensor::Out)->extents[1] = at(set, Tensor::Lse)->extents[1] = 0;
  at(set, Tensor::Query)->data = at(set, Tensor::Out)->data = at(set, Tensor::Lse)->data = nullptr;
  EXPECT_TRUE(check(problem, set).ok()) << check(problem, set).message();
}

TEST(Check, Segments) {
  const Problem problem = problemOf("document()", 2);
  expectRefused(check(problem, tensorSet()), "segments is null");
  TensorSet set = tensorSet();
  at(set, Tensor::Segments) = dense(20480, DataType::I32, {2, 15});
  expectRefused(check(problem, set), "kv_segments is null");
  at(set, Tensor::KvSegments) = dense(24576, DataType::I32, {2, 24});
  EXPECT_TRUE(check(problem, set).ok());
  at(set, Tensor::KvSegments)->extents[1] = 23;
  expectRefused(check(problem, set), "kv_segments: extent 23 of axis 1, expected 24");
  at(set, Tensor::KvSegments) = dense(24576, DataType::F32, {2, 24});
  expectRefused(check(problem, set), "kv_segments has element type f32, expected i32");

  // Equal grids: one list for both.
  set = tensorSet();
  at(set, Tensor::Key) = dense(4096, DataType::F32, {2, 5, 3, 2, 8});
  at(set, Tensor::Value) = dense(8192, DataType::F32, {2, 5, 3, 2, 4});
  at(set, Tensor::Segments) = dense(20480, DataType::I32, {2, 15});
  ASSERT_TRUE(checkLayouts(problem, set).ok());
  ASSERT_TRUE(at(set, Tensor::KvSegments));
  EXPECT_EQ(at(set, Tensor::KvSegments)->data, at(set, Tensor::Segments)->data);
}

TEST(Check, ScaleIsFinite) {
  EXPECT_TRUE(checkScale(0).ok());
  EXPECT_TRUE(checkScale(-0.3).ok());
  for (const double scale : {std::nan(""), std::numeric_limits<double>::infinity()})
    expectRefused(checkScale(scale), "scale is");
}

} // namespace
