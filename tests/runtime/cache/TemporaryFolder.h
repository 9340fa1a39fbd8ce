//===- TemporaryFolder.h - a folder that goes with its test *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_CACHE_TEMPORARYFOLDER_H
#define MUNTIN_TESTS_RUNTIME_CACHE_TEMPORARYFOLDER_H

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

class TemporaryFolder {
public:
  TemporaryFolder() {
    if (!::mkdtemp(path.data()))
      ADD_FAILURE() << "no temporary folder " << path;
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path); }

  std::string operator/(const std::string &name) const { return path + "/" + name; }
  /// The names of its files that end so, sorted.
  std::vector<std::string> files(const std::string &suffix = "") const {
    std::vector<std::string> names;
    for (const auto &file : std::filesystem::directory_iterator(path))
      if (const std::string name = file.path().filename(); name.ends_with(suffix))
        names.push_back(name);
    std::ranges::sort(names);
    return names;
  }

  std::string path = testing::TempDir() + "muntin-cache-XXXXXX";
};

inline std::string contentsOf(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
/// In place: the same file, for whoever has it open.
inline void overwrite(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

#endif // MUNTIN_TESTS_RUNTIME_CACHE_TEMPORARYFOLDER_H
