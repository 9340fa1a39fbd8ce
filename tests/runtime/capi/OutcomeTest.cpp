//===- OutcomeTest.cpp - values and failures, with exceptions too *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program of its own: it asks for exceptions, which the other tests do not.
//
//===----------------------------------------------------------------------===//

#define MUNTIN_EXCEPTIONS
#include "tests/runtime/capi/Fixture.h"

#include <memory>

using namespace muntin;

namespace {

Expected<std::unique_ptr<int>> number(int value) { return std::make_unique<int>(value); }
Expected<std::unique_ptr<int>> failure() { return Outcome(mtn_session_create(nullptr, nullptr)); }

TEST(Expected, ChainsLikeTheStandardsOwn) {
  const auto twice = [](std::unique_ptr<int> &&value) { return 2 * *value; };
  const auto ifSmall = [](std::unique_ptr<int> &&value) -> Expected<int> {
    if (*value > 10)
      return Outcome(mtn_session_create(nullptr, nullptr));
    return *value;
  };
  EXPECT_EQ(*number(4).transform(twice), 8);
  EXPECT_EQ(*number(4).and_then(ifSmall), 4);
  EXPECT_EQ(number(40).and_then(ifSmall).error().message(), "session is null");
  EXPECT_EQ(failure().transform(twice).error().message(), "session is null");
  EXPECT_EQ(failure().and_then(ifSmall).error().code(), MTN_INVALID_ARGUMENT);
  EXPECT_EQ(*failure().value_or(std::make_unique<int>(7)), 7);
  EXPECT_EQ(*number(4).value_or(nullptr), 4);
}

TEST(Expected, ThrowsOnlyWhereAskedTo) {
  EXPECT_EQ(*number(4).value(), 4);
  try {
    (void)failure().value();
    FAIL() << "nothing was thrown";
  } catch (const Failure &thrown) {
    EXPECT_STREQ(thrown.what(), "session is null");
    EXPECT_EQ(thrown.outcome().code(), MTN_INVALID_ARGUMENT);
  }
}

TEST(Expected, ChainsASessionIntoACall) {
  const mtn_session_options options = fakeOptions();
  FakeRun run(1, 3, 9, 2, 1);
  const auto call = Session::create(&options)
                        .and_then([](Session &&session) { return session.prepare(fakeProblem()); })
                        .and_then([&](Kernel &&kernel) { return kernel.call(run.arguments()); });
  ASSERT_TRUE(call.ok()) << call.error().message();
  EXPECT_GT(*call->workspace(), 0u) << "a call keeps its kernel and its session";
}

} // namespace
