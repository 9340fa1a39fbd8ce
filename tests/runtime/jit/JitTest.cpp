//===- JitTest.cpp - opening the compiler library *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/jit/CompilerLibrary.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <thread>
#include <vector>

using namespace muntin;
using namespace muntin::runtime;

namespace {

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
