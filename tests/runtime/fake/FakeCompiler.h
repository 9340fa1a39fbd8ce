//===- FakeCompiler.h - what the fake compiler tells the tests *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_FAKE_FAKECOMPILER_H
#define MUNTIN_TESTS_RUNTIME_FAKE_FAKECOMPILER_H

struct FakeCompilerCounts {
  int compiles;
  int mostRunning; ///< at the same time
  int unfreed;     ///< results that were not given to mtnc_free
};

#endif // MUNTIN_TESTS_RUNTIME_FAKE_FAKECOMPILER_H
