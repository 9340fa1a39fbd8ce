//===- DiskCacheTest.cpp - visits to the disk cache --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cache/DiskCache.h"
#include "tests/runtime/cache/TemporaryFolder.h"

#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

using namespace muntin;
using namespace muntin::runtime;
namespace fs = std::filesystem;

namespace {

class DiskCaches : public testing::Test {
protected:
  DiskCacheOptions options(CacheMode mode = CacheMode::ReadWrite, uint64_t limit = kDefaultCacheLimit) {
    return {.mode = mode,
            .path = folder / "cache",
            .limit = limit,
            .patience = std::chrono::milliseconds(50),
            .log = Log(LogLevel::Warn, [this](LogLevel, const char *line) { warnings.push_back(line); })};
  }
  static Entry entryOf(const std::string &key, const std::string &compiler, size_t size = 100) {
    Entry entry{.compiler = compiler, .compileSeconds = 0.5, .image = {.problemKey = key}};
    entry.image.binaries = {{.target = "t", .bytes = std::string(size, 'x')}};
    return entry;
  }
  static void store(DiskCache &cache, const std::string &key, const std::string &compiler, size_t size = 100) {
    DiskVisit visit(cache, key, compiler);
    EXPECT_FALSE(visit.find());
    visit.claim();
    visit.store(entryOf(key, compiler, size));
  }
  static bool has(DiskCache &cache, const std::string &key, const std::string &compiler) {
    DiskVisit visit(cache, key, compiler);
    const EntryFile *file = visit.find();
    EXPECT_TRUE(!file || file->entry.image.problemKey == key);
    return file;
  }
  std::string pathOf(const std::string &key, const std::string &compiler) const {
    return folder / "cache/" + entryFileName(key, compiler);
  }
  uint64_t count(Event event) const { return Tally(CacheFolder(folder / "cache")).read()[static_cast<size_t>(event)]; }

