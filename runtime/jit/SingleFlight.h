//===- SingleFlight.h - one at a time for each key ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_JIT_SINGLEFLIGHT_H
#define MUNTIN_RUNTIME_JIT_SINGLEFLIGHT_H

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace muntin::runtime {

/// Many threads ask for one key; the first makes the value, the others wait and
/// get the same. Different keys do not wait for each other. Nothing is kept: who
/// asks after the value is there makes it again, so look into the cache inside
/// `make`.
template <typename Value> class SingleFlight {
public:
  /// The value, and whether another thread made it. `make` must not throw.
  template <typename Make> std::pair<Value, bool> run(const std::string &key, Make &&make) {
    std::unique_lock lock(mutex_);
    std::shared_ptr<Flight> &slot = flights_[key];
    if (slot) {
      const std::shared_ptr<Flight> flight = slot;
      flight->done.wait(lock, [&] { return flight->value.has_value(); });
      return {*flight->value, true};
    }
    const std::shared_ptr<Flight> flight = slot = std::make_shared<Flight>();
    lock.unlock();
    Value value = make();
    lock.lock();
    flight->value = value;
    flights_.erase(key);
    flight->done.notify_all();
    return {std::move(value), false};
  }

private:
  struct Flight {
    std::condition_variable done;
    std::optional<Value> value; ///< guarded by mutex_
  };
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_JIT_SINGLEFLIGHT_H
