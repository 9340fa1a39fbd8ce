//===- CpuStream.h - work that is done later, in order -----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_DEVICE_CPU_CPUSTREAM_H
#define MUNTIN_RUNTIME_DEVICE_CPU_CPUSTREAM_H

#include "runtime/base/Fork.h"
#include "runtime/device/Device.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace muntin::runtime {

/// A queue with a thread that is started for its first piece of work. After a piece that fails the next ones are left
/// out until the failure has been told.
class CpuStream {
public:
  using Piece = std::function<Status()>; ///< may throw std::bad_alloc

  CpuStream() = default;
  CpuStream(const CpuStream &) = delete;
  /// Does what is queued first.
  ~CpuStream();

  Status submit(Piece piece);
  /// Waits until all that was submitted is done. Tells a failure once.
  Status synchronize();

private:
  friend class CpuEvent;
  struct Entry {
    Piece piece;
    std::function<void(Status)> mark; ///< instead of a piece: of an event; must not throw
  };
  Status enqueue(Entry entry);
  void work();

  const Birthplace birthplace_;
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<Entry> queue_; ///< guarded by mutex_, as is what follows
  bool busy_ = false, closing_ = false;
  Status failure_;
  std::thread thread_;
};

/// A point in a stream. Before it is first recorded it counts as reached.
class CpuEvent : public StreamEvent {
public:
  /// Finds the stream of a handle; null for the default one.
  using FindStream = std::function<Result<std::shared_ptr<CpuStream>>(Stream)>;
  explicit CpuEvent(FindStream find) : find_(std::move(find)) {}

  Status record(Stream stream) override;
  Result<bool> reached() override;
  Status wait() override;
  Status holdBack(Stream stream) override;

private:
  struct Point {
    std::mutex mutex;
    std::condition_variable change;
    bool reached = false; ///< guarded by mutex
    Status status;
    Status wait();
  };
  std::shared_ptr<Point> point();

  const FindStream find_;
  std::mutex mutex_;
  std::shared_ptr<Point> point_; ///< guarded by mutex_
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_DEVICE_CPU_CPUSTREAM_H
