//===- Bundle.cpp - reading bundles ------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/bundle/Bundle.h"

#include "runtime/abi/Bytes.h"
#include "runtime/bundle/Format.h"

#include <fmt/format.h>
#include <zstd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muntin::runtime {

Status Bundle::damaged(std::string_view what) const {
  return {StatusCode::CheckFailed, fmt::format("bundle {}: {}", name_, what)};
}

/// Exactly `size` bytes at `offset`.
static Status readAt(const Descriptor &file, uint64_t offset, size_t size, std::string &bytes,
                     const std::string &path) {
  bytes.resize(size);
  for (size_t done = 0; done < size;) {
    const ssize_t got = ::pread(file.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got == 0)
      return {StatusCode::CheckFailed, fmt::format("bundle {}: ends at byte {}", path, offset + done)};
    if (got > 0)
      done += static_cast<size_t>(got);
    else if (errno != EINTR)
      return ioError("read", path);
  }
  return {};
}

//===-- Opening -----------------------------------------------------------===//

/// Header and index against each other and the size of the file. `index_` is found by the caller.
Status Bundle::checkIndex(std::string_view header, uint64_t fileBytes) {
  ByteReader reader(header.substr(kBundleMagic.size() + 4)); // behind the version
  count_ = reader.integer(4);
  const uint64_t bytes = reader.integer(8), indexBytes = reader.integer(8), checksum = reader.integer(8);
  dataStart_ = kBundleHeaderBytes + indexBytes;
  dataEnd_ = bytes;
  if (bytes != fileBytes)
    return damaged(fmt::format("has {} bytes, expected {}", fileBytes, bytes));
  if (XXH3_64bits(index_.data(), index_.size()) != checksum)
    return damaged("the checksum of the index does not match");
  if (count_ > index_.size() / kBundleRecordBytes)
    return damaged(fmt::format("{} records in an index of {} bytes", count_, index_.size()));
  // A checksum is no proof against malice: nothing that follows may lead outside.
  for (size_t i = 0; i < count_; ++i) {
    const BundleItem found = item(i);
    if (found.key.empty() || found.offset < dataStart_ || found.offset > dataEnd_ ||
        found.storedBytes > dataEnd_ - found.offset || found.imageBytes > kMostImageBytes ||
        (!found.compressed && found.imageBytes != found.storedBytes))
      return damaged(fmt::format("record {} leads outside", i));
    if (i > 0 && item(i - 1).key >= found.key)
      return damaged(fmt::format("record {} is out of order", i));
  }
  return {};
}

/// What the header says of itself.
static Status checkHeader(std::string_view header, const std::string &name) {
  const auto refuse = [&](StatusCode code, const std::string &what) {
    return Status(code, fmt::format("bundle {}: {}", name, what));
  };
  if (header.size() < kBundleHeaderBytes)
    return refuse(StatusCode::CheckFailed,
                  fmt::format("has {} bytes, expected at least {}", header.size(), kBundleHeaderBytes));
  if (!header.starts_with(kBundleMagic))
    return refuse(StatusCode::CheckFailed, "does not begin with MUNTINBU");
  const std::string_view sealed = header.substr(0, kBundleHeaderBytes - 8);
  ByteReader reader(header.substr(kBundleMagic.size())), seal(header.substr(sealed.size()));
  if (const uint64_t version = reader.integer(4); version != kBundleVersion)
    return refuse(StatusCode::NotInThisVersion, fmt::format("format version {}, expected {}", version, kBundleVersion));
  if (seal.integer(8) != XXH3_64bits(sealed.data(), sealed.size()))
    return refuse(StatusCode::CheckFailed, "the checksum of the header does not match");
  return {};
}

/// The bytes of the index, if a file of `fileBytes` can hold them.
static Result<uint64_t> indexBytesOf(std::string_view header, uint64_t fileBytes, const std::string &name) {
  if (Status status = checkHeader(header, name); !status)
    return status;
  ByteReader reader(header.substr(24));
  const uint64_t bytes = reader.integer(8);
  if (bytes > fileBytes - kBundleHeaderBytes)
    return Status(StatusCode::CheckFailed,
                  fmt::format("bundle {}: an index of {} bytes in a file of {}", name, bytes, fileBytes));
  return bytes;
}

