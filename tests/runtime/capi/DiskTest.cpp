//===- DiskTest.cpp - sessions on the disk cache, through the C interface *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/cache/TemporaryFolder.h"
#include "tests/runtime/capi/Fixture.h"

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sched.h>

using namespace muntin;
namespace fs = std::filesystem;

namespace {

constexpr int kCannotMount = 77;

/// What `body` returns in a process of its own; 1 also if an expectation failed there.
template <typename Body> int inChild(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int result = body();
    ::_exit(testing::Test::HasFailure() ? 1 : result);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// The same with a file system of its own on `path`, where one may mount.
template <typename Body> int withMount(const std::string &path, const char *settings, unsigned long flags, Body body) {
  return inChild([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", path.c_str(), "tmpfs", flags, settings) != 0)
      return kCannotMount;
    body();
    return 0;
  });
}

class Disk : public testing::Test {
protected:
  mtn_session_options options() {
    mtn_session_options options = fakeOptions();
    options.cache = MTN_CACHE_RW;
    options.cache_dir = cache.c_str();
    options.log = [](void *lines, mtn_log_level, const char *line) {
      static_cast<std::vector<std::string> *>(lines)->push_back(line);
    };
    options.log_user = &warnings;
    return options;
  }
  static Session open(const mtn_session_options &options) {
    auto created = Session::create(&options);
    EXPECT_TRUE(created.ok()) << created.error().message();
    return std::move(*created);
  }
  /// Runs a problem that the fake kernel answers; where its kernel came from.
  static mtn_origin run(const Session &session, const std::string &plan = "") {
    FakeRun run(2, 3, 5, 4, 2);
    const Outcome done = session.forward(fakeProblem(plan), run.arguments());
    EXPECT_TRUE(done.ok()) << done.message();
    EXPECT_EQ(run.wrong(), 0);
    const auto kernel = session.prepare(fakeProblem(plan));
    EXPECT_TRUE(kernel.ok());
    return kernel->info()->origin;
  }
  std::string entry() const {
    for (const auto &file : fs::directory_iterator(cache))
      if (file.path().extension() == ".kernel")
        return file.path();
    return "";
  }
  static bool isMapped(const std::string &path) {
    return contentsOf("/proc/self/maps").find(path) != std::string::npos;
  }

  TemporaryFolder folder;
  const std::string cache = folder / "cache";
  std::vector<std::string> warnings;
};

TEST_F(Disk, AKernelOutlivesItsSessionAndTheEntryItselfIsMapped) {
  EXPECT_EQ(run(open(options())), MTN_FROM_COMPILER);
  const int compiles = fakeCompilerCounts().compiles;
  const Session session = open(options());
  EXPECT_EQ(run(session), MTN_FROM_DISK);
  EXPECT_EQ(run(session), MTN_FROM_DISK);
  EXPECT_EQ(fakeCompilerCounts().compiles, compiles);
  EXPECT_TRUE(isMapped(entry()));
  EXPECT_EQ(session.stats()->disk_hits, 1u);
  EXPECT_EQ(session.stats()->disk_misses, 0u);
  EXPECT_EQ(session.stats()->compiles, 0u);
  EXPECT_EQ(warnings, std::vector<std::string>());
}

TEST_F(Disk, CompileNeverLooksOnTheDiskToo) {
  const Session none = open(options());
  const auto refused = none.prepare(fakeProblem(), MTN_COMPILE_NEVER);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), MTN_UNAVAILABLE);
  EXPECT_EQ(run(none), MTN_FROM_COMPILER) << "the refusal is not kept";
  const auto kernel = open(options()).prepare(fakeProblem(), MTN_COMPILE_NEVER);
  ASSERT_TRUE(kernel.ok()) << kernel.error().message();
  EXPECT_EQ(kernel->info()->origin, MTN_FROM_DISK);
  EXPECT_EQ(kernel->info()->compile_seconds, 0);
}

TEST_F(Disk, WithoutACompilerTheNewestEntryServes) {
  EXPECT_EQ(run(open(options())), MTN_FROM_COMPILER);
  mtn_session_options orphan = options();
  orphan.compiler = "/nowhere/libmuntin-compiler.so";
  const Session session = open(orphan);
  EXPECT_EQ(run(session), MTN_FROM_DISK);
  const auto missing = session.prepare(fakeProblem("other"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), MTN_UNAVAILABLE);
}

TEST_F(Disk, ARebuiltCompilerIsServedNoStaleKernel) {
  const std::string library = folder / "libcompiler.so";
  fs::copy(FAKE_COMPILER, library);
  mtn_session_options rebuilt = options();
  rebuilt.compiler = library.c_str();
  const auto origin = [&] { // a library stays what it was in a process that has opened it
    return inChild([&] { return static_cast<int>(run(open(rebuilt))) + 10; }) - 10;
  };
  EXPECT_EQ(origin(), MTN_FROM_COMPILER);
  EXPECT_EQ(origin(), MTN_FROM_DISK);
  // A developer's rebuild: another build-id, in another file, as linkers write it.
  std::string bytes = contentsOf(library);
  const size_t note = bytes.find(std::string("GNU\0", 4), bytes.find(std::string("\4\0\0\0\x14\0\0\0\3\0\0\0", 12)));
  ASSERT_NE(note, std::string::npos);
  bytes[note + 4] ^= 1;
  fs::remove(library);
  overwrite(library, bytes);
  EXPECT_EQ(origin(), MTN_FROM_COMPILER);
  EXPECT_EQ(origin(), MTN_FROM_DISK);
  EXPECT_EQ(run(open(options())), MTN_FROM_DISK) << "the same build elsewhere";
}

