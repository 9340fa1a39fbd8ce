//===- DiskCache.cpp - kernels that outlive the process ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cache/DiskCache.h"

#include <algorithm>
#include <thread>
#include <tuple>

#include <unistd.h>

namespace muntin::runtime {

DiskCache::DiskCache(DiskCacheOptions options) : options_(std::move(options)), folder_(options_.path) {}

void DiskCache::trouble(const std::string &what) {
  if (!warned_.exchange(true))
    options_.log.warn("kernels stay in memory, as the disk cache cannot be used: {}", what);
  else
    options_.log.debug("disk cache: {}", what);
}

bool DiskCache::isUsable(const Result<std::string> &compiler) {
  if (!enabled())
    return false;
  if (folder_.path().empty()) {
    trouble("no folder is known for it: set MUNTIN_CACHE_DIR, XDG_CACHE_HOME or HOME");
    return false;
  }
  const Result<Descriptor> folder = folder_.open(false);
  const bool sound = folder || folder.status().code() == StatusCode::Unavailable;
  if (!sound || !compiler)
    trouble(sound ? compiler.status().message() : folder.status().message());
  return sound && compiler;
}

DiskVisit::DiskVisit(DiskCache &cache, std::string problemKey, const Result<std::string> &compiler)
    : cache_(cache), problemKey_(std::move(problemKey)), compiler_(compiler ? *compiler : ""),
      active_(cache.isUsable(compiler)) {}

DiskVisit::~DiskVisit() {
  try {
    if (active_)
      conclude();
  } catch (const std::exception &) { // std::bad_alloc: counting is not worth a failure
  }
}

void DiskVisit::conclude() {
  const bool found = file_.reason == Reason::Found;
  ++(found ? cache_.hits_ : cache_.misses_);
  if (!file_.why.empty())
    cache_.options_.log.warn("the cache entry {} was not used: {}", file_.path, file_.why);
  if (!writes())
    return;
  cache_.tally_.add(eventOf(file_.reason));
  if (found)
    cache_.folder_.touch(file_.path.substr(file_.path.rfind('/') + 1));
}

EntryFile DiskVisit::readNewest() const {
  std::vector<FileInfo> files = cache_.folder_.list(entryFilePrefix(problemKey_));
  std::ranges::sort(files, [](const FileInfo &a, const FileInfo &b) {
    return std::tie(a.written.tv_sec, a.written.tv_nsec) > std::tie(b.written.tv_sec, b.written.tv_nsec);
  });
  EntryFile newest;
  for (const FileInfo &file : files) {
    newest = cache_.folder_.read(file.name, problemKey_, compiler_);
    if (newest.reason == Reason::Found)
      break;
  }
  return newest;
}

EntryFile *DiskVisit::find() {
  if (!active_)
    return nullptr;
  EntryFile file = compiler_.empty()
                       ? readNewest()
                       : cache_.folder_.read(entryFileName(problemKey_, compiler_), problemKey_, compiler_);
  // A second look that finds nothing tells less than the first.
  if (file.reason != Reason::Absent || file_.reason == Reason::Absent)
    file_ = std::move(file);
  return file_.reason == Reason::Found ? &file_ : nullptr;
}

void DiskVisit::refuse(const Status &why) {
  file_.reason = Reason::Damaged;
  file_.why = why.message();
}

void DiskVisit::claim() {
  if (!writes() || compiler_.empty())
    return;
  if (const Result<Descriptor> folder = cache_.folder_.open(true); !folder) {
    cache_.trouble(folder.status().message());
    active_ = false;
    return;
  }
  lock_.emplace(cache_.folder_.pathOf("lock"), problemKey_ + compiler_);
  const std::string entry = cache_.folder_.pathOf(entryFileName(problemKey_, compiler_));
  const auto ready = [&] { return file_.reason == Reason::Absent && ::access(entry.c_str(), F_OK) == 0; };
  const auto deadline = std::chrono::steady_clock::now() + cache_.options_.patience;
  constexpr std::chrono::milliseconds kLongest(20);
  for (std::chrono::milliseconds pause(1); lock_->tryLock() == KeyLock::State::Busy;
       pause = std::min(2 * pause, kLongest)) {
    if (ready() || std::chrono::steady_clock::now() > deadline)
      return;
    std::this_thread::sleep_for(pause);
  }
}

void DiskVisit::store(const Entry &entry) {
  if (!writes() || entry.compiler.empty())
    return;
  cache_.tally_.add(Event::Compile);
  const std::string bytes = serializeEntry(entry), name = entryFileName(problemKey_, entry.compiler);
  if (bytes.size() > cache_.options_.limit)
    return cache_.options_.log.debug("an entry of {} bytes is beyond the limit of {}", bytes.size(),
                                     cache_.options_.limit);
  if (Status status = cache_.folder_.write(name, bytes); !status) {
    cache_.tally_.add(Event::WriteFailed);
    return cache_.trouble(status.message());
  }
  cache_.tally_.add(Event::Eviction, cache_.folder_.shrink(cache_.options_.limit, name));
  cache_.tally_.fold();
}

} // namespace muntin::runtime
