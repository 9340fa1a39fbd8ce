//===- State.h - what the driver library keeps ------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One lock guards everything. Work on streams is queued and runs when
// something waits for it, at once, or by a seeded coin, as for asynchronous
// operations within a kernel: so a missing synchronisation shows.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_DRIVER_STATE_H
#define MUNTIN_EMULATOR_DRIVER_STATE_H

#include "runtime/emulator/Emulator.h"
#include "runtime/emulator/driver/Types.h"

#include <deque>
#include <functional>
#include <mutex>
#include <random>
#include <set>

namespace muntin::emulator::driver {

/// Attributes that differ among the devices; the rest are constants of Devices.cpp.
struct DeviceModel {
  std::string_view name; ///< as in MUNTIN_EMULATOR
  unsigned architecture;
  std::string_view marketName;
  int processors, sharedPerBlock, sharedPerProcessor, warpsPerProcessor, l2Bytes;
  uint64_t memoryBytes;
};
const DeviceModel *findModel(std::string_view name);

struct DeviceState {
  const DeviceModel *model = nullptr;
  Context *primary = nullptr;
  unsigned primaryCount = 0, primaryFlags = 0;
};

struct Event {
  Context *context = nullptr;
  unsigned flags = 0;
  uint64_t recorded = 0, done = 0; ///< counts of cuEventRecord
  Stream *stream = nullptr;        ///< of the last record
  double seconds = 0;
};

struct Stream {
  Context *context = nullptr;
  unsigned flags = 0; ///< 1: does not synchronise with the default stream
  int priority = 0;
  std::deque<std::function<CUresult()>> queue;
};

struct MemoryPool {
  int device = 0;
  uint64_t threshold = 0;
};

struct FunctionHandle {
  ModuleHandle *module = nullptr;
  std::shared_ptr<Kernel> kernel;
  int maxDynamicShared = 0;
  bool nonPortableCluster = false;
  int carveout = -1;
};

struct ModuleHandle {
  Context *context = nullptr; ///< nullptr for a library that was not yet used
  std::shared_ptr<LoadedModule> loaded;
  std::map<std::string, std::unique_ptr<FunctionHandle>> functions;
};

struct Context {
  CUdevice device = 0;
  unsigned flags = 0;
  CUresult error = CUDA_SUCCESS; ///< sticky
  Stream defaultStream, perThreadStream;
  std::set<Stream *> streams;
  std::set<Event *> events;
  std::set<ModuleHandle *> modules;
  std::set<CUdeviceptr> allocations;
  size_t limits[8] = {1 << 16, 1 << 20, 8 << 20, 2, 2048, 0, 0, 0};
};

class Driver {
public:
  static Driver &get();

  std::recursive_mutex mutex;
  bool initialised = false;
  std::vector<DeviceState> devices;
  std::set<Context *> contexts;
  std::set<MemoryPool *> pools;
  std::vector<std::unique_ptr<MemoryPool>> defaultPools;
  DeviceMemory memory;
  Options options;
  ReportSink reports;
  std::string profilePath; ///< file that gets a line per launch, if any
  std::string lastMessage;
  std::mt19937_64 random;
  uint64_t launches = 0;
  bool inHostFunction = false;
  std::string deviceList = "sm_80,sm_90a";

  CUresult initialise();
  /// The current context of this thread, checked: an error, or success.
  CUresult current(Context *&context);
  /// nullptr and 1: the default stream; 2: the thread's own.
  Stream *resolve(Context &context, CUstream stream);

  /// Queues work of a stream, and runs it now if that is the policy.
  CUresult enqueue(Stream &stream, std::function<CUresult()> work);
  CUresult drain(Stream &stream);
  CUresult drainOne(Stream &stream);
  CUresult drainAll(Context &context);
  /// What a synchronous call on the default stream waits for.
  CUresult drainForDefault(Context &context);
  void destroy(Context *context);
};

std::vector<Context *> &contextStack();

/// Takes the lock, checks initialisation, finds the current context; for the first lines of entry points.
struct Entry {
  explicit Entry(bool needsContext = true);
  std::unique_lock<std::recursive_mutex> lock;
  CUresult status = CUDA_SUCCESS;
  Context *context = nullptr;
};

/// Reads MUNTIN_EMULATOR*; the only place that does.
void readEnvironment(Driver &driver);
/// Settings in the words of the environment; false if the text is not understood.
bool setAsync(Driver &driver, std::string_view text);
bool setCheck(Driver &driver, std::string_view text);

} // namespace muntin::emulator::driver

#endif // MUNTIN_EMULATOR_DRIVER_STATE_H
