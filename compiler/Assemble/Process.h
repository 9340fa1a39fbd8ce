//===- Process.h - a program is run ----------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_ASSEMBLE_PROCESS_H
#define MUNTIN_COMPILER_ASSEMBLE_PROCESS_H

#include "runtime/abi/Result.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace muntin {

/// How a program ended.
struct Ended {
  std::optional<int> exitCode; ///< absent: a signal ended it, or someone else of this process took its status
  int signal = 0;
  bool outOfTime = false;
  std::string output; ///< standard output and error, up to 1 MiB
};

/// Runs arguments[0], the absolute path of a program, in `folder`, and waits for it: without a shell, with no input and
/// no file of ours but its output, in a process group of its own, which is gone when this returns. IoError if it cannot
/// be started.
Result<Ended> runProgram(const std::vector<std::string> &arguments, const std::string &folder,
                         std::chrono::duration<double> limit);

/// A folder that nobody else can read, removed with all its files at the end.
class PrivateFolder {
public:
  static Result<PrivateFolder> create();
  PrivateFolder(PrivateFolder &&other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  PrivateFolder &operator=(PrivateFolder &&) = delete;
  ~PrivateFolder();
  const std::string &path() const { return path_; }

private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

} // namespace muntin

#endif // MUNTIN_COMPILER_ASSEMBLE_PROCESS_H
