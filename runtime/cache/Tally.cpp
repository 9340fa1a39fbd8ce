//===- Tally.cpp - what happened in a cache, over all processes *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cache/Tally.h"

#include "runtime/cache/KeyLock.h"

#include <fmt/format.h>

#include <charconv>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muntin::runtime {

static constexpr const char *kFileName = "tally";
static constexpr std::string_view kHead = "muntin-tally-1";
static constexpr size_t kFoldBytes = 1 << 16;
static constexpr size_t kMaxBytes = 1 << 24; ///< a file beyond this is none of ours

namespace {
struct EventRow {
  char letter;
  const char *name;
};
} // namespace

/// In the order of Event. Letters stay what they are as long as the head does.
static constexpr EventRow kEvents[kNumEvents] = {{'h', "hits"},     {'a', "absent"},         {'d', "damaged"},
                                                 {'v', "version"},  {'f', "foreign"},        {'u', "unreadable"},
                                                 {'c', "compiles"}, {'w', "write_failures"}, {'e', "evictions"}};

const char *eventName(Event event) { return kEvents[static_cast<int>(event)].name; }

Event eventOf(Reason reason) { return static_cast<Event>(static_cast<int>(Event::Hit) + static_cast<int>(reason)); }
static_assert(static_cast<int>(Reason::Unreadable) == static_cast<int>(Event::MissUnreadable));

void Tally::add(Event event, int times) const {
  const Result<Descriptor> folder = folder_.open(false);
  if (!folder || times <= 0)
    return;
  const Descriptor file(
      ::openat(folder->get(), kFileName, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  const std::string bytes(static_cast<size_t>(times), kEvents[static_cast<int>(event)].letter);
  if (file)
    (void)writeAll(file, bytes, kFileName);
}

Result<std::string> Tally::text() const {
  const Result<Descriptor> folder = folder_.open(false);
  if (!folder)
    return folder.status();
  const Descriptor file(::openat(folder->get(), kFileName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
      static_cast<uint64_t>(info.st_size) > kMaxBytes)
    return Status(StatusCode::IoError, "no tally");
  return readAll(file, folder_.pathOf(kFileName));
}

/// The counts of a folded head, "muntin-tally-1 h=12 ...".
static void addHead(std::string_view line, Counts &counts) {
  for (int i = 0; i < kNumEvents; ++i) {
    const size_t at = line.find(fmt::format(" {}=", kEvents[i].letter));
    uint64_t count = 0;
    if (at != std::string_view::npos &&
        std::from_chars(line.data() + at + 3, line.data() + line.size(), count).ec == std::errc())
      counts[i] += count;
  }
}

static Counts countsIn(std::string_view text) {
  Counts counts{};
  if (text.starts_with(kHead)) {
    const size_t end = text.find('\n');
    addHead(text.substr(0, end), counts);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  for (const char letter : text)
    for (int i = 0; i < kNumEvents; ++i)
      counts[i] += kEvents[i].letter == letter;
  return counts;
}

Counts Tally::read() const {
  const Result<std::string> bytes = text();
  return bytes ? countsIn(*bytes) : Counts{};
}

void Tally::fold() const {
  struct stat info{};
  if (::lstat(folder_.pathOf(kFileName).c_str(), &info) != 0 || info.st_size < static_cast<off_t>(kFoldBytes))
    return;
  KeyLock lock(folder_.pathOf("lock"), kHead);
  if (lock.tryLock() != KeyLock::State::Held) // somebody does it
    return;
  std::string line(kHead);
  const Counts counts = read();
  for (int i = 0; i < kNumEvents; ++i)
    line += fmt::format(" {}={}", kEvents[i].letter, counts[i]);
  (void)replaceFile(folder_.pathOf(kFileName), line + "\n"); // if not now, then the next time
}

} // namespace muntin::runtime
