//===- InputFiles.h - tensors from files, and what their shapes say *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_INPUTFILES_H
#define MUNTIN_TOOLS_MUNTIN_INPUTFILES_H

#include "runtime/abi/Problem.h"
#include "tools/muntin/Npy.h"
#include "tools/muntin/Options.h"

#include <optional>

namespace muntin {

/// The arrays of --q, --k, --v.
struct InputFiles {
  NpyArray q, k, v;
};
/// Null without files; some but not all three are an error, as are files together with --random.
Result<std::optional<InputFiles>> readInputFiles(const Options &options);

/// A number and the option whose file it comes from.
struct Number {
  std::string from;
  int64_t value;
};

/// What files say; empty without files.
struct FileFacts {
  std::vector<int64_t> grid, kvGrid;
  std::optional<Number> batch, heads, kvHeads, headDim, valueDim;
  std::optional<ElementType> element; ///< absent where the files differ
};
/// q [B, *grid, H, D], k [B, *kv_grid, Hkv, D], v [B, *kv_grid, Hkv, Dv]; shapes that disagree are an error.
Result<FileFacts> readFacts(const InputFiles &files);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_INPUTFILES_H
