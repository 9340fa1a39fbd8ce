//===- KernelCache.h - kernels in memory -------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two tables. The first takes a request as the caller wrote it, so that a
// repeated call parses no mask; the second takes the canonical key, so that two
// ways of writing one problem share a kernel.
//
//   "neighborhood(window=7)" ────┐
//   "neighborhood(window=7x7)" ──┴──► "muntin-problem-1 forward f32 ..." ──► kernel
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CACHE_KERNELCACHE_H
#define MUNTIN_RUNTIME_CACHE_KERNELCACHE_H

#include "runtime/cache/PublishedMap.h"
#include "runtime/launch/Kernel.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace muntin::runtime {

/// A problem as a caller writes it down.
struct Request {
  Operation operation = Operation::Forward;
  ElementType element = ElementType::F32;
  int rank = 0;         ///< 0: the mask's, else 1
  int64_t headDim = 0;  ///< 0: 64
  int64_t valueDim = 0; ///< 0: headDim
  std::string_view mask = "full()";
  std::string_view templateName = "";
  std::string_view target = "host";
  std::string_view plan = "";
  int64_t alignment = 0; ///< 0: the widest that the rows allow
  int64_t sharedBytes = 0;

  bool operator==(const Request &) const = default;
};
/// Fills in the defaults and checks all that does not depend on extents.
Result<Problem> makeProblem(const Request &request);

/// A problem and, once it is there, its kernel.
class CacheEntry {
public:
  CacheEntry(std::string key, Problem problem) : key_(std::move(key)), problem_(std::move(problem)) {}

  const std::string &key() const { return key_; }
  const Problem &problem() const { return problem_; }
  /// Null while there is none.
  const Kernel *kernel() const { return kernel_.load(std::memory_order_acquire); }
  /// The first kernel stays; later ones are not taken.
  void publish(std::shared_ptr<const Kernel> kernel);

private:
  const std::string key_;
  const Problem problem_;
  std::atomic<const Kernel *> kernel_{nullptr};
  std::mutex mutex_;
  std::shared_ptr<const Kernel> owner_; ///< guarded by mutex_
};

class KernelCache {
public:
  /// The entry of a request; one that was seen before takes no lock and allocates nothing.
  Result<CacheEntry *> find(const Request &request);
  /// The entry of a request that was seen before, else null. Takes no lock.
  CacheEntry *seen(const Request &request) const;
  /// The entry of a problem whose canonical text is `key`.
  CacheEntry &find(const std::string &key, const Problem &problem);
  /// How many kernels there are.
  size_t size() const;

private:
  /// A request that owns its text.
  struct Alias {
    Alias(const Request &request, CacheEntry *target);
    std::string mask, templateName, targetName, plan;
    Request request; ///< views of the strings above
    CacheEntry *target;
  };

  PublishedMap<CacheEntry> entries_;
  PublishedMap<Alias> aliases_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CACHE_KERNELCACHE_H
