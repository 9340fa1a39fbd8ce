//===- File.h - whole files, read within bounds, written whole --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_FILE_H
#define MUNTIN_TOOLS_MUNTIN_FILE_H

#include "runtime/abi/Result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace muntin {

/// A regular file open for reading. Reads are plain `pread`s, not a mapping: a
/// file that shrinks while it is read must give an error, not a SIGBUS.
class InputFile {
public:
  static Result<InputFile> open(const std::string &path);
  InputFile(InputFile &&other) noexcept;
  InputFile &operator=(InputFile &&) = delete;
  ~InputFile();

  uint64_t size() const { return size_; }
  /// Reads exactly `count` bytes at `offset`; fewer are an error.
  Status read(uint64_t offset, void *to, uint64_t count) const;

private:
  InputFile(int descriptor, uint64_t size, std::string path);
  int descriptor_;
  uint64_t size_;
  std::string path_;
};

/// An output file that appears under its name only when it is complete: written
/// beside its place, renamed by commit(), removed if commit() never comes.
/// What exists and is no regular file (a terminal, a pipe, /dev/null) is written
/// directly; "-" is standard output.
class OutputFile {
public:
  /// Creates the temporary file, so that a path that cannot be written is
  /// refused before the work is done.
  static Result<OutputFile> create(const std::string &path);
  OutputFile(OutputFile &&other) noexcept;
  OutputFile &operator=(OutputFile &&) = delete;
  ~OutputFile();

  Status write(std::string_view bytes);
  Status commit();

private:
  OutputFile(int descriptor, std::string path, std::string temporary);
  Status failure(const char *what) const;
  int descriptor_;
  std::string path_;
  std::string temporary_; ///< empty when written directly
};

/// Bytes of memory that this process may hope for: the machine's, or its control group's if that is less.
double memoryLimit();

/// create, write, commit.
Status writeWholeFile(const std::string &path, std::string_view bytes);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_FILE_H
