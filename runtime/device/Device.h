//===- Device.h - what a machine must be able to do --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One interface of ten functions and a variant, one conformance suite. A device loads the
// binaries of an image, runs launches, and owns memory. It knows nothing of
// attention, masks or shapes.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_DEVICE_DEVICE_H
#define MUNTIN_RUNTIME_DEVICE_DEVICE_H

#include "runtime/abi/Image.h"
#include "runtime/abi/Result.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace muntin::runtime {

/// A loaded binary; unloaded with the object, when no launch of it is in flight.
class Module {
public:
  virtual ~Module() = default;
  /// The address or handle of an entry. A name that is not there is an error.
  virtual Result<void *> entry(const std::string &name) const = 0;
};

/// One launch with everything evaluated.
struct Work {
  void *entry = nullptr;
  std::span<const uint64_t> arguments;
  int64_t tasks = 0;   ///< > 0
  int64_t threads = 1; ///< GPU: threads of a block
  int64_t scratch = 0; ///< CPU: bytes per thread; GPU: dynamic shared memory
  /// GPU: blocks on each multiprocessor that take tasks in turn; 0: a block for each task.
  int64_t resident = 0;
};

/// A queue of the device; null is its default. On the CPU what is given to that one is done when the call returns.
using Stream = void *;

/// A point in a stream; before it is first recorded it counts as reached.
class StreamEvent {
public:
  virtual ~StreamEvent() = default;
  virtual Status record(Stream stream) = 0;
  virtual Result<bool> reached() = 0;
  /// Waits; tells what failed before it in its stream.
  virtual Status wait() = 0;
  /// What `stream` is given from now on waits.
  virtual Status holdBack(Stream stream) = 0;
};

/// Whose memory it is, in DLPack's numbers: kDLCPU is 1, kDLCUDA 2.
struct MemoryPlace {
  int32_t type = 1, number = 0;
};

struct DeviceInfo {
  std::string name;        ///< "cpu"
  std::string description; ///< the processor's own name
  std::string target;      ///< what "host" means, "" if no target fits
  int threads = 1;         ///< that a launch uses
  MemoryPlace memory = {}; ///< that tensors lie in
};

class Device {
public:
  virtual ~Device() = default;
  virtual const DeviceInfo &info() const = 0;
  /// 0 if load() cannot take `binary` here; of several that it can take, the one with the largest number is best.
  virtual int preference(const Binary &binary) const = 0;
  bool accepts(const Binary &binary) const { return preference(binary) > 0; }
  virtual Result<std::unique_ptr<Module>> load(const Binary &binary) = 0;
  /// The same where a file begins with the bytes of `binary`, or was found to a moment ago; a device may take it from
  /// there if it makes sure that it does.
  virtual Result<std::unique_ptr<Module>> load(const Binary &binary, const std::string &file) { return load(binary); }
  /// Does all tasks of `work`, in order after what `stream` holds; on at most
  /// `threads` threads of the host (0: as many as the device has).
  virtual Status launch(const Work &work, Stream stream, int threads) = 0;
  /// Memory aligned to 64 bytes at least.
  virtual Result<void *> allocate(size_t bytes) = 0;
  virtual void release(void *memory) = 0;
  /// Writes the `elementBytes` low bytes of `bits` to every element of a strided array.
  virtual Status fill(void *data, int elementBytes, uint32_t bits, std::span<const int64_t> extents,
                      std::span<const int64_t> strides, Stream stream) = 0;
  virtual Status copyToHost(void *target, const void *source, size_t bytes, Stream stream) = 0;
  virtual Status copyFromHost(void *target, const void *source, size_t bytes, Stream stream) = 0;
  virtual Status synchronize(Stream stream) = 0;
  /// The CPU device keeps `keep` until the work that `stream` holds now is done.
  virtual Status retain(Stream stream, std::shared_ptr<const void> keep) { return synchronize(stream); }
  virtual Result<Stream> createStream() { return noStreams(); }
  virtual Status destroyStream(Stream stream) { return noStreams(); }
  virtual Result<std::unique_ptr<StreamEvent>> createEvent() { return noStreams(); }
  /// Waits for all streams.
  virtual void drain() {}

protected:
  static Status noStreams() { return {StatusCode::NotInThisVersion, "streams of this device are not in this version"}; }
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_DEVICE_DEVICE_H
