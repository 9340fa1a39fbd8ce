//===- SharedObject.h - machine code from bytes to entries -*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_DEVICE_CPU_SHAREDOBJECT_H
#define MUNTIN_RUNTIME_DEVICE_CPU_SHAREDOBJECT_H

#include "runtime/base/Files.h"
#include "runtime/base/Fork.h"
#include "runtime/base/Log.h"
#include "runtime/device/Device.h"

#include <span>
#include <string>

namespace muntin::runtime {

/// A shared object opened with dlopen(), from a file in the first of `bases`
/// that can hold code, or from memory where none can.
class SharedObject : public Module {
public:
  static Result<std::unique_ptr<Module>> open(std::string_view bytes, std::span<const std::string> bases,
                                              const Log &log);
  /// From a file of others that begins with `bytes`. What is mapped is compared with them, byte by byte, so that
  /// nothing else is taken for it: not a file that has just been replaced, and not an older one that is still loaded by
  /// this name.
  static Result<std::unique_ptr<Module>> openFile(std::string_view bytes, const std::string &path);
  ~SharedObject() override;

  Result<void *> entry(const std::string &name) const override;
  /// What dlopen() was given.
  const std::string &path() const { return path_; }

private:
  enum class Keeper { Us, Others };
  SharedObject(void *handle, std::string path, Keeper keeper, Descriptor memory = {})
      : handle_(handle), path_(std::move(path)), keeper_(keeper), memory_(std::move(memory)) {}

  const Birthplace birthplace_;
  void *handle_;
  std::string path_;
  Keeper keeper_; ///< of the file
  /// Open as long as the code: dlopen() knows it as /proc/self/fd/N, and with N
  /// in use again it would answer with this code for another.
  Descriptor memory_;
};

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_DEVICE_CPU_SHAREDOBJECT_H
