//===- Request.h - what the command line asks for --------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Options become a checked Problem and Shape. Extents come from --grid or from
// files; where both are given they must agree.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_REQUEST_H
#define MUNTIN_TOOLS_MUNTIN_REQUEST_H

#include "muntin/muntin.hpp"
#include "runtime/abi/Problem.h"
#include "tools/muntin/InputFiles.h"
#include "tools/muntin/Options.h"

#include <optional>

namespace muntin {

struct Request {
  Problem problem;            ///< its target is a row of the table, "host" resolved
  std::optional<Shape> shape; ///< absent where --rank alone was given (compile)
  double scale = 1;
  int threads = 0; ///< 0: the session's default
  uint64_t seed = 0;

  Attention attention() const; ///< the same for the runtime
  Extents extents() const;     ///< `shape` is present
};

struct RequestNeeds {
  bool shape = true;      ///< --grid or files are required
  bool execution = false; ///< the target must be one that this machine supports
};

/// Reads and checks the options. Several --target are an error here; compile asks once per target with `target`.
Result<Request> makeRequest(const Options &options, RequestNeeds needs, const InputFiles *files = nullptr,
                            const Text &target = std::nullopt);

/// Refuses devices other than cpu.
Status checkDevice(const Options &options);
/// True for cuda and emulator, whatever their number or architecture.
bool isGpuDevice(const Options &options);

mtn_dtype runtimeType(ElementType type);

/// Tokens times heads times dim of each tensor of `request`: elements of q, k, v, out, lse. checkShape has seen to it
/// that none overflows.
struct TensorSizes {
  int64_t q, k, v, out, lse;
};
TensorSizes tensorSizes(const Request &request);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_REQUEST_H
