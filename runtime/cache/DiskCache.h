//===- DiskCache.h - kernels that outlive the process ------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel that is not in memory makes one visit to the disk:
//
//   DiskVisit visit(cache, key, compiler);
//   if (visit.find())        // an entry, read and verified
//     ...
//   visit.claim();           // one process per key goes on; the others wait here
//   if (visit.find())        // what another process made meanwhile
//     ...
//   compile; visit.store(...);
//
// Nothing here fails: what the disk cannot do is done without it, with one warning.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CACHE_DISKCACHE_H
#define MUNTIN_RUNTIME_CACHE_DISKCACHE_H

#include "runtime/base/Environment.h"
#include "runtime/base/Log.h"
#include "runtime/cache/CacheFolder.h"
#include "runtime/cache/KeyLock.h"
#include "runtime/cache/Tally.h"

#include <atomic>
#include <chrono>
#include <optional>

namespace muntin::runtime {

struct DiskCacheOptions {
  CacheMode mode = CacheMode::Off;
  std::string path; ///< "": there is no place, which is warned of
  uint64_t limit = kDefaultCacheLimit;
  /// The longest that a visit waits for another process. A lock does not outlive its process, so that only one that
  /// is stopped, or compiles for longer than any problem takes, is overtaken; its problem is then compiled twice.
  std::chrono::milliseconds patience = std::chrono::seconds(60);
  Log log = Log();
};

class DiskCache {
public:
  explicit DiskCache(DiskCacheOptions options);

  bool enabled() const { return options_.mode != CacheMode::Off; }
  uint64_t hits() const { return hits_; }
  uint64_t misses() const { return misses_; }

private:
  friend class DiskVisit;
  /// Whether a visit on behalf of this compiler may read the folder.
  bool isUsable(const Result<std::string> &compiler);
  /// The first trouble is a warning, those after it are for who debugs.
  void trouble(const std::string &what);

  const DiskCacheOptions options_;
  const CacheFolder folder_;
  const Tally tally_{folder_};
  std::atomic<bool> warned_{false};
  std::atomic<uint64_t> hits_{0}, misses_{0};
};

/// See above. Counts one hit or one miss when it ends.
class DiskVisit {
public:
  /// `compiler`: which build would compile; "" if there is none: then the newest entry of the problem will do. One
  /// whose build is not known gets nothing from the disk and puts nothing there.
  DiskVisit(DiskCache &cache, std::string problemKey, const Result<std::string> &compiler);
  DiskVisit(const DiskVisit &) = delete;
  ~DiskVisit();

  /// The entry, or null. It is ours to take apart.
  EntryFile *find();
  /// The entry that was found cannot be used after all.
  void refuse(const Status &why);
  /// Waits while another process compiles this problem.
  void claim();
  /// Keeps what was compiled, and removes what is too much.
  void store(const Entry &entry);

private:
  bool writes() const { return active_ && cache_.options_.mode == CacheMode::ReadWrite; }
  EntryFile readNewest() const;
  void conclude();

  DiskCache &cache_;
  const std::string problemKey_;
  const std::string compiler_;
  bool active_;
  EntryFile file_;
  std::optional<KeyLock> lock_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CACHE_DISKCACHE_H
