//===- Link.cpp - lld as a library ----------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// lld reads its input through /proc/self/fd, so an object in memory needs no
// file. It writes beside its output path first and renames, which a memory file
// refuses; a pipe it writes in one go.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Emit.h"

#include "lld/Common/Driver.h"
#include "llvm/Support/raw_ostream.h"

#include <deque>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

using namespace muntin;

namespace {

/// A descriptor that is closed when it goes out of scope.
struct Descriptor {
  explicit Descriptor(int fd) : fd(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor &) = delete;
  void close() {
    if (fd >= 0)
      ::close(fd);
    fd = -1;
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd); }
  int fd;
};

bool writeAll(int fd, const std::string &bytes) {
  for (size_t done = 0; done < bytes.size();) {
    ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    done += size_t(n);
  }
  return true;
}

std::mutex lldMutex; // lld keeps its context in globals

} // namespace

Result<std::string> muntin::linkSharedObject(llvm::ArrayRef<std::string> objects) {
  auto failed = [](const std::string &why) { return Status(StatusCode::CompileFailed, "link: " + why); };
  std::deque<Descriptor> inputs;
  for (const std::string &object : objects)
    if (inputs.emplace_back(memfd_create("muntin-object", MFD_CLOEXEC)); !writeAll(inputs.back().fd, object))
      return failed("no memory for the object file");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC))
    return failed("no pipe for the linked object");
  Descriptor from(ends[0]);
  std::future<Result<std::string>> reader; // which ends when the other end is closed: that one goes first
  Descriptor to(ends[1]);
  reader = startReading(from.fd);
  if (!reader.valid())
    return failed("no thread that reads the linked object");
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  std::vector<std::string> paths{to.path()};
  for (const Descriptor &input : inputs)
    paths.push_back(input.path());
  // A kernel calls nothing: with -z defs an undefined symbol fails here and not at the first launch.
  std::vector<const char *> arguments = {
      "ld.lld",         "-shared",         "-z", "defs", "-z", "now", "--threads=1", "--hash-style=gnu",
      "--eh-frame-hdr", "--build-id=none", "-o"};
  for (const std::string &path : paths)
    arguments.push_back(path.c_str());
  lld::Result result;
  {
    std::lock_guard<std::mutex> guard(lldMutex);
    result = lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  }
  to.close();
  Result<std::string> bytes = reader.get();
  if (bytes && (result.retCode != 0 || bytes->empty()))
    return failed(messages.empty() ? "lld failed" : messages);
  return bytes;
}
