//===- CompilerLibrary.h - the compiler, opened when it is needed *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_JIT_COMPILERLIBRARY_H
#define MUNTIN_RUNTIME_JIT_COMPILERLIBRARY_H

#include "runtime/abi/Compiler.h"
#include "runtime/abi/Problem.h"
#include "runtime/abi/Result.h"
#include "runtime/base/Log.h"

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace muntin::runtime {

struct CompileRequest {
  std::string key;
  mtnc_emit emit = MTNC_EMIT_IMAGE;
  std::optional<Shape> shape; ///< the extents that predictions are for
  /// Called before each stage, on the thread that compiles; false ends the compilation. May be null.
  std::function<bool(const char *stage)> begin;
};

struct CompileOutput {
  struct Stage {
    std::string name;
    double seconds = 0;
  };
  Status status;
  std::string bytes;
  std::string reproducer; ///< a file that replays a failure, or ""
  std::string warning;    ///< what is not as it should be about an output that is right, or ""
  std::vector<Stage> stages;
};

/// libmuntin-compiler.so. Opened at the first call that needs it and never
/// closed: LLVM's thread-local destructors would pin it anyway.
class CompilerLibrary {
public:
  struct Options {
    std::string path; ///< "": beside this library, in ../lib, then as the loader searches
    std::string dumpDir, overrideDir;
    std::string ptxas;  ///< the assembler of GPU kernels: a path or name, "off", or "" for the best that is found
    std::string cubins; ///< the architectures that it is asked for: "sm_80,sm_90"; "": the target's own
    Log log = Log();
  };
  explicit CompilerLibrary(Options options) : options_(std::move(options)) {}

  /// The file of the library; opens it if need be. Tried again after a failure.
  Result<const char *> path();
  /// Which build of the compiler compile() would use and what cubins it is asked for, or "" if there is none. Read from
  /// the file without opening the library where its place is known: by its path, beside this library or in ../lib. A
  /// library without a build-id is CheckFailed.
  Result<std::string> identity();
  /// The assembler of GPU kernels, for people: name and path; "" if there is none.
  Result<std::string> assembler();
  /// Compiles. Different threads compile at the same time.
  CompileOutput compile(const CompileRequest &request);

private:
  struct Functions {
    decltype(&mtnc_abi_version) version = nullptr;
    decltype(&mtnc_compile) compile = nullptr;
    decltype(&mtnc_find_assembler) findAssembler = nullptr;
    decltype(&mtnc_free) free = nullptr;
  };
  Status open();
  Result<std::string> buildId();
  /// The file that open() takes; "" if the loader has to search.
  std::string locate() const;
  Status openFrom(const std::string &file);

  const Options options_;
  std::mutex mutex_;
  bool isOpen_ = false; ///< guarded by mutex_; what follows is constant once it is true
  std::string path_;
  Functions functions_;
  Result<std::string> identity_ = std::string();
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_JIT_COMPILERLIBRARY_H
