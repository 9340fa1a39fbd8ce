//===- FakeDriver.h - a CUDA driver that says what it is told ---*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_DEVICE_CUDA_FAKEDRIVER_H
#define MUNTIN_TESTS_RUNTIME_DEVICE_CUDA_FAKEDRIVER_H

/// What the driver answers from now on.
struct FakeDriverAnswers {
  int initCode;      ///< of cuInit: 100 is CUDA_ERROR_NO_DEVICE
  int driverVersion; ///< 12020: for CUDA 12.2
  int major, minor;  ///< compute capability of its one device
  int sharedOptIn;   ///< bytes that a block may have
  int loadCode;      ///< of cuModuleLoadDataEx: 222 is CUDA_ERROR_UNSUPPORTED_PTX_VERSION
  int localBytes;    ///< of every function
};

/// Exported by the library as fake_driver_answer.
using FakeDriverAnswer = void(const FakeDriverAnswers *);
/// Exported as fake_driver_launches: how many launches there were.
using FakeDriverLaunches = int();

#endif // MUNTIN_TESTS_RUNTIME_DEVICE_CUDA_FAKEDRIVER_H
