//===- Image.h - a compiled kernel and how to launch it --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The contract between compiler and runtime. An image is machine code plus a
// launch recipe: which entries to call, over how many tasks, with which
// arguments, and how much memory they want. Nothing in it depends on the
// target; a CPU kernel, PTX and a cubin come in the same form.
//
// A CPU entry is   void entry(const uint64_t *arguments, int64_t begin, int64_t end, void *scratch)
// and does the tasks [begin, end); any partition of [0, tasks) gives the same
// bits. `scratch` is private to the calling thread and 64-byte aligned.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_ABI_IMAGE_H
#define MUNTIN_ABI_IMAGE_H

#include "runtime/abi/Problem.h"
#include "runtime/abi/Result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muntin {

/// Named run-time values that formulas and arguments may use.
enum class Symbol : uint8_t {
  Batch,
  Heads,
  KvHeads,
  Query0,
  Query1,
  Query2, ///< extents of the query grid, 1 beyond the rank
  Key0,
  Key1,
  Key2, ///< extents of the key grid, 1 beyond the rank
};

/// An integer formula over the symbols, as a postfix program.
///   tasks of a 2-D kernel: batch heads * query0 6 ceildiv * query1 4 ceildiv *
struct Formula {
  enum class Op : uint8_t { Constant, Symbol, Add, Sub, Mul, CeilDiv, FloorDiv, Min, Max };
  struct Step {
    Op op;
    int64_t value = 0; ///< the constant, or the symbol's number
    bool operator==(const Step &) const = default;
  };
  std::vector<Step> steps;

  static Formula constant(int64_t value) { return {{{Op::Constant, value}}}; }
  static Formula symbol(Symbol symbol) { return {{{Op::Symbol, static_cast<int64_t>(symbol)}}}; }
  /// left op right, appended.
  static Formula apply(Op op, Formula left, const Formula &right);

  /// The value for `shape`; overflow, division by zero and malformed programs are errors.
  Result<int64_t> evaluate(const Shape &shape) const;
  std::string print() const; ///< infix, for people
  bool operator==(const Formula &) const = default;
};

/// The tensors of a problem, in the order of the public API.
enum class Tensor : uint8_t { Query, Key, Value, Out, Lse, Segments, KvSegments };

struct Argument {
  enum class Kind : uint8_t {
    TensorPointer, ///< index = Tensor
    Stride,        ///< index = Tensor, axis: 0 batch, 1.. grid axes, then head; in elements
    Value,         ///< formula over the symbols, as int64
    Scale,         ///< the scale, IEEE double bits
    Workspace,     ///< pointer to workspace + formula bytes
    Counter,       ///< pointer to a u64 that the kernel adds to (pair counting), or null
    TensorMap,     ///< reserved for sm_90: index = entry of a table of tensor maps
  };
  Kind kind = Kind::Value;
  uint8_t index = 0;
  uint8_t axis = 0;
  Formula formula;
  bool operator==(const Argument &) const = default;
};

struct Launch {
  std::string entry;
  Formula tasks;                   ///< CPU: task count; GPU: grid x
  int64_t threads = 1;             ///< GPU: threads of a block
  Formula scratch;                 ///< CPU: bytes per thread; GPU: dynamic shared memory
  std::vector<Argument> arguments; ///< one 8-byte slot each
  /// GPU: blocks on each multiprocessor that take tasks in turn; 0: a block for each task.
  int64_t resident = 0;
  bool operator==(const Launch &) const = default;
};

/// left <= right must hold for the variant to be chosen.
struct Guard {
  Formula left, right;
  bool operator==(const Guard &) const = default;
};

/// The first variant whose guards all hold is launched; where none does, the launch is refused.
struct Variant {
  std::string name;
  std::vector<Guard> guards;
  std::vector<Launch> launches; ///< in order; each sees the results of those before
  std::vector<Launch> counting; ///< the same walk over boxes, adding up processed pairs; no tensors
  Formula workspace;            ///< bytes, 64-byte aligned
  bool operator==(const Variant &) const = default;
};

struct Binary {
  enum class Kind : uint8_t { SharedObject, Ptx, Cubin };
  Kind kind = Kind::SharedObject;
  std::string target; ///< row of the target table that it needs
  std::string bytes;
  bool operator==(const Binary &) const = default;
};

struct Image {
  std::string problemKey;
  std::string plan; ///< JSON object, for people and for `explain`
  std::vector<Variant> variants;
  std::vector<Binary> binaries;
  bool operator==(const Image &) const = default;
};

/// Little-endian, versioned, checksummed; byte table in runtime/abi/README.md.
std::string serializeImage(const Image &image);
/// Never reads outside `bytes`; damaged, truncated, older and newer inputs are errors.
Result<Image> deserializeImage(std::string_view bytes);

} // namespace muntin

#endif // MUNTIN_ABI_IMAGE_H
