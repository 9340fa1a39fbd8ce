//===- CacheFolder.h - the folder of the disk cache --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nothing here is kept open or remembered between calls, so that a folder may
// go, come back or be another at any time, and a fork() shares nothing.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CACHE_CACHEFOLDER_H
#define MUNTIN_RUNTIME_CACHE_CACHEFOLDER_H

#include "runtime/abi/Entry.h"
#include "runtime/base/Files.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <time.h>

namespace muntin::runtime {

/// What became of looking for an entry.
enum class Reason : int {
  Found,
  Absent,     ///< no such file, or no folder
  Damaged,    ///< truncated, changed, not an entry
  Version,    ///< of an older or newer format
  Foreign,    ///< no regular file of this user alone, or an entry of another problem or compiler
  Unreadable, ///< the system could not read it
};

/// An entry read and verified, or why there is none.
struct EntryFile {
  Reason reason = Reason::Absent;
  std::string path;
  std::string why; ///< a sentence; "" where found or absent
  Entry entry;     ///< where found
};

struct FileInfo {
  std::string name;
  uint64_t bytes = 0;
  timespec written{}, used{}; ///< used: never before written
};

class CacheFolder {
public:
  /// A relative path is one from the current folder, now; "" stays "".
  explicit CacheFolder(const std::string &path);
  const std::string &path() const { return path_; }
  std::string pathOf(const std::string &name) const { return path_ + "/" + name; }

  /// The folder itself. Refused unless it belongs to this user, is no link, and nobody else may write to it. A folder
  /// that is not there is made, private, if `create`.
  Result<Descriptor> open(bool create) const;

  /// Reads and verifies `name`. Only an entry of `problemKey` by `compiler` is found; "" is any.
  EntryFile read(const std::string &name, std::string_view problemKey, std::string_view compiler) const;
  /// Readers see all of `bytes` or what was there before, also after a crash of the machine.
  Status write(const std::string &name, std::string_view bytes) const;
  /// Notes that `name` was used now.
  void touch(const std::string &name) const;

  /// The entries, sorted by name, sizes and times included; those of one prefix.
  std::vector<FileInfo> list(std::string_view prefix = "") const;
  /// Removes entries, least recently used first, until at most `limit` bytes are left, and temporary files of processes
  /// that are gone. `keep` stays. Returns how many entries it removed.
  int shrink(uint64_t limit, const std::string &keep) const;
  /// Removes all entries and temporary files; how many entries.
  int clear() const;

private:
  std::string path_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CACHE_CACHEFOLDER_H
