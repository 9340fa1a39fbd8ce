//===- NoThreadsTest.cpp - a process that may start no thread -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// This program's pthread_create stands before the C library's, and refuses the
// first so many calls.
//
//===----------------------------------------------------------------------===//

#include "Compile.h"

#include "gtest/gtest.h"

#include <atomic>
#include <cerrno>
#include <dlfcn.h>
#include <pthread.h>

namespace {
std::atomic<int> refused{0}, asked{0};
} // namespace

extern "C" int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                              void *argument) noexcept {
  using Create = int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  return asked++ < refused ? EAGAIN : create(thread, attributes, start, argument);
}

namespace muntin::testing {
namespace {

/// Variants are then made one after the other; only the linker's reader cannot be done without, and its lack is said.
TEST(NoThreads, AreNeededOnlyByTheLinker) {
  const char *key =
      "muntin-problem-1 forward bf16 rank=2 d=16 dv=16 target=avx512-bf16 mask=sliding(left=3x3, right=3x3)";
  const Compiled free = compile(key);
  ASSERT_EQ(free.code, StatusCode::Ok) << free.message;
  const int wanted = asked;
  ASSERT_GE(wanted, 2) << "a thread for a variant, and one for the linker";
  for (int count = 1; count <= wanted; ++count) {
    SCOPED_TRACE(count);
    refused = count, asked = 0;
    const Compiled compiled = compile(key);
    if (count < wanted) {
      EXPECT_EQ(compiled.code, StatusCode::Ok) << compiled.message;
      EXPECT_EQ(compiled.bytes, free.bytes);
    } else {
      EXPECT_EQ(compiled.code, StatusCode::CompileFailed);
      EXPECT_EQ(compiled.message, "link: no thread that reads the linked object");
    }
  }
  refused = 0;
  EXPECT_EQ(compile(key).bytes, free.bytes);
}

} // namespace
} // namespace muntin::testing
