//===- HandleTest.cpp - handles that are none any more -----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/capi/Fixture.h"

using namespace muntin;

namespace {

void expectReleased(mtn_status status, const char *what) {
  EXPECT_EQ(status, MTN_INVALID_ARGUMENT);
  const std::string message = mtn_last_error()->message;
  EXPECT_TRUE(message.starts_with(what)) << message;
  EXPECT_NE(message.find("which was released or never was a handle"), std::string::npos) << message;
}

/// A library built with NDEBUG has no list of those that live.
TEST(Handles, ThatWereReleasedAreRefused) {
#ifdef NDEBUG
  GTEST_SKIP() << "built with NDEBUG";
#endif
  const mtn_session_options options = fakeOptions();
  mtn_session *session = nullptr;
  mtn_kernel *kernel = nullptr;
  mtn_call *call = nullptr;
  mtn_event *event = nullptr;
  ASSERT_EQ(mtn_session_create(&options, &session), MTN_OK);
  const Attention problem = fakeProblem();
  const mtn_problem view = problem.view();
  FakeRun run(1, 3, 9, 2, 1);
  const Arguments owner = run.arguments();
  const mtn_arguments arguments = owner.view();
  ASSERT_EQ(mtn_prepare(session, &view, 0, &kernel), MTN_OK);
  ASSERT_EQ(mtn_call_create(kernel, &arguments, &call), MTN_OK);
  ASSERT_EQ(mtn_event_create(session, &event), MTN_OK);

  expectReleased(mtn_forward(reinterpret_cast<mtn_session *>(&run), &view, &arguments), "session is ");
  EXPECT_EQ(mtn_forward(reinterpret_cast<mtn_session *>(kernel), &view, &arguments), MTN_INVALID_ARGUMENT);
  EXPECT_NE(std::string(mtn_last_error()->message).find("which is a kernel"), std::string::npos);

  mtn_session_destroy(session);
  expectReleased(mtn_forward(session, &view, &arguments), "session is ");
  EXPECT_EQ(mtn_kernel_run(kernel, &arguments), MTN_OK) << "a kernel keeps what it needs";
  mtn_kernel_release(kernel);
  expectReleased(mtn_kernel_run(kernel, &arguments), "kernel is ");
  mtn_pointers pointers;
  mtn_pointers_init(&pointers);
  mtn_call_release(call);
  expectReleased(mtn_call_run(call, &pointers), "call is ");
  mtn_event_destroy(event);
  expectReleased(mtn_event_synchronize(event), "event is ");
}

} // namespace
