//===- LastError.cpp - failures as the C interface tells them *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/capi/LastError.h"

#include <array>
#include <atomic>
#include <new>

#include <pthread.h>

namespace muntin::runtime {

namespace {
struct Detail {
  std::string message, reproducer;
  mtn_error error{MTN_OK, "", nullptr};
  std::atomic<bool> taken{true}; ///< by a thread that lives
  Detail *next = nullptr;
};

/// The details of the threads that failed in something. Not thread_local objects: their destructors would keep the
/// library from being unloaded as long as one such thread lives. And no lock, which a forked child might find closed:
/// a list that only grows, in which a new thread takes the place of one that ended.
class Details {
public:
  Details() {
    ::pthread_key_create(&key_, [](void *detail) { static_cast<Detail *>(detail)->taken = false; });
  }
  ~Details() {
    ::pthread_key_delete(key_);
    for (const Detail *detail = first_, *next = nullptr; detail; detail = next) {
      next = detail->next;
      delete detail;
    }
  }
  static Details &instance() {
    static Details details;
    return details;
  }

  /// Null if this thread has not failed.
  Detail *find() const { return static_cast<Detail *>(::pthread_getspecific(key_)); }
  /// Null if there is no memory.
  Detail *findOrMake() {
    Detail *detail = find();
    for (Detail *free = first_; !detail && free; free = free->next)
      if (!free->taken.exchange(true))
        detail = free;
    if (!detail && (detail = new (std::nothrow) Detail)) {
      detail->next = first_;
      while (!first_.compare_exchange_weak(detail->next, detail))
        ;
    }
    ::pthread_setspecific(key_, detail);
    return detail;
  }

private:
  pthread_key_t key_ = 0;
  std::atomic<Detail *> first_{nullptr};
};
} // namespace

/// For a thread that has no memory for an error of its own.
static constexpr mtn_error kOutOfMemory = {MTN_OUT_OF_MEMORY, "out of memory", nullptr};
static constinit thread_local bool outOfMemory = false;

mtn_status reportOutOfMemory() noexcept {
  outOfMemory = true;
  return MTN_OUT_OF_MEMORY;
}

mtn_status report(const Status &status, const std::string &reproducer) noexcept {
  if (status.ok())
    return MTN_OK;
  Detail *detail = Details::instance().findOrMake();
  if (!detail)
    return reportOutOfMemory();
  try {
    detail->message = status.message();
    detail->reproducer = reproducer;
  } catch (const std::bad_alloc &) {
    return reportOutOfMemory();
  }
  outOfMemory = false;
  detail->error = {static_cast<mtn_status>(status.code()), detail->message.c_str(),
                   reproducer.empty() ? nullptr : detail->reproducer.c_str()};
  return detail->error.status;
}

} // namespace muntin::runtime

const mtn_error *mtn_last_error(void) {
  using namespace muntin::runtime;
  static constexpr mtn_error none = {MTN_OK, "", nullptr};
  if (outOfMemory)
    return &kOutOfMemory;
  const Detail *detail = Details::instance().find();
  return detail ? &detail->error : &none;
}

const char *mtn_status_name(mtn_status status) {
  static constexpr std::array names = {"ok",           "invalid argument",   "not in this version",
                                       "unavailable",  "compilation failed", "input/output error",
                                       "check failed", "out of memory",      "cancelled",
                                       "timed out"};
  const auto index = static_cast<size_t>(status);
  return index < names.size() ? names[index] : "unknown status";
}
