//===- KernelCache.cpp - kernels in memory -----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cache/KernelCache.h"

#include "runtime/abi/Target.h"

#include <functional>

namespace muntin::runtime {

constexpr int64_t kDefaultHeadDim = 64;

Result<Problem> makeProblem(const Request &request) {
  Result<Mask> mask = parseMask(request.mask);
  if (!mask)
    return mask.status();
  int rank = request.rank;
  if (rank == 0) {
    const Result<int> demanded = maskRank(*mask);
    if (!demanded)
      return demanded.status();
    rank = *demanded > 0 ? *demanded : 1;
  }
  Result<Mask> expanded = expandMask(*mask, rank);
  if (!expanded)
    return expanded.status();
  const Result<const Target *> target = findTarget(request.target);
  if (!target)
    return target.status();

  Problem problem;
  problem.operation = request.operation;
  problem.element = request.element;
  problem.rank = rank;
  problem.headDim = request.headDim == 0 ? kDefaultHeadDim : request.headDim;
  problem.valueDim = request.valueDim == 0 ? problem.headDim : request.valueDim;
  problem.mask = std::move(*expanded);
  problem.templateName = request.templateName;
  problem.target = (*target)->name;
  problem.plan = request.plan;
  problem.alignment = request.alignment;
  problem.sharedBytes = request.sharedBytes;
  if ((*target)->gpu && problem.alignment == 0)
    problem.alignment = rowAlignment(problem);
  if (Status status = checkProblem(problem); !status)
    return status;
  return problem;
}

void CacheEntry::publish(std::shared_ptr<const Kernel> kernel) {
  const std::lock_guard lock(mutex_);
  if (owner_)
    return;
  owner_ = std::move(kernel);
  kernel_.store(owner_.get(), std::memory_order_release);
}

KernelCache::Alias::Alias(const Request &written, CacheEntry *target)
    : mask(written.mask), templateName(written.templateName), targetName(written.target), plan(written.plan),
      request(written), target(target) {
  request.mask = mask;
  request.templateName = templateName;
  request.target = targetName;
  request.plan = plan;
}

static size_t hashOf(const Request &request) {
  size_t hash = 0;
  const auto mix = [&](size_t value) {
    constexpr size_t kGolden = 0x9e3779b97f4a7c15; // 2^64 / golden ratio
    hash = (hash ^ value) * kGolden;
    hash ^= hash >> 32;
  };
  mix(static_cast<size_t>(request.operation) << 16 | static_cast<size_t>(request.element) << 8 |
      static_cast<size_t>(request.rank));
  mix(static_cast<size_t>(request.headDim));
  mix(static_cast<size_t>(request.sharedBytes));
  mix(static_cast<size_t>(request.valueDim) << 8 | static_cast<size_t>(request.alignment));
  for (const std::string_view text : {request.mask, request.templateName, request.target, request.plan})
    mix(std::hash<std::string_view>()(text));
  return hash;
}

CacheEntry *KernelCache::seen(const Request &request) const {
  const Alias *alias = aliases_.find(hashOf(request), [&](const Alias &a) { return a.request == request; });
  return alias ? alias->target : nullptr;
}

Result<CacheEntry *> KernelCache::find(const Request &request) {
  const size_t hash = hashOf(request);
  const auto same = [&](const Alias &alias) { return alias.request == request; };
  if (const Alias *alias = aliases_.find(hash, same))
    return alias->target;
  const Result<Problem> problem = makeProblem(request);
  if (!problem)
    return problem.status();
  CacheEntry &entry = find(problemKey(*problem), *problem);
  return aliases_.insert(hash, same, request, &entry).target;
}

CacheEntry &KernelCache::find(const std::string &key, const Problem &problem) {
  const size_t hash = std::hash<std::string>()(key);
  const auto same = [&](const CacheEntry &entry) { return entry.key() == key; };
  if (CacheEntry *entry = entries_.find(hash, same))
    return *entry;
  return entries_.insert(hash, same, key, problem);
}

size_t KernelCache::size() const {
  size_t kernels = 0;
  entries_.forEach([&](const CacheEntry &entry) { kernels += entry.kernel() != nullptr; });
  return kernels;
}

} // namespace muntin::runtime
