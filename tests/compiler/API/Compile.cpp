//===- Compile.cpp - one call of the compiler library ----------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compile.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace muntin::testing {

const char *const kSmallKey = "muntin-problem-1 forward f32 rank=1 d=8 dv=8 target=x86-64-v3 mask=causal()";

Compiled compile(const std::string &key, const mtnc_options &options) {
  mtnc_result result;
  mtnc_compile(key.data(), key.size(), &options, &result);
  Compiled compiled;
  compiled.code = StatusCode(result.status);
  if (result.bytes)
    compiled.bytes.assign(result.bytes, result.size);
  if (result.message)
    compiled.message = result.message;
  if (result.reproducer)
    compiled.reproducer = result.reproducer;
  if (result.warning)
    compiled.warning = result.warning;
  for (size_t i = 0; i < result.num_stages; ++i)
    compiled.stages.push_back(result.stages[i].stage);
  mtnc_free(&result);
  return compiled;
}

Compiled compile(const std::string &key, mtnc_emit emit) {
  mtnc_options options{};
  options.struct_size = sizeof options;
  options.emit = emit;
  return compile(key, options);
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "muntin-test-XXXXXX").string();
  path = ::mkdtemp(name.data()) ? name : "";
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

std::string readFile(const std::filesystem::path &path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void writeFile(const std::filesystem::path &path, const std::string &text) {
  std::ofstream(path, std::ios::binary) << text;
}

} // namespace muntin::testing
