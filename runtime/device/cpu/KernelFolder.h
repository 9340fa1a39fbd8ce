//===- KernelFolder.h - a private place for code on disk ---*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dlopen() wants a file: perf and gdb show it by name, and it matches libraries
// by path, so that no path may be used twice in a process. Each process has a
// folder of its own,
//
//   /tmp/muntin-1000-4026531836-713-19480/kernel-0.so, kernel-1.so, ...
//        uid ----^    ^          ^   ^---- start time of the process
//                     pid namespace  pid
//
// made with mode 0700, removed when the process ends, and swept by a later
// process if it did not come to that. The start time tells a dead process from
// a living one that got its number; the namespace keeps containers that share
// /tmp from judging each other's processes.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_DEVICE_CPU_KERNELFOLDER_H
#define MUNTIN_RUNTIME_DEVICE_CPU_KERNELFOLDER_H

#include "runtime/abi/Result.h"

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace muntin::runtime {

/// Removes the folders in `base` that dead processes of this user left. Returns how many.
int sweepKernelFolders(const std::string &base);

class KernelFolder {
public:
  /// One for the process. After fork() the child gets a folder of its own.
  static KernelFolder &instance();

  ~KernelFolder();
  KernelFolder() = default;
  KernelFolder(const KernelFolder &) = delete;

  /// Writes `bytes` to a new file below `base`; its path is used by no other in this process.
  Result<std::string> write(const std::string &base, std::string_view bytes);

private:
  struct Entry {
    std::string base;
    std::string path;
  };
  Result<std::string> folderIn(const std::string &base);

  std::mutex mutex_;
  pid_t owner_ = 0; ///< the process that made folders_
  std::vector<Entry> folders_;
  uint64_t next_ = 0;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_DEVICE_CPU_KERNELFOLDER_H