Result<Bundle> Bundle::openMemory(std::string_view bytes) {
  Bundle bundle;
  bundle.name_ = "memory";
  const std::string_view header = bytes.substr(0, kBundleHeaderBytes);
  const Result<uint64_t> indexBytes = indexBytesOf(header, bytes.size(), bundle.name_);
  if (!indexBytes)
    return indexBytes.status();
  bundle.memory_ = bytes;
  bundle.index_ = bytes.substr(kBundleHeaderBytes, *indexBytes);
  if (Status status = bundle.checkIndex(header, bytes.size()); !status)
    return status;
  return bundle;
}

Result<Bundle> Bundle::openFile(const std::string &path) {
  Bundle bundle;
  bundle.name_ = path;
  bundle.file_ = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (!bundle.file_ || ::fstat(bundle.file_.get(), &info) != 0)
    return ioError("open the bundle", path);
  if (!S_ISREG(info.st_mode))
    return bundle.damaged("is no regular file");
  const auto fileBytes = static_cast<uint64_t>(info.st_size);
  std::string header;
  if (Status status = readAt(bundle.file_, 0, std::min(fileBytes, kBundleHeaderBytes), header, path); !status)
    return status;
  const Result<uint64_t> indexBytes = indexBytesOf(header, fileBytes, path);
  if (!indexBytes)
    return indexBytes.status();
  // Read, not mapped: a file that shrinks must be an error, not a SIGBUS.
  if (Status status = readAt(bundle.file_, kBundleHeaderBytes, *indexBytes, bundle.storage_, path); !status)
    return status;
  bundle.index_ = bundle.storage_;
  if (Status status = bundle.checkIndex(header, fileBytes); !status)
    return status;
  return bundle;
}

//===-- Items -------------------------------------------------------------===//

BundleItem Bundle::item(size_t index) const {
  ByteReader reader(index_.substr(index * kBundleRecordBytes, kBundleRecordBytes));
  const uint64_t keyOffset = reader.integer(8), keyBytes = reader.integer(4), packing = reader.integer(4);
  BundleItem item{.compressed = packing == 1};
  item.offset = reader.integer(8);
  item.storedBytes = reader.integer(8);
  item.imageBytes = reader.integer(8);
  item.checksum = reader.integer(8);
  if (packing <= 1 && keyOffset <= index_.size() && keyBytes <= index_.size() - keyOffset)
    item.key = index_.substr(keyOffset, keyBytes);
  return item;
}

std::optional<BundleItem> Bundle::find(std::string_view key) const {
  size_t begin = 0, end = count_;
  while (begin < end) {
    const size_t middle = begin + (end - begin) / 2;
    const BundleItem found = item(middle);
    if (found.key == key)
      return found;
    (found.key < key ? begin : end) = found.key < key ? middle + 1 : middle;
  }
  return std::nullopt;
}

Result<Image> Bundle::image(const BundleItem &item) const {
  std::string storage, unpacked;
  std::string_view stored = memory_.substr(std::min<uint64_t>(item.offset, memory_.size()), item.storedBytes);
  if (file_) {
    if (Status status = readAt(file_, item.offset, item.storedBytes, storage, name_); !status)
      return status;
    stored = storage;
  }
  const auto broken = [&](std::string_view what) {
    return damaged(fmt::format("the image of '{}' {}", item.key, what));
  };
  if (stored.size() != item.storedBytes || XXH3_64bits(stored.data(), stored.size()) != item.checksum)
    return broken("does not match its checksum");
  if (item.compressed) {
    unpacked.resize(item.imageBytes);
    const size_t bytes = ZSTD_decompress(unpacked.data(), unpacked.size(), stored.data(), stored.size());
    if (ZSTD_isError(bytes) || bytes != item.imageBytes)
      return broken("cannot be unpacked");
    stored = unpacked;
  }
  Result<Image> image = deserializeImage(stored);
  if (!image)
    return broken(image.status().message());
  if (image->problemKey != item.key)
    return broken(fmt::format("is for '{}'", image->problemKey));
  return image;
}

} // namespace muntin::runtime
