//===- Bundle.h - many kernels in one file -----------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels that were compiled ahead of time, found by their problem's key. The
// index is used where it lies; an image is read, checked and unpacked when it is
// asked for. runtime/abi/README.md has the byte table.
//
//   | header | records, sorted by key | keys | image | image | ...
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_RUNTIME_BUNDLE_BUNDLE_H
#define MUNTIN_RUNTIME_BUNDLE_BUNDLE_H

#include "runtime/abi/Image.h"
#include "runtime/base/Files.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muntin::runtime {

/// One image of a bundle, as its record says.
struct BundleItem {
  std::string_view key;
  bool compressed = false;
  uint64_t offset = 0, storedBytes = 0, imageBytes = 0; ///< of the data, from the file's start; packed; unpacked
  uint64_t checksum = 0;                                ///< of the packed bytes
};

/// Constant once it is open, so any number of threads may ask it.
class Bundle {
public:
  /// Checks header and index; reads no image. The file stays open, and may be replaced by rename, but not be written
  /// to.
  static Result<Bundle> openFile(const std::string &path);
  /// `bytes` outlive the bundle.
  static Result<Bundle> openMemory(std::string_view bytes);

  /// The path, or "memory".
  const std::string &name() const { return name_; }
  size_t size() const { return count_; }
  BundleItem item(size_t index) const;
  std::optional<BundleItem> find(std::string_view key) const;
  /// Reads, checks and unpacks; what is damaged is CheckFailed and names the problem.
  Result<Image> image(const BundleItem &item) const;

private:
  Bundle() = default;
  Status checkIndex(std::string_view header, uint64_t fileBytes);
  Status damaged(std::string_view what) const;

  std::string name_;
  std::string_view memory_; ///< the whole bundle, if it lies in memory
  Descriptor file_;         ///< else the file,
  std::string storage_;     ///< and its index: of no record, or too long to move with the object
  std::string_view index_;  ///< records, then keys
  size_t count_ = 0;
  uint64_t dataStart_ = 0, dataEnd_ = 0;
};

/// The bytes of a bundle: the same whatever the order of `images`, whose keys are those of their problems. An image
/// that stands twice is written once.
Result<std::string> writeBundle(std::vector<std::string> images);

} // namespace muntin::runtime

#endif // MUNTIN_RUNTIME_BUNDLE_BUNDLE_H
