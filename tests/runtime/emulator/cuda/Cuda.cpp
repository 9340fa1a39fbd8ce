//===- Cuda.cpp - kernels of a second author ------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/cuda/Cuda.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace muntin::emulator::test {

static std::string readFile(const std::string &path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

static std::string compile(const std::string &file, unsigned architecture, const std::string &flags) {
  const std::string nvcc = MUNTIN_NVCC;
  if (nvcc.empty())
    return {};
  namespace fs = std::filesystem;
  const std::string base = (fs::temp_directory_path() / ("muntin-cuda-" + std::to_string(getpid()))).string();
  const std::string target = architecture >= 90 ? "sm_90a" : "sm_80";
  const std::string command = nvcc + " -ptx -std=c++17 -arch=" + target + " " + flags + " " MUNTIN_CUDA_SOURCES "/" +
                              file + ".cu -o " + base + ".ptx > " + base + ".log 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0) << command << "\n" << readFile(base + ".log");
  const std::string text = readFile(base + ".ptx");
  fs::remove(base + ".ptx");
  fs::remove(base + ".log");
  return text;
}

std::vector<std::string> ptxOf(const std::string &file, unsigned architecture, const std::string &flags) {
  std::vector<std::string> texts;
  for (const std::string &text :
       {compile(file, architecture, flags), readFile(MUNTIN_CUDA_SOURCES "/golden/" + file + ".ptx")})
    if (!text.empty())
      texts.push_back(text);
  return texts;
}

void onEach(const std::string &file, const std::function<void(Session &)> &body, unsigned architecture,
            const std::string &flags) {
  const std::vector<std::string> texts = ptxOf(file, architecture, flags);
  if (texts.empty())
    GTEST_SKIP() << "*** SKIPPED: no nvcc here, and " << file << ".cu has no golden PTX ***";
  for (const std::string &text : texts) {
    assemble(text, architecture);
    for (const AsyncMode mode : {AsyncMode::Late, AsyncMode::Eager, AsyncMode::Random}) {
      SCOPED_TRACE(file + " under asynchrony " + std::to_string(static_cast<int>(mode)) + ", seed 1");
      Options options;
      options.async = mode;
      options.seed = 1;
      options.check = CheckLevel::Race;
      Session session(text, architecture, options);
      ASSERT_TRUE(session.loaded()) << session.error;
      body(session);
      if (testing::Test::HasFailure())
        return;
    }
  }
}

void runClean(Session &session, const std::string &kernel, const LaunchShape &shape, std::vector<uint8_t> params) {
  const LaunchResult r = session.launch(kernel, shape, std::move(params));
  EXPECT_TRUE(r.ok);
  for (const Report &report : r.reports)
    ADD_FAILURE() << report.sentence();
}

std::vector<float> smallNumbers(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float &v : values)
    v = static_cast<float>(static_cast<int>(random() % 256) - 128) / 128;
  return values;
}

TensorMapData tensorMap(uint64_t base, const std::vector<uint32_t> &extents, const std::vector<uint16_t> &box) {
  TensorMapData m{};
  m.magic = TensorMapMagic;
  m.base = base;
  m.rank = static_cast<uint8_t>(extents.size());
  uint64_t stride = 2;
  for (size_t i = 0; i < extents.size(); ++i) {
    m.extents[i] = extents[i] - 1;
    m.box[i] = box[i];
    m.elementStrides[i] = 1;
    m.strides[i] = stride *= extents[i];
  }
  m.elementBytes = 2;
  m.type = 9; // bf16
  m.swizzle = 3;
  return m;
}

} // namespace muntin::emulator::test
