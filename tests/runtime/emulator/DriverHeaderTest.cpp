//===- DriverHeaderTest.cpp - our types against the toolkit's header ------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Types.h"

#include <cuda.h>
#include <gtest/gtest.h>

namespace ours = muntin::emulator::driver;

#define SAME(type, field) static_assert(offsetof(ours::type, field) == offsetof(::type, field), #field)

static_assert(sizeof(ours::CUDA_MEMCPY2D) == sizeof(::CUDA_MEMCPY2D));
SAME(CUDA_MEMCPY2D, srcHost);
SAME(CUDA_MEMCPY2D, dstMemoryType);
SAME(CUDA_MEMCPY2D, dstPitch);
SAME(CUDA_MEMCPY2D, Height);
static_assert(sizeof(ours::CUDA_MEMCPY3D) == sizeof(::CUDA_MEMCPY3D));
SAME(CUDA_MEMCPY3D, srcHeight);
SAME(CUDA_MEMCPY3D, dstDevice);
SAME(CUDA_MEMCPY3D, Depth);
static_assert(sizeof(ours::CUlaunchConfig) == sizeof(::CUlaunchConfig));
SAME(CUlaunchConfig, hStream);
SAME(CUlaunchConfig, attrs);
static_assert(sizeof(ours::CUlaunchAttribute) == sizeof(::CUlaunchAttribute));
SAME(CUlaunchAttribute, value);
static_assert(sizeof(ours::CUtensorMap) == sizeof(::CUtensorMap));
static_assert(alignof(ours::CUtensorMap) <= alignof(::CUtensorMap)); // 64 before CUDA 13, then 128
static_assert(int(ours::CUDA_ERROR_INVALID_PTX) == int(::CUDA_ERROR_INVALID_PTX));
static_assert(int(ours::CUDA_ERROR_LAUNCH_TIMEOUT) == int(::CUDA_ERROR_LAUNCH_TIMEOUT));
static_assert(int(ours::CUDA_ERROR_INVALID_CLUSTER_SIZE) == int(::CUDA_ERROR_INVALID_CLUSTER_SIZE));

TEST(DriverHeader, TypesAgree) { SUCCEED() << "checked by the compiler"; }
