//===- Fork.cpp - what a forked child must know ------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/Fork.h"

#include <atomic>

#include <pthread.h>

namespace muntin::runtime {

static constinit std::atomic<uint64_t> forks{0};
static constinit std::atomic<int> inside{0};
static constinit std::atomic<bool> brokenByFork{false};

/// Before main() or when the library is opened. The handler goes with the library.
[[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, [] {
  forks.fetch_add(1, std::memory_order_relaxed);
  if (inside.exchange(0) > 0)
    brokenByFork = true;
});

uint64_t forkCount() { return forks.load(std::memory_order_relaxed); }

Unforkable::Unforkable() { ++inside; }
Unforkable::~Unforkable() { --inside; }
bool Unforkable::broken() { return brokenByFork.load(std::memory_order_relaxed); }

Status Unforkable::check() {
  return broken() ? Status(StatusCode::Unavailable,
                           "fork() came while another thread was making a kernel: this process can make none")
                  : Status();
}

} // namespace muntin::runtime