/// Dumps want a compilation, and a stage that was replaced makes a kernel that is not the problem's.
TEST_F(Disk, StagesThatAreWatchedOrReplacedAreNotCached) {
  EXPECT_EQ(run(open(options())), MTN_FROM_COMPILER);
  mtn_session_options dumping = options(), overriding = options();
  dumping.dump_dir = folder.path.c_str();
  overriding.override_dir = folder.path.c_str();
  EXPECT_EQ(run(open(dumping)), MTN_FROM_COMPILER);
  EXPECT_EQ(run(open(overriding), "new"), MTN_FROM_COMPILER);
  EXPECT_EQ(run(open(options()), "new"), MTN_FROM_COMPILER);
}

/// glibc answers dlopen() of a name that is loaded with what is loaded, though the file is another now.
TEST_F(Disk, AnEntryThatWasReplacedWhileItsOldCodeIsLoaded) {
  const Session first = open(options());
  EXPECT_EQ(run(first), MTN_FROM_COMPILER);
  const Session second = open(options());
  EXPECT_EQ(run(second), MTN_FROM_DISK);
  const std::string path = entry(), bytes = contentsOf(path);
  ASSERT_TRUE(isMapped(path));
  fs::remove(path);
  EXPECT_TRUE(isMapped(path)) << "eviction leaves the code to whoever runs it";
  EXPECT_EQ(run(second), MTN_FROM_DISK);
  EXPECT_EQ(run(open(options())), MTN_FROM_COMPILER);
  ASSERT_EQ(contentsOf(path).size(), bytes.size());
  EXPECT_EQ(run(open(options())), MTN_FROM_DISK) << "the same code: it does not matter which file it was mapped from";
}

TEST_F(Disk, AVerifiedEntryThatCannotBeLoadedIsReplaced) {
  const auto refused = [&](const std::string &plan) {
    const auto kernel = open(options()).prepare(fakeProblem(plan));
    EXPECT_FALSE(kernel.ok()) << plan;
    return fs::exists(cache) ? entry() : "";
  };
  for (const char *plan : {"noentry", "argument", "damaged", "alien"})
    EXPECT_EQ(refused(plan), "") << "what cannot be loaded is not stored";
}

TEST_F(Disk, BadOptionsAreRefused) {
  mtn_session_options bad = options();
  bad.cache = static_cast<mtn_cache_mode>(4);
  const auto session = Session::create(&bad);
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.error().message(), "cache is 4, expected 0 to 3");
}

TEST_F(Disk, AFullDiskIsOneWarning) {
  fs::create_directory(cache);
  const int result = withMount(cache, "size=8k,mode=700", 0, [&] {
    const Session session = open(options());
    for (const char *plan : {"a", "b", "c"})
      EXPECT_EQ(run(session, plan), MTN_FROM_COMPILER);
    EXPECT_EQ(warnings.size(), 1u);
    for (const auto &file : fs::directory_iterator(cache))
      EXPECT_NE(file.path().extension(), ".tmp") << "half an entry was left";
  });
  if (result == kCannotMount)
    GTEST_SKIP() << "needs the right to mount";
  EXPECT_EQ(result, 0);
}

TEST_F(Disk, AReadOnlyDiskServesAndIsOneWarning) {
  fs::create_directory(cache);
  const int result = withMount(cache, "mode=700", 0, [&] {
    EXPECT_EQ(run(open(options()), "a"), MTN_FROM_COMPILER);
    ASSERT_EQ(::mount("none", cache.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
    const Session session = open(options());
    EXPECT_EQ(run(session, "a"), MTN_FROM_DISK);
    for (const char *plan : {"b", "c"})
      EXPECT_EQ(run(session, plan), MTN_FROM_COMPILER);
    EXPECT_EQ(warnings.size(), 1u);
  });
  if (result == kCannotMount)
    GTEST_SKIP() << "needs the right to mount";
  EXPECT_EQ(result, 0);
}

TEST_F(Disk, AFolderThatMayHoldNoCodeStillSpares) {
  fs::create_directory(cache);
  const int result = withMount(cache, "mode=700", MS_NOEXEC, [&] {
    EXPECT_EQ(run(open(options())), MTN_FROM_COMPILER);
    EXPECT_EQ(run(open(options())), MTN_FROM_DISK);
    EXPECT_FALSE(isMapped(cache));
    EXPECT_EQ(warnings, std::vector<std::string>());
  });
  if (result == kCannotMount)
    GTEST_SKIP() << "needs the right to mount";
  EXPECT_EQ(result, 0);
}

} // namespace
