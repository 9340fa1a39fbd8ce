//===- Runtime.cpp - the commands' way to the runtime ---------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Command.h"

#include "runtime/abi/Target.h"

#include <fmt/format.h>

#include <algorithm>

using namespace muntin;

Status muntin::toStatus(const Outcome &outcome) {
  if (outcome.ok())
    return {};
  std::string message = outcome.message();
  if (!outcome.reproducer().empty())
    message += fmt::format("\nreproducer: {}", outcome.reproducer());
  return {static_cast<StatusCode>(outcome.code()), std::move(message)}; // the codes are the same numbers
}

Result<Session> muntin::openSession(const Options &options, int threads, mtn_cache_mode cache) {
  mtn_session_options settings;
  mtn_session_options_init(&settings);
  settings.threads = threads;
  settings.device = options.device ? options.device->c_str() : nullptr;
  settings.cache = cache;
  settings.cubins = options.cubin ? options.cubin->c_str() : nullptr;
  Expected<Session> session = Session::create(&settings);
  if (!session)
    return toStatus(session.error());
  return std::move(*session);
}

Status muntin::checkCubins(const Options &options, std::span<const Request> requests) {
  const auto isForGpu = [](const Request &request) {
    const Result<const Target *> row = findTarget(request.problem.target);
    return row && (*row)->gpu;
  };
  if (options.cubin && options.cubin->empty()) // which the runtime takes for not given
    return Status::invalid("--cubin is '', expected architectures from sm_80 on, as in sm_80,sm_90");
  if (!options.cubin || std::ranges::any_of(requests, isForGpu))
    return {};
  return Status::invalid(
      fmt::format("--cubin is '{}', but no target is a GPU; expected --target sm_80", *options.cubin));
}

Result<Compiled> muntin::compileTo(const Session &session, const Request &request, mtn_emit emit) {
  const Attention attention = request.attention();
  const mtn_problem problem = attention.view();
  mtn_shape shape;
  if (request.shape)
    shape = request.extents().view();
  mtn_compile_result result = {};
  result.struct_size = sizeof result;
  const Outcome outcome(mtn_compile(session.get(), &problem, emit, request.shape ? &shape : nullptr, &result));
  if (!outcome)
    return toStatus(outcome);
  Compiled compiled;
  compiled.output.assign(result.output.data, result.output.size);
  mtn_blob_free(&result.output);
  for (size_t i = 0; i < result.num_stages; ++i)
    compiled.stages.emplace_back(result.stages[i].stage, result.stages[i].seconds);
  return compiled;
}
