//===- Flights.h - one at a time for each key, on a thread of its own *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Many threads ask for one key; a thread that is started for it makes the value,
// all who asked wait for that and get the same. Who asks waits as long as it
// likes: at the end of its time, or when all is cancelled, it returns at once,
// and the maker is told to stop where it can.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_JIT_FLIGHTS_H
#define MUNTIN_RUNTIME_JIT_FLIGHTS_H

#include "runtime/base/Fork.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace muntin::runtime {

/// True once nobody wants the value any more.
using Stop = std::atomic<bool>;

/// Different keys do not wait for each other. Nothing is kept: who asks after the value is there makes it again, so
/// look into the cache inside `make`.
template <typename Value> class Flights {
public:
  using Make = std::function<Value(const Stop &stop)>; ///< must not throw
  enum class End { Done, TimedOut, Cancelled };
  struct Landing {
    std::optional<Value> value; ///< if Done
    End end = End::Done;
    bool waited = false; ///< for a flight that another had started
  };

  Flights() = default;
  Flights(const Flights &) = delete;
  /// Stops all that fly, and waits until they have.
  ~Flights() {
    if (birthplace_.inherited()) { // the threads are not in this process; to join one would wait for ever
      new std::list<Worker>(std::move(workers_));
      return;
    }
    cancel();
    for (Worker &worker : workers_)
      worker.thread.join();
  }

  /// The value of `key`; `timeout` of 0 is none.
  Landing run(const std::string &key, std::chrono::duration<double> timeout, Make make) {
    std::unique_lock lock(mutex_);
    const auto [flight, mine] = board(lock, key, std::move(make));
    ++flight->waiting;
    const auto landed = [&flight = flight] { return flight->value || flight->cancelled; };
    if (timeout.count() <= 0)
      flight->change.wait(lock, landed);
    else
      flight->change.wait_for(lock, timeout, landed);
    --flight->waiting;
    if (flight->cancelled) // also where a value has landed since
      return {{}, End::Cancelled, !mine};
    if (flight->value)
      return {*flight->value, End::Done, !mine};
    if (flight->waiting == 0 && !flight->background)
      drop(key, flight);
    return {{}, End::TimedOut, !mine};
  }

  /// Starts making the value of `key`, unless that flies already. Nobody waits.
  void start(const std::string &key, Make make) {
    std::unique_lock lock(mutex_);
    board(lock, key, std::move(make)).first->background = true;
  }

  /// Everyone who waits returns now. Who asks from now on starts anew.
  void cancel() {
    const std::lock_guard lock(mutex_);
    for (auto &[key, flight] : flights_) {
      flight->stop = flight->cancelled = true;
      flight->change.notify_all();
    }
    flights_.clear();
  }

private:
  struct Flight {
    std::condition_variable change;
    Stop stop{false};
    // Guarded by mutex_:
    std::optional<Value> value;
    bool cancelled = false, background = false;
    int waiting = 0;
  };
  struct Worker {
    std::thread thread;
    bool done = false; ///< guarded by mutex_; the thread's last access to this object
  };

  /// The flight of `key`, and whether it is new.
  std::pair<std::shared_ptr<Flight>, bool> board(std::unique_lock<std::mutex> &lock, const std::string &key,
                                                 Make make) {
    if (const auto found = flights_.find(key); found != flights_.end())
      return {found->second, false};
    std::erase_if(workers_, [](Worker &worker) {
      if (worker.done)
        worker.thread.join(); // it needs the lock no more
      return worker.done;
    });
    auto flight = std::make_shared<Flight>();
    std::list<Worker> hired(1); // joins workers_ when nothing can fail any more
    Worker &worker = hired.front();
    const auto fly = [this, key, flight, &worker, make = std::move(make)] {
      Value value = make(flight->stop);
      const std::lock_guard guard(mutex_);
      flight->value = std::move(value);
      flight->change.notify_all();
      if (const auto found = flights_.find(key); found != flights_.end() && found->second == flight)
        flights_.erase(found);
      worker.done = true;
    };
    flights_[key] = flight;
    try {
      worker.thread = std::thread(fly);
      workers_.splice(workers_.end(), hired);
    } catch (const std::exception &) { // no thread, or no memory for one: the caller's own will do
      lock.unlock();
      fly();
      lock.lock();
    }
    return {flight, true};
  }

  /// Nobody waits for `flight` any more.
  void drop(const std::string &key, const std::shared_ptr<Flight> &flight) {
    flight->stop = true;
    if (const auto found = flights_.find(key); found != flights_.end() && found->second == flight)
      flights_.erase(found);
  }

  const Birthplace birthplace_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Flight>> flights_; ///< guarded by mutex_, as is what follows
  std::list<Worker> workers_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_JIT_FLIGHTS_H
