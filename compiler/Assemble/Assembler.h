//===- Assembler.h - from PTX to a cubin -----------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_ASSEMBLE_ASSEMBLER_H
#define MUNTIN_COMPILER_ASSEMBLE_ASSEMBLER_H

#include "compiler/Assemble/Assembly.h"

#include <chrono>
#include <functional>
#include <memory>

namespace muntin {

/// NVIDIA's assembler in one of its forms. Any number of threads may use one.
class Assembler {
public:
  virtual ~Assembler() = default;

  virtual std::string name() const = 0; ///< "ptxas 13.0.88", "nvptxcompiler 13.0"
  virtual const std::string &path() const = 0;

  /// The cubin of `ptx` for `architecture`, "sm_80". CompileFailed: the text is refused, a defect of ours.
  /// Unavailable, IoError: the assembler is too old, hangs, dies, writes something else; the disk is full.
  virtual Result<Assembly> assemble(const std::string &ptx, const std::string &architecture) const = 0;

protected:
  /// Unavailable: what is wrong with the assembler or with the machine, not with the text; and what helps.
  Status broken(const std::string &how) const;
  /// CompileFailed: the text is at fault.
  Status refused(const std::string &why) const;
};

constexpr std::chrono::duration<double> kAssemblerLimit = std::chrono::minutes(2);

/// The program `path`, given `limit` for each run.
std::unique_ptr<Assembler> ptxasProgram(std::string path, std::chrono::duration<double> limit = kAssemblerLimit);

/// NVIDIA's library, in our plug-in libmuntin-ptx.so in `folder`; null if there is no such file. A plug-in that cannot
/// be opened is Unavailable.
Result<std::unique_ptr<Assembler>> ptxLibrary(const std::string &folder);

struct AssemblerChoice {
  std::string ptxas;  ///< a path or a name on PATH, which alone is tried; "off": none; "": the best that is found
  std::string folder; ///< where the plug-in is looked for
  std::chrono::duration<double> limit = kAssemblerLimit;
  std::function<const char *(const char *)> environment; ///< PATH, CUDA_HOME, CUDA_PATH, VIRTUAL_ENV
};

/// The plug-in; else ptxas on PATH, in CUDA_HOME, CUDA_PATH or /usr/local/cuda, in the Python package nvidia-cuda-nvcc
/// of VIRTUAL_ENV. Null if there is none. Unavailable: the one that was asked for is not there.
Result<std::unique_ptr<Assembler>> findAssembler(const AssemblerChoice &choice);

} // namespace muntin

#endif // MUNTIN_COMPILER_ASSEMBLE_ASSEMBLER_H
