//===- MeasureDevice.cpp - how long a problem takes on a GPU --------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A launch takes as long on the host as a small kernel on the device. So runs are
// queued on a stream, so many that a batch takes milliseconds, and the batch is
// timed from the first launch until the stream is empty.
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Command.h"
#include "tools/muntin/DeviceTensors.h"
#include "tools/muntin/Measure.h"

#include <algorithm>
#include <chrono>

using namespace muntin;

static constexpr int64_t kLeastBatches = 5, kMostBatches = 100'000, kMostRunsOfBatch = 1024;
static constexpr double kBatchSeconds = 0.005;

namespace {
/// A stream, and memory for a workspace, of a session's device.
class DeviceQueue {
public:
  explicit DeviceQueue(const Session &session) : session(session) {}
  ~DeviceQueue() {
    (void)mtn_stream_destroy(session.get(), stream);
    (void)mtn_memory_release(session.get(), workspace);
  }
  DeviceQueue(const DeviceQueue &) = delete;

  Status create(size_t bytes) {
    if (const Outcome made(mtn_stream_create(session.get(), &stream)); !made)
      return toStatus(made);
    return bytes == 0 ? Status() : toStatus(Outcome(mtn_memory_allocate(session.get(), bytes, &workspace)));
  }
  Status synchronize() const { return toStatus(Outcome(mtn_stream_synchronize(session.get(), stream))); }

  mtn_stream stream = nullptr;
  void *workspace = nullptr;

private:
  const Session &session;
};

struct Batch {
  Status status;
  double seconds = 0; ///< of one run
};
} // namespace

static Batch timeBatch(const Call &call, const mtn_pointers &pointers, const DeviceQueue &queue, int64_t runs) {
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < runs; ++i)
    if (const Outcome queued = call.run(pointers); !queued)
      return {toStatus(queued)};
  if (Status status = queue.synchronize(); !status)
    return {status};
  return {{}, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / double(runs)};
}

Result<Measurement> muntin::measureOnDevice(const Session &session, const Kernel &kernel, const Request &request,
                                            Tensors &tensors, double seconds) {
  Arguments arguments = runtimeArguments(request, tensors);
  DeviceTensors copies(session);
  if (Status status = copies.send(arguments); !status)
    return status;
  Expected<Call> call = kernel.call(arguments);
  if (!call)
    return toStatus(call.error());
  Expected<size_t> bytes = call->workspace();
  if (!bytes)
    return toStatus(bytes.error());
  DeviceQueue queue(session);
  if (Status status = queue.create(*bytes); !status)
    return status;
  mtn_pointers pointers = pointersOf(arguments, queue.workspace);
  pointers.stream = queue.stream;

  Batch batch = timeBatch(*call, pointers, queue, 2); // warm: code and memory are there
  if (batch.status)
    batch = timeBatch(*call, pointers, queue, 2);
  const auto runs = static_cast<int64_t>(kBatchSeconds / std::max(batch.seconds, 1e-9));
  const int64_t ofBatch = std::clamp<int64_t>(runs, 1, kMostRunsOfBatch);
  std::vector<double> times;
  double total = 0;
  while (batch.status && (times.size() < kLeastBatches || (total < seconds && times.size() < kMostBatches))) {
    batch = timeBatch(*call, pointers, queue, ofBatch);
    times.push_back(batch.seconds);
    total += batch.seconds * double(ofBatch);
  }
  if (!batch.status)
    return batch.status;
  return Measurement{.median = median(times),
                     .least = *std::min_element(times.begin(), times.end()),
                     .runs = static_cast<int64_t>(times.size()) * ofBatch};
}
