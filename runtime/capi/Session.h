//===- Session.h - from a problem to a kernel that runs ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_CAPI_SESSION_H
#define MUNTIN_RUNTIME_CAPI_SESSION_H

#include "runtime/abi/Target.h"
#include "runtime/base/Log.h"
#include "runtime/base/StripedCounter.h"
#include "runtime/cache/DiskCache.h"
#include "runtime/cache/KernelCache.h"
#include "runtime/capi/Bundles.h"
#include "runtime/device/Device.h"
#include "runtime/device/cpu/Scratch.h"
#include "runtime/device/cpu/Workers.h"
#include "runtime/jit/CompilerLibrary.h"
#include "runtime/jit/Flights.h"
#include "runtime/launch/Call.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace muntin::runtime {

/// Told when a stage of a compilation begins, on the thread that compiles.
using Progress = std::function<void(const std::string &key, const char *stage)>;

struct SessionOptions {
  std::string device;      ///< "": cpu
  int threads = 0;         ///< 0: MUNTIN_THREADS, else the processors of this process
  std::string compiler;    ///< "": MUNTIN_COMPILER, else searched
  std::string dumpDir;     ///< "": MUNTIN_DUMP
  std::string overrideDir; ///< "": MUNTIN_OVERRIDE
  std::string ptxas;       ///< "": MUNTIN_PTXAS, else the best that is found
  std::string cubins;      ///< "sm_80,sm_90"; "": the target's own, where there is an assembler
  Log::Sink sink;          ///< null: stderr
  int logLevel = 0;        ///< 0: MUNTIN_LOG, else warn
  HostParallelFor parallelFor;
  HostAllocator allocator;
  Progress progress;                               ///< may be null
  std::chrono::duration<double> compileTimeout{0}; ///< that a caller waits; 0: no limit
  bool compileNever = false;                       ///< as if every request said so
  std::optional<CacheMode> cache;                  ///< nothing: MUNTIN_CACHE, else read and write
  std::string cacheDir;                            ///< "": MUNTIN_CACHE_DIR, else the user's cache folder
  std::optional<uint64_t> cacheLimit;              ///< nothing: MUNTIN_CACHE_LIMIT, else 1 GiB
};

/// A kernel, or why there is none.
struct KernelOutcome {
  std::shared_ptr<const Kernel> kernel;
  Status status;
  std::string reproducer; ///< of a failed compilation, or ""
};

/// What a caller passes along with a request.
struct RunRequest {
  TensorSet tensors;
  std::optional<double> scale; ///< nothing: 1/sqrt(head_dim)
  Workspace workspace;
  bool allocateWorkspace = false;
  Stream stream = nullptr;
  int threads = 0;
};

/// Device, compiler and cache together. Any number of threads may use it.
class Session {
public:
  struct Stats {
    uint64_t compiles, failedCompiles, hits, misses, waits, kernels, diskHits, diskMisses, bundleHits;
  };

  static Result<std::shared_ptr<Session>> create(const SessionOptions &options);

  ~Session();

  /// The kernel of a request; compiled if need be, unless `never`.
  KernelOutcome prepare(const Request &request, bool never);
  /// Has it made by a thread of the session.
  Status prepareInBackground(const Request &request, bool never);
  /// True if it is in memory.
  Result<bool> isReady(const Request &request);
  /// All who wait for a kernel wait no longer.
  void cancel() { flights_.cancel(); }
  /// Runs a problem. Without queries or keys no kernel is needed or made.
  KernelOutcome forward(const Request &request, RunRequest &run);
  /// Loads what the compiler made earlier.
  KernelOutcome loadImage(std::string_view bytes);
  /// Compiles up to a stage, for any target; nothing is cached.
  CompileOutput compile(const Request &request, mtnc_emit emit, const std::optional<Shape> &shape);

  Bundles &bundles() { return bundles_; }
  Stats stats() const;
  Device &device() const { return *device_; }
  Result<const char *> compilerPath() { return compiler_.path(); }
  Result<std::string> assembler() { return compiler_.assembler(); }

private:
  using MakingOf = Flights<std::shared_ptr<const KernelOutcome>>;

  Session(std::unique_ptr<Device> device, CompilerLibrary::Options compiler, DiskCacheOptions disk, Log log,
          const SessionOptions &options)
      : log_(log), progress_(options.progress), compileTimeout_(options.compileTimeout),
        compileNever_(options.compileNever), device_(std::move(device)), gpu_(gpuOf(*device_)),
        compiler_(std::move(compiler)), disk_(std::move(disk)) {}
  static const Target *gpuOf(const Device &device);

  /// The entry of a request, its target chosen by the device; in a forked child only if its kernel is there.
  Result<CacheEntry *> entryOf(const Request &request);
  Request resolved(const Request &request) const;
  /// Refuses early what the device could not run.
  Status checkTarget(const Problem &problem) const;
  KernelOutcome kernelOf(CacheEntry &entry, bool never);
  MakingOf::Make maker(CacheEntry &entry, bool never);
  /// From a bundle, else from the disk, else compiled unless `never`.
  KernelOutcome build(CacheEntry &entry, bool never, const Stop &stop);
  /// Where nobody may compile: a bundle's kernel for a lesser target, else why there is none.
  KernelOutcome makeDo(CacheEntry &entry);
  /// Nothing where `found` is nothing. `place` gets the kernel.
  KernelOutcome loadFromBundle(const std::optional<Bundles::Found> &found, CacheEntry &place);
  KernelOutcome loadFromDisk(CacheEntry &entry, DiskVisit &visit);
  KernelOutcome compileAndLoad(CacheEntry &entry, DiskVisit &visit, const Stop &stop);

  const Birthplace birthplace_;
  const Log log_;
  const Progress progress_;
  const std::chrono::duration<double> compileTimeout_;
  const bool compileNever_;
  const std::unique_ptr<Device> device_; ///< outlives the kernels of cache_
  const Target *const gpu_;              ///< the device's row of the target table if it is a GPU, else null
  CompilerLibrary compiler_;
  DiskCache disk_;
  Bundles bundles_;
  KernelCache cache_;
  StripedCounter hits_;
  std::atomic<uint64_t> misses_{0}, waits_{0}, compiles_{0}, failedCompiles_{0}, bundleHits_{0};
  MakingOf flights_; ///< goes first: its threads use the rest
};

/// The scale of a run: as given, or 1/sqrt(head_dim).
double scaleOf(const Problem &problem, const RunRequest &run);
/// Runs a call in the caller's workspace or in one of its own, as `run` says.
Status runCall(const Call &call, const RunRequest &run);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_CAPI_SESSION_H
