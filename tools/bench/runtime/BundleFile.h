//===- BundleFile.h - bundles for benchmarks ---------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_BENCH_RUNTIME_BUNDLEFILE_H
#define MUNTIN_TOOLS_BENCH_RUNTIME_BUNDLEFILE_H

#include "muntin/muntin.hpp"
#include "runtime/bundle/Bundle.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace muntin::bench {

[[noreturn]] inline void stop(const std::string &message) {
  std::fprintf(stderr, "bench-runtime: %s\n", message.c_str());
  std::exit(3);
}

inline void check(const Outcome &outcome) {
  if (!outcome)
    stop(outcome.message());
}

inline std::string compiledImage(const Session &session, const Attention &problem) {
  const mtn_problem view = problem.view();
  mtn_compile_result result = {};
  result.struct_size = sizeof result;
  check(Outcome(mtn_compile(session.get(), &view, MTN_EMIT_IMAGE, nullptr, &result)));
  std::string image(result.output.data, result.output.size);
  mtn_blob_free(&result.output);
  return image;
}

inline void writeBundleFile(const std::string &path, std::vector<std::string> images) {
  const Result<std::string> bytes = runtime::writeBundle(std::move(images));
  if (!bytes)
    stop(bytes.status().message());
  std::ofstream(path, std::ios::binary) << *bytes;
}

} // namespace muntin::bench

#endif // MUNTIN_TOOLS_BENCH_RUNTIME_BUNDLEFILE_H
