//===- Api.cpp - the C interface of the compiler library ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/API/Compilation.h"
#include "compiler/API/LocalAssembler.h"

#include <cstdlib>
#include <cstring>

using namespace muntin;

#define MTNC_EXPORT extern "C" __attribute__((visibility("default")))

static char *duplicate(const std::string &text) {
  char *copy = static_cast<char *>(std::malloc(text.size() + 1));
  if (copy)
    std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

static void fail(mtnc_result *result, const Status &status) {
  result->status = int(status.code());
  result->message = duplicate(status.message());
}

MTNC_EXPORT uint32_t mtnc_abi_version(void) { return MTNC_ABI_VERSION; }

/// The options as far as the caller knows them.
static mtnc_options knownOf(const mtnc_options *options) {
  mtnc_options known{};
  if (options)
    std::memcpy(&known, options, std::min(options->struct_size, sizeof known));
  return known;
}

static void succeed(mtnc_result *result, const std::string &output) {
  result->bytes = static_cast<char *>(std::malloc(output.size() + 1));
  if (!result->bytes)
    return fail(result, Status(StatusCode::OutOfMemory, "no memory for the compiler's output"));
  std::memcpy(result->bytes, output.c_str(), output.size() + 1);
  result->size = output.size();
}

MTNC_EXPORT void mtnc_find_assembler(const mtnc_options *options, mtnc_result *result) {
  *result = {};
  const Result<std::unique_ptr<Assembler>> found = localAssembler(knownOf(options));
  if (!found)
    return fail(result, found.status());
  succeed(result, *found ? (*found)->name() + ", " + (*found)->path() : std::string());
}

MTNC_EXPORT void mtnc_compile(const char *key, size_t key_size, const mtnc_options *options, mtnc_result *result) {
  *result = {};
  const mtnc_options known = knownOf(options);
  Result<Problem> problem = parseProblemKey({key, key_size});
  if (!problem)
    return fail(result, problem.status());
  Result<const Target *> target = findTarget(problem->target);
  if (!target)
    return fail(result, target.status());
  Compilation compilation(*problem, **target, known);
  Result<std::string> output = compilation.run();
  for (const Compilation::StageTime &stage : compilation.stages())
    if (result->num_stages < std::size(result->stages))
      result->stages[result->num_stages++] = {stage.stage, stage.seconds};
  if (!compilation.reproducer().empty())
    result->reproducer = duplicate(compilation.reproducer());
  if (!compilation.warning().empty())
    result->warning = duplicate(compilation.warning());
  if (!output)
    return fail(result, output.status());
  succeed(result, *output);
}

MTNC_EXPORT void mtnc_free(mtnc_result *result) {
  std::free(result->bytes);
  std::free(result->message);
  std::free(result->reproducer);
  std::free(result->warning);
  *result = {};
}
