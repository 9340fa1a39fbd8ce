//===- File.cpp - whole files, read within bounds, written whole ----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/File.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace muntin;

static Status ioError(const std::string &path, const char *what, int error) {
  return {StatusCode::IoError, fmt::format("{}: {}: {}", path, what, std::strerror(error))};
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

InputFile::InputFile(int descriptor, uint64_t size, std::string path)
    : descriptor_(descriptor), size_(size), path_(std::move(path)) {}

InputFile::InputFile(InputFile &&other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_), path_(std::move(other.path_)) {}

InputFile::~InputFile() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

Result<InputFile> InputFile::open(const std::string &path) {
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait for ever.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return ioError(path, "cannot be opened", errno);
  struct stat info;
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(descriptor);
    return Status{StatusCode::IoError, fmt::format("{}: is not a regular file", path)};
  }
  return InputFile(descriptor, static_cast<uint64_t>(info.st_size), path);
}

Status InputFile::read(uint64_t offset, void *to, uint64_t count) const {
  auto *at = static_cast<char *>(to);
  while (count > 0) {
    ssize_t got = ::pread(descriptor_, at, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return ioError(path_, "cannot be read", errno);
    if (got == 0)
      return {StatusCode::IoError, fmt::format("{}: ends {} bytes too early", path_, count)};
    at += got;
    offset += static_cast<uint64_t>(got);
    count -= static_cast<uint64_t>(got);
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

OutputFile::OutputFile(int descriptor, std::string path, std::string temporary)
    : descriptor_(descriptor), path_(std::move(path)), temporary_(std::move(temporary)) {}

OutputFile::OutputFile(OutputFile &&other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, std::string())) {}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
  if (!temporary_.empty())
    ::unlink(temporary_.c_str());
}

Status OutputFile::failure(const char *what) const { return ioError(path_, what, errno); }

Result<OutputFile> OutputFile::create(const std::string &path) {
  if (path == "-")
    return OutputFile(::dup(STDOUT_FILENO), "standard output", "");
  // A link stays a link; the file it names is replaced.
  std::error_code error;
  std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  const std::string place = error ? path : target.string();
  struct stat info;
  const bool exists = ::stat(place.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode))
    return ioError(path, "cannot be written", EISDIR);
  if (exists && !S_ISREG(info.st_mode)) {
    int descriptor = ::open(place.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
      return ioError(path, "cannot be written", errno);
    return OutputFile(descriptor, place, "");
  }
  for (int attempt = 0; attempt < 100; ++attempt) {
    const std::string temporary = fmt::format("{}.{}.{}.part", place, ::getpid(), attempt);
    int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0)
      return OutputFile(descriptor, place, temporary);
    if (errno != EEXIST)
      return ioError(path, "cannot be written", errno);
  }
  return ioError(path, "cannot be written", EEXIST);
}

Status OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return failure("cannot be written");
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

Status OutputFile::commit() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) != 0)
    return failure("cannot be written");
  if (temporary_.empty())
    return {};
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    return failure("cannot be renamed into place");
  temporary_.clear();
  return {};
}

double muntin::memoryLimit() {
  double limit = double(::sysconf(_SC_PHYS_PAGES)) * double(::sysconf(_SC_PAGESIZE));
  double group = 0; // the file says "max" where there is no limit
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> group && group > 0)
    limit = std::min(limit, group);
  return limit;
}

Status muntin::writeWholeFile(const std::string &path, std::string_view bytes) {
  Result<OutputFile> file = OutputFile::create(path);
  if (!file)
    return file.status();
  if (Status status = file->write(bytes); !status)
    return status;
  return file->commit();
}
