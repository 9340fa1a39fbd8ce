//===- DLPackTest.cpp - tensors of other libraries ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The structures are written down here a second time, in the words of DLPack's
// specification; dlpack_numpy.py holds the reader against an author who is not
// one of us.
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/capi/Fixture.h"

using namespace muntin;

namespace {

struct DLDevice {
  int32_t device_type;
  int32_t device_id;
};
struct DLDataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};
struct DLTensor {
  void *data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t *shape;
  int64_t *strides;
  uint64_t byte_offset;
};

class DLPack : public testing::Test {
protected:
  DLTensor source() { return {memory, {1, 0}, 4, {2, 32, 1}, extents, nullptr, 0}; }
  std::string refusal(const DLTensor &wrong) {
    const auto made = session->view(wrong);
    EXPECT_FALSE(made.ok());
    EXPECT_EQ(made.error().code(), MTN_INVALID_ARGUMENT);
    return made.error().message();
  }

  const mtn_session_options options = fakeOptions();
  const Expected<Session> session = Session::create(&options);
  alignas(64) float memory[48] = {};
  int64_t extents[7] = {1, 6, 1, 8, 1, 1, 1}, strides[4] = {0, 16, 8, 1};
};

TEST_F(DLPack, AViewHasExtentsStridesAndOffset) {
  const auto dense = session->view(source());
  ASSERT_TRUE(dense.ok()) << dense.error().message();
  EXPECT_EQ(dense->data, memory);
  EXPECT_EQ(dense->dtype, MTN_F32);
  EXPECT_EQ(dense->ndim, 4);
  EXPECT_EQ(dense->extents[1], 6);
  EXPECT_EQ(dense->strides[1], 8);
  EXPECT_EQ(dense->strides[3], 1);
  DLTensor gaps = source();
  gaps.strides = strides;
  gaps.byte_offset = 32;
  const auto view = session->view(gaps);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->data, memory + 8);
  EXPECT_EQ(view->strides[1], 16);
}

TEST_F(DLPack, ElementTypes) {
  const std::pair<DLDataType, mtn_dtype> types[] = {
      {{2, 32, 1}, MTN_F32}, {{2, 16, 1}, MTN_F16}, {{4, 16, 1}, MTN_BF16}, {{0, 32, 1}, MTN_I32}};
  for (const auto &[type, dtype] : types) {
    DLTensor tensor = source();
    tensor.dtype = type;
    EXPECT_EQ(session->view(tensor)->dtype, dtype);
  }
  for (const DLDataType type : {DLDataType{2, 64, 1}, {2, 32, 2}, {1, 32, 1}, {4, 32, 1}, {0, 64, 1}}) {
    DLTensor tensor = source();
    tensor.dtype = type;
    EXPECT_NE(refusal(tensor).find("dl_tensor: dtype has code"), std::string::npos);
  }
}

TEST_F(DLPack, ASessionOnAGpuTakesItsMemoryAndNotTheHosts) {
  mtn_session_options there = options;
  there.device = "emulator:sm_80";
  const auto gpu = Session::create(&there);
  ASSERT_TRUE(gpu.ok()) << gpu.error().message();
  DLTensor tensor = source();
  const auto view = [&](int32_t type, int32_t number) {
    tensor.device = {type, number};
    return gpu->view(tensor);
  };
  EXPECT_EQ(view(2, 0)->data, memory);
  EXPECT_TRUE(view(3, 0).ok());
  EXPECT_TRUE(view(13, 0).ok());
  EXPECT_EQ(view(1, 0).error().message(), "dl_tensor: device type is 1, device 0, whose memory the device "
                                          "emulator:sm_80 cannot reach; expected kDLCUDA (2) of device 0");
  EXPECT_EQ(view(2, 1).error().message(), "dl_tensor: device type is 2, device 1, whose memory the device "
                                          "emulator:sm_80 cannot reach; expected kDLCUDA (2) of device 0");
}

TEST_F(DLPack, WhatCannotBeReachedOrReadIsRefused) {
  DLTensor wrong = source();
  wrong.device = {2, 0};
  EXPECT_EQ(refusal(wrong),
            "dl_tensor: device type is 2, device 0, whose memory the device cpu cannot reach; expected kDLCPU (1)");
  wrong = source();
  wrong.ndim = 7;
  EXPECT_EQ(refusal(wrong), "dl_tensor: ndim is 7, expected 0 to 6");
  wrong.ndim = -1;
  EXPECT_EQ(refusal(wrong), "dl_tensor: ndim is -1, expected 0 to 6");
  wrong = source();
  wrong.shape = nullptr;
  EXPECT_EQ(refusal(wrong), "dl_tensor: shape is null");
  extents[1] = -6;
  EXPECT_EQ(refusal(source()), "dl_tensor: extent -6 of axis 1, expected 0 or more");
  mtn_tensor tensor;
  EXPECT_EQ(mtn_tensor_from_dlpack(session->get(), nullptr, &tensor), MTN_INVALID_ARGUMENT);
  const DLTensor good = source();
  EXPECT_EQ(mtn_tensor_from_dlpack(session->get(), &good, nullptr), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(mtn_tensor_from_dlpack(nullptr, &good, &tensor), MTN_INVALID_ARGUMENT);
}

} // namespace