  TemporaryFolder folder;
  std::vector<std::string> warnings;
};

TEST_F(DiskCaches, KeepsWhatWasStored) {
  {
    DiskCache cache(options());
    EXPECT_FALSE(has(cache, "a", "1"));
    EXPECT_FALSE(fs::exists(folder / "cache")) << "looking makes no folder";
    store(cache, "a", "1");
  }
  DiskCache cache(options());
  DiskVisit visit(cache, "a", std::string("1"));
  const EntryFile *found = visit.find();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->entry, entryOf("a", "1"));
  EXPECT_EQ(found->path, pathOf("a", "1"));
  struct stat info{};
  ASSERT_EQ(::stat((folder / "cache").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
  ASSERT_EQ(::stat(found->path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(warnings, std::vector<std::string>());
}

TEST_F(DiskCaches, AnotherCompilerIsAnotherEntryAndNoCompilerTakesTheNewest) {
  DiskCache cache(options());
  store(cache, "a", "old");
  EXPECT_FALSE(has(cache, "a", "new"));
  store(cache, "a", "new");
  store(cache, "b", "newer");
  const auto newest = [&] {
    DiskVisit visit(cache, "a", std::string());
    const EntryFile *found = visit.find();
    return found ? found->entry.compiler : "none";
  };
  const auto setAge = [&](const std::string &compiler, int hours) {
    fs::last_write_time(pathOf("a", compiler), fs::file_time_type::clock::now() - std::chrono::hours(hours));
  };
  setAge("old", 2), setAge("new", 1);
  EXPECT_EQ(newest(), "new");
  setAge("new", 3);
  EXPECT_EQ(newest(), "old");
  overwrite(pathOf("a", "old"), "damaged");
  EXPECT_EQ(newest(), "new") << "one that is damaged does not hide the others";
}

TEST_F(DiskCaches, ACompilerWithoutABuildIdGetsNothing) {
  DiskCache cache(options());
  store(cache, "a", "1");
  const Status status(StatusCode::CheckFailed, "lib.so has no build-id");
  for (int i = 0; i < 2; ++i) {
    DiskVisit visit(cache, "a", status);
    EXPECT_FALSE(visit.find());
    visit.claim();
    visit.store(entryOf("a", "2"));
  }
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("no build-id"), std::string::npos);
  EXPECT_EQ((folder.files().size()), 1u);
  EXPECT_FALSE(fs::exists(pathOf("a", "2")));
}

TEST_F(DiskCaches, ReadOnlyWritesNothing) {
  {
    DiskCache cache(options());
    store(cache, "a", "1");
  }
  const auto before = fs::last_write_time(folder / "cache");
  const std::string tally = contentsOf(folder / "cache/tally");
  DiskCache cache(options(CacheMode::ReadOnly));
  EXPECT_TRUE(has(cache, "a", "1"));
  EXPECT_FALSE(has(cache, "b", "1"));
  DiskVisit visit(cache, "b", std::string("1"));
  visit.claim();
  visit.store(entryOf("b", "1"));
  EXPECT_EQ(fs::last_write_time(folder / "cache"), before);
  EXPECT_EQ(contentsOf(folder / "cache/tally"), tally);
  EXPECT_EQ(cache.hits(), 1u);
  EXPECT_EQ(cache.misses(), 1u);
}

/// What may stand where an entry should, and how it is counted.
TEST_F(DiskCaches, WhatIsNoEntryIsAMissThatIsCountedNamedAndReplaced) {
  const std::string good = serializeEntry(entryOf("a", "1"));
  const std::string path = pathOf("a", "1");
  std::string future = good, flipped = good;
  future[good.size() - kEntryFooterBytes + 8] = 2;
  flipped[good.size() / 2] ^= 1;
  struct Case {
    const char *name;
    Event event;
    std::function<void()> make;
  };
  const Case cases[] = {
      {"empty", Event::MissDamaged, [&] { overwrite(path, ""); }},
      {"truncated", Event::MissDamaged, [&] { overwrite(path, good.substr(0, good.size() - 1)); }},
      {"without its head", Event::MissDamaged, [&] { overwrite(path, good.substr(1)); }},
      {"flipped", Event::MissDamaged, [&] { overwrite(path, flipped); }},
      {"huge", Event::MissDamaged, [&] { overwrite(path, good), fs::resize_file(path, uint64_t{1} << 40); }},
      {"of a future version", Event::MissVersion, [&] { overwrite(path, future); }},
      {"of another problem", Event::MissForeign, [&] { overwrite(path, serializeEntry(entryOf("b", "1"))); }},
      {"of another compiler", Event::MissForeign, [&] { overwrite(path, serializeEntry(entryOf("a", "2"))); }},
      {"a link to an entry", Event::MissForeign,
       [&] { overwrite(folder / "good", good), fs::create_symlink(folder / "good", path); }},
      {"a link to nothing", Event::MissForeign, [&] { fs::create_symlink(folder / "nothing", path); }},
      {"a fifo", Event::MissForeign, [&] { ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0); }},
      {"for others to write", Event::MissForeign,
       [&] { overwrite(path, good), fs::permissions(path, fs::perms::others_write, fs::perm_options::add); }},
  };
  for (const Case &c : cases) {
    SCOPED_TRACE(c.name);
    DiskCache cache(options());
    fs::create_directories(folder / "cache"), fs::permissions(folder / "cache", fs::perms::owner_all);
    fs::remove(path);
    c.make();
    const uint64_t before = count(c.event);
    warnings.clear();
    store(cache, "a", "1");
    EXPECT_EQ(count(c.event), before + 1);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NE(warnings[0].find(path), std::string::npos) << warnings[0];
    EXPECT_TRUE(has(cache, "a", "1")) << "it was replaced";
    EXPECT_EQ(warnings.size(), 1u);
    EXPECT_EQ(folder.files("cache").size(), 1u);
  }
  EXPECT_EQ(count(Event::Compile), std::size(cases));
  EXPECT_EQ(count(Event::Hit), std::size(cases));
}

/// A folder that is not ours alone is not used, and said to be so once.
TEST_F(DiskCaches, FoldersThatAreRefused) {
  const std::string path = folder / "cache";
  struct Case {
    const char *name, *message;
    std::function<void()> make;
  };
  const Case cases[] = {
      {"for the group to write", "chmod 700",
       [&] { fs::create_directory(path), fs::permissions(path, fs::perms::owner_all | fs::perms::group_write); }},
      {"for others to write", "chmod 700",
       [&] { fs::create_directory(path), fs::permissions(path, fs::perms::owner_all | fs::perms::others_write); }},
      {"a link", "cannot open the folder",
       [&] { fs::create_directory(folder / "real"), fs::create_directory_symlink(folder / "real", path); }},
      {"a file", "cannot open the folder", [&] { overwrite(path, "file"); }},
      {"somebody else's", "belongs to user 12345",
       [&] {
         fs::create_directory(path);
         if (::chown(path.c_str(), 12345, static_cast<gid_t>(-1)) != 0)
           fs::remove(path); // only root can try
       }},
  };
  for (const Case &c : cases) {
    SCOPED_TRACE(c.name);
    fs::remove_all(path);
    c.make();
    if (!fs::exists(path))
      continue;
    warnings.clear();
    DiskCache cache(options());
    for (int i = 0; i < 3; ++i) {
      DiskVisit visit(cache, "a", std::string("1"));
      EXPECT_FALSE(visit.find());
      visit.claim();
      visit.store(entryOf("a", "1"));
    }
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NE(warnings[0].find(c.message), std::string::npos) << warnings[0];
    EXPECT_FALSE(fs::exists(pathOf("a", "1")));
  }
}

TEST_F(DiskCaches, NoPlaceIsOneWarning) {
  DiskCacheOptions nowhere = options();
  nowhere.path = "";
  DiskCache cache(nowhere);
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(has(cache, "a", "1"));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("MUNTIN_CACHE_DIR"), std::string::npos);
}

TEST_F(DiskCaches, TheFolderMayGoAndComeBack) {
  DiskCache cache(options());
  store(cache, "a", "1");
  fs::remove_all(folder / "cache");
  EXPECT_FALSE(has(cache, "a", "1"));
  store(cache, "a", "1");
  EXPECT_TRUE(has(cache, "a", "1"));
  DiskVisit visit(cache, "b", std::string("1"));
  EXPECT_FALSE(visit.find());
  visit.claim();
  fs::rename(folder / "cache", folder / "elsewhere"); // while compiling
  visit.store(entryOf("b", "1"));
  EXPECT_TRUE(has(cache, "b", "1"));
  fs::remove_all(folder / "cache");
  fs::rename(folder / "elsewhere", folder / "cache"); // entries do not know where they are
  EXPECT_TRUE(has(cache, "a", "1"));
  EXPECT_EQ(warnings, std::vector<std::string>());
}

TEST_F(DiskCaches, ShrinksToItsLimitLeastRecentlyUsedFirst) {
  constexpr size_t kCode = 10000, kEntries = 4;
  const size_t bytes = serializeEntry(entryOf("0", "1", kCode)).size();
  DiskCache cache(options(CacheMode::ReadWrite, kEntries * bytes));
  const auto isThere = [&](const std::string &key) { return fs::exists(pathOf(key, "1")); };
  for (const char *key : {"0", "1", "2", "3"}) {
    store(cache, key, "1", kCode);
    std::this_thread::sleep_for(std::chrono::milliseconds(10)); // coarser than the clock of the file system
  }
  EXPECT_TRUE(has(cache, "0", "1")); // now the most recent
  store(cache, "4", "1", kCode);
  EXPECT_FALSE(isThere("1"));
  for (const char *key : {"0", "2", "3", "4"})
    EXPECT_TRUE(isThere(key)) << key;
  EXPECT_EQ(count(Event::Eviction), 1u);
  store(cache, "huge", "1", kEntries * bytes);
  EXPECT_FALSE(isThere("huge"));
  EXPECT_EQ(count(Event::Eviction), 1u) << "what cannot be kept drives nothing out";
}

TEST_F(DiskCaches, RemovesWhatDeadProcessesLeft) {
  DiskCache cache(options());
  store(cache, "a", "1");
  const std::string dead = "x.kernel.999999999-0.tmp", alive = "x.kernel." + std::to_string(::getpid()) + "-7.tmp";
  const std::string old = "y.kernel." + std::to_string(::getpid()) + "-8.tmp";
  for (const std::string &name : {dead, alive, old})
    overwrite(folder / "cache/" + name, "part");
  fs::last_write_time(folder / "cache/" + old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  store(cache, "b", "1");
  EXPECT_FALSE(fs::exists(folder / "cache/" + dead));
  EXPECT_TRUE(fs::exists(folder / "cache/" + alive));
  EXPECT_FALSE(fs::exists(folder / "cache/" + old));
}

TEST_F(DiskCaches, WhoCompilesIsWaitedForButNotForEver) {
  DiskCache cache(options());
  DiskVisit first(cache, "a", std::string("1"));
  first.claim();
  const auto start = std::chrono::steady_clock::now();
  DiskVisit second(cache, "a", std::string("1"));
  EXPECT_FALSE(second.find());
  second.claim();
  EXPECT_GE(std::chrono::steady_clock::now() - start, options().patience);
  DiskVisit other(cache, "b", std::string("1"));
  other.claim(); // another key waits for nobody; else this test would take twice as long, and nobody would see
  EXPECT_FALSE(second.find());
}

TEST_F(DiskCaches, OneCompilesAndTheOthersFindIt) {
  DiskCacheOptions patient = options();
  patient.patience = std::chrono::minutes(10);
  std::atomic<int> compiled{0}, found{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      DiskCache cache(patient); // as another process would have
      DiskVisit visit(cache, "a", std::string("1"));
      if (visit.find())
        return void(++found);
      visit.claim();
      if (visit.find())
        return void(++found);
      ++compiled;
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      visit.store(entryOf("a", "1"));
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(compiled, 1);
  EXPECT_EQ(found, 7);
  EXPECT_EQ(count(Event::Compile), 1u);
  EXPECT_EQ(count(Event::Hit), 7u);
  EXPECT_EQ(count(Event::MissAbsent), 1u);
}

TEST_F(DiskCaches, TheTallyIsFoldedAndLosesNothing) {
  const CacheFolder cache(folder / "cache");
  ASSERT_TRUE(cache.open(true).ok());
  const Tally tally(cache);
  tally.fold();
  EXPECT_EQ(tally.read(), Counts{});
  for (int round = 1; round <= 3; ++round) {
    tally.add(Event::Hit, 40000);
    tally.add(Event::Compile, 30000);
    tally.fold();
    EXPECT_LT(fs::file_size(folder / "cache/tally"), 200u);
    tally.add(Event::Eviction);
    const Counts counts = tally.read();
    EXPECT_EQ(counts[static_cast<size_t>(Event::Hit)], 40000u * round);
    EXPECT_EQ(counts[static_cast<size_t>(Event::Compile)], 30000u * round);
    EXPECT_EQ(counts[static_cast<size_t>(Event::Eviction)], 1u * round);
    EXPECT_EQ(counts[static_cast<size_t>(Event::MissAbsent)], 0u);
  }
}

TEST_F(DiskCaches, AForeignTallyIsNoTrouble) {
  const CacheFolder cache(folder / "cache");
  ASSERT_TRUE(cache.open(true).ok());
  const Tally tally(cache);
  const std::string path = folder / "cache/tally";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  tally.add(Event::Hit);
  EXPECT_EQ(tally.read(), Counts{});
  fs::remove(path);
  fs::create_symlink(folder / "target", path);
  tally.add(Event::Hit);
  EXPECT_FALSE(fs::exists(folder / "target"));
  fs::remove(path);
  overwrite(path, "muntin-tally-1 h=12 a=99999999999999999999999 zzz c=\nhzq\xff");
  EXPECT_EQ(tally.read()[0], 13u);
}

} // namespace
