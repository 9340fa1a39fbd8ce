//===- Bundles.h - the bundles of a session ----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CAPI_BUNDLES_H
#define MUNTIN_RUNTIME_CAPI_BUNDLES_H

#include "runtime/bundle/Bundle.h"

#include <memory>
#include <mutex>
#include <vector>

namespace muntin::runtime {

/// Bundles are added and never taken away. Any number of threads may use this.
class Bundles {
public:
  struct Found {
    std::shared_ptr<const Bundle> bundle;
    BundleItem item;
  };

  void add(Bundle bundle);
  /// The image of the problem whose key is `key`.
  std::optional<Found> find(std::string_view key) const;
  /// That of the best target that this machine supports, where `problem` asks for a better one.
  std::optional<Found> findLesser(const Problem &problem) const;
  /// "; the nearest is '...': its mask is a, asked was b", or "" if there is no bundle.
  std::string nearest(const Problem &problem) const;

private:
  std::vector<std::shared_ptr<const Bundle>> all() const;

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const Bundle>> bundles_; ///< guarded by mutex_
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CAPI_BUNDLES_H
