//===- BenchBundle.cpp - opening a bundle of 500 problems --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/bench/runtime/BundleFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace muntin::bench;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

static double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<long>(values.size() / 2));
  return values[values.size() / 2];
}

static double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Bytes of header and index, from the header.
static size_t indexEnd(const void *bundle) {
  uint64_t indexBytes = 0;
  std::memcpy(&indexBytes, static_cast<const char *>(bundle) + 24, sizeof indexBytes);
  return 48 + indexBytes;
}

/// One image under 500 keys: opening looks at no code.
static std::vector<std::string> fiveHundred() {
  const auto session = muntin::Session::create();
  if (!session)
    stop(session.error().message());
  muntin::Attention problem{.rank = 2, .headDim = 64, .mask = "neighborhood(window=7x7)"};
  muntin::Result<muntin::Image> image = muntin::deserializeImage(compiledImage(*session, problem));
  if (!image)
    stop(image.status().message());
  std::vector<std::string> images;
  for (int left = 0; left < 500; ++left) {
    problem.mask = fmt::format("sliding(left={}, right=0)", left);
    const mtn_problem view = problem.view();
    mtn_blob key = {};
    check(muntin::Outcome(mtn_problem_key(&view, &key)));
    image->problemKey = key.data;
    mtn_blob_free(&key);
    images.push_back(muntin::serializeImage(*image));
  }
  return images;
}

static void measureOpening(const std::string &path) {
  std::vector<double> fromFile, fromMemory;
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const size_t size = fs::file_size(path);
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  size_t touched = 0;
  for (int round = 0; round < 200; ++round) {
    const auto one = muntin::Session::create();
    auto two = muntin::Session::create();
    Clock::time_point start = Clock::now();
    check(one->addBundle(path));
    fromFile.push_back(millisecondsSince(start));
    void *bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    touched = (indexEnd(bytes) + page - 1) / page * page;
    // All that lies behind the index cannot be read meanwhile, which proves that it is not.
    ::mprotect(static_cast<char *>(bytes) + touched, size - touched, PROT_NONE);
    start = Clock::now();
    check(two->addBundle({static_cast<const std::byte *>(bytes), size}));
    fromMemory.push_back(millisecondsSince(start));
    *two = muntin::Session(); // before the bytes
    ::munmap(bytes, size);
  }
  ::close(descriptor);
  fmt::print(
      "a bundle of 500 problems, {} kB, is opened   from a file in {:.3f} ms, from memory in {:.3f} ms (at most 1),"
      " where only its first {} kB can be read\n",
      size / 1024, median(fromFile), median(fromMemory), touched / 1024);
}

int main() {
  std::string folder = fs::temp_directory_path() / "muntin-bundle-XXXXXX";
  if (!::mkdtemp(folder.data()))
    stop("no temporary folder");
  writeBundleFile(folder + "/many.mtn", fiveHundred());
  measureOpening(folder + "/many.mtn");
  fs::remove_all(folder);
  return 0;
}
