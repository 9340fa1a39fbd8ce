//===- CpuStream.cpp - work that is done later, in order ---*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/CpuStream.h"

#include <exception>
#include <system_error>
#include <utility>

namespace muntin::runtime {

static Status ofAnotherProcess() {
  return {StatusCode::Unavailable, "stream was made before fork(): its thread is not in this process"};
}

CpuStream::~CpuStream() {
  if (!thread_.joinable())
    return;
  if (birthplace_.inherited()) {
    new std::thread(std::move(thread_)); // to join it would wait for ever
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Status CpuStream::enqueue(Entry entry) {
  if (birthplace_.inherited())
    return ofAnotherProcess();
  {
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable()) {
      try {
        thread_ = std::thread([this] { work(); });
      } catch (const std::system_error &failure) {
        return {StatusCode::Unavailable, std::string("cannot start a thread for the stream: ") + failure.what()};
      }
    }
    queue_.push_back(std::move(entry));
  }
  wake_.notify_one();
  return {};
}

Status CpuStream::submit(Piece piece) { return enqueue({.piece = std::move(piece)}); }

/// What `make` returns; without memory for that, the failure whose text is short enough to need none.
template <typename Make> static Status withoutThrowing(const Make &make) noexcept {
  try {
    return make();
  } catch (const std::exception &) {
    return {StatusCode::OutOfMemory, "out of memory"};
  }
}

void CpuStream::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty())
      return;
    Entry entry = std::move(queue_.front());
    queue_.pop_front();
    Status before = withoutThrowing([this] { return failure_; });
    busy_ = true;
    lock.unlock();
    Status status;
    if (entry.mark)
      entry.mark(std::move(before));
    else if (before)
      status = withoutThrowing(entry.piece);
    entry = {}; // what the piece holds goes before anyone is told that it is done
    lock.lock();
    busy_ = false;
    if (!status)
      failure_ = std::move(status);
    if (queue_.empty())
      idle_.notify_all();
  }
}

Status CpuStream::synchronize() {
  if (birthplace_.inherited())
    return ofAnotherProcess();
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return queue_.empty() && !busy_; });
  return std::exchange(failure_, Status());
}

//===-- Events ------------------------------------------------------------===//

Status CpuEvent::Point::wait() {
  std::unique_lock lock(mutex);
  change.wait(lock, [this] { return reached; });
  return status;
}

std::shared_ptr<CpuEvent::Point> CpuEvent::point() {
  const std::lock_guard lock(mutex_);
  return point_;
}

Status CpuEvent::record(Stream handle) {
  const auto stream = find_(handle);
  if (!stream)
    return stream.status();
  auto point = std::make_shared<Point>();
  const auto mark = [point](Status status) {
    const std::lock_guard lock(point->mutex);
    point->status = std::move(status);
    point->reached = true;
    point->change.notify_all();
  };
  if (!*stream) // what the default stream was given is done
    mark({});
  else if (Status status = (*stream)->enqueue({.mark = mark}); !status)
    return status;
  const std::lock_guard lock(mutex_);
  point_ = std::move(point);
  return {};
}

Result<bool> CpuEvent::reached() {
  const auto now = point();
  if (!now)
    return true;
  const std::lock_guard lock(now->mutex);
  return now->reached;
}

Status CpuEvent::wait() {
  const auto now = point();
  return now ? now->wait() : Status();
}

Status CpuEvent::holdBack(Stream handle) {
  const auto stream = find_(handle);
  if (!stream)
    return stream.status();
  const auto now = point();
  if (!now)
    return {};
  // A failure is told where it happened; here it only means that what was waited for will not come.
  return *stream ? (*stream)->submit([now] { return now->wait(); }) : now->wait();
}

} // namespace muntin::runtime
