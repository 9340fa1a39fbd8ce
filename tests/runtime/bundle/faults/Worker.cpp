//===- Worker.cpp - a process whose kernel is in a bundle --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   MuntinBundleWorker make FILE    writes a bundle of one problem
//   MuntinBundleWorker run FILE     runs it, while Faults.c is armed
//
// Exit codes: 0 the result was right, 3 it was wrong, 4 the run was refused,
// with a reason.
//
//===----------------------------------------------------------------------===//

#include "runtime/bundle/Bundle.h"
#include "tests/runtime/capi/Fixture.h"

#include <cstdio>
#include <fstream>

#include <dlfcn.h>

using namespace muntin;

namespace {

enum Exit { kRight = 0, kUsage = 2, kWrong = 3, kRefused = 4 };

int refused() {
  if (mtn_last_error()->status == MTN_OK || !*mtn_last_error()->message)
    return kWrong;
  std::fprintf(stderr, "refused: %s\n", mtn_last_error()->message);
  return kRefused;
}

int make(const char *path) {
  const mtn_session_options options = fakeOptions(1);
  const auto session = Session::create(&options);
  const Attention problem = fakeProblem();
  const mtn_problem view = problem.view();
  mtn_compile_result result = {};
  result.struct_size = sizeof result;
  if (!session || mtn_compile(session->get(), &view, MTN_EMIT_IMAGE, nullptr, &result) != MTN_OK)
    return refused();
  const Result<std::string> bundle = runtime::writeBundle({std::string(result.output.data, result.output.size)});
  mtn_blob_free(&result.output);
  std::ofstream(path, std::ios::binary) << *bundle;
  return kRight;
}

/// Through the C interface, so that every allocation is the library's.
int run(const char *path) {
  const auto arm = reinterpret_cast<void (*)(int)>(::dlsym(RTLD_DEFAULT, "faults_arm"));
  mtn_session_options options = fakeOptions(1);
  options.compile_never = 1;
  options.log = [](void *, mtn_log_level, const char *) {};
  const Attention problem = fakeProblem();
  const mtn_problem view = problem.view();
  FakeRun run(1, 3, 9, 2, 1);
  const Arguments owner = run.arguments();
  const mtn_arguments arguments = owner.view();
  mtn_session *session = nullptr;
  if (arm)
    arm(1);
  const bool done = mtn_session_create(&options, &session) == MTN_OK &&
                    mtn_session_add_bundle_file(session, path) == MTN_OK &&
                    mtn_forward(session, &view, &arguments) == MTN_OK;
  const int code = done ? run.wrong() == 0 ? kRight : kWrong : refused();
  mtn_session_destroy(session);
  if (arm)
    arm(0);
  return code;
}

} // namespace

int main(int count, char **arguments) {
  const std::string mode = count == 3 ? arguments[1] : "";
  if (mode == "make")
    return make(arguments[2]);
  return mode == "run" ? run(arguments[2]) : kUsage;
}
