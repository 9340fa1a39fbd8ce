//===- JitTest.cpp - single flight, and opening the compiler library *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/jit/CompilerLibrary.h"
#include "runtime/jit/SingleFlight.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <thread>
#include <vector>

using namespace muntin;
using namespace muntin::runtime;

namespace {

TEST(SingleFlight, ManyAskOneMakes) {
  constexpr int kThreads = 32;
  SingleFlight<int> flights;
  std::barrier start(kThreads);
  std::atomic<int> made{0}, waited{0}, right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      start.arrive_and_wait();
      const auto [value, other] = flights.run("key", [&] {
        ++made;
        std::this_thread::sleep_for(std::chrono::milliseconds(50)); // the others come meanwhile
        return 42;
      });
      waited += other;
      right += value == 42;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(right, kThreads);
  EXPECT_EQ(made + waited, kThreads) << "who did not wait made it";
  EXPECT_GT(waited, 0);
}

TEST(SingleFlight, DifferentKeysDoNotWaitForEachOther) {
  SingleFlight<int> flights;
  std::barrier both(2); // each is inside while the other is
  std::atomic<int> waited{0};
  const auto fly = [&](const std::string &key) {
    waited += flights
                  .run(key,
                       [&] {
                         both.arrive_and_wait();
                         return 1;
                       })
                  .second;
  };
  std::thread a(fly, "a"), b(fly, "b");
  a.join();
  b.join();
  EXPECT_EQ(waited, 0);
}

TEST(SingleFlight, NothingIsKept) {
  SingleFlight<int> flights;
  int calls = 0;
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(flights.run("key", [&] { return ++calls; }).first, i + 1);
}

std::string keyOf(const std::string &plan) {
  Problem problem;
  problem.target = "x86-64-v3";
  problem.plan = plan;
  return problemKey(problem);
}

TEST(CompilerLibrary, OpensAndCompiles) {
  CompilerLibrary library({.path = FAKE_COMPILER});
  const CompileOutput output = library.compile({.key = keyOf(""), .emit = MTNC_EMIT_TILE});
  ASSERT_TRUE(output.status.ok()) << output.status.message();
  EXPECT_EQ(output.bytes, "text of " + keyOf(""));
  std::vector<std::string> names;
  for (const CompileOutput::Stage &stage : output.stages)
    names.push_back(stage.name);
  EXPECT_EQ(names, (std::vector<std::string>{"open", "parse", "link"}));
  ASSERT_TRUE(library.path().ok());
  EXPECT_STREQ(*library.path(), FAKE_COMPILER);
}

TEST(CompilerLibrary, PredictionsGetTheExtents) {
  CompilerLibrary library({.path = FAKE_COMPILER});
  const Shape shape{.grid = {77}, .kvGrid = {77}};
  EXPECT_TRUE(library.compile({.key = keyOf(""), .emit = MTNC_EMIT_PLAN, .shape = shape}).bytes.ends_with(" for 77"));
}

TEST(CompilerLibrary, AFailureNamesItsReproducer) {
  CompilerLibrary library({.path = FAKE_COMPILER});
  const CompileOutput output = library.compile({.key = keyOf("fail")});
  EXPECT_EQ(output.status.code(), StatusCode::CompileFailed);
  EXPECT_EQ(output.status.message(), "stage lower: told to fail");
  EXPECT_EQ(output.reproducer, "/nowhere/reproducer.mlir");
}

TEST(CompilerLibrary, WhatCannotBeOpenedIsUnavailableAndNamed) {
  for (const std::string &path : {std::string("/nowhere/libmuntin-compiler.so"), std::string(FAKE_KERNEL),
                                  std::string(FAKE_COMPILER_OF_ANOTHER_VERSION)}) {
    CompilerLibrary library({.path = path});
    const Result<const char *> opened = library.path();
    ASSERT_FALSE(opened.ok()) << path;
    EXPECT_EQ(opened.status().code(), StatusCode::Unavailable);
    EXPECT_NE(opened.status().message().find(path), std::string::npos) << opened.status().message();
    EXPECT_EQ(library.compile({.key = keyOf("")}).status.code(), StatusCode::Unavailable);
  }
}

} // namespace
