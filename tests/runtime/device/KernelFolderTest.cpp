//===- KernelFolderTest.cpp - files of loaded kernels, their folder and its end *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/KernelFolder.h"

#include "runtime/base/Files.h"
#include "runtime/device/cpu/SharedObject.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace muntin;
using namespace muntin::runtime;
namespace fs = std::filesystem;

namespace {

class KernelFolders : public testing::Test {
protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(base.data()), nullptr); }
  void TearDown() override { fs::remove_all(base); }

  std::set<std::string> entries() const {
    std::set<std::string> names;
    for (const auto &entry : fs::directory_iterator(base))
      names.insert(entry.path().filename());
    return names;
  }
  std::string base = testing::TempDir() + "muntin-base-XXXXXX";
};

bool isMapped(const std::string &path) {
  const Result<std::string> maps = readFile("/proc/self/maps");
  return maps && maps->find(path) != std::string::npos;
}

/// Runs `body` in a child that leaves by exit(); returns its exit code.
template <typename Body> int inChild(const Body &body, bool killed = false) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int code = body();
    killed ? ::_exit(code) : std::exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

const Log quiet(LogLevel::Error);

TEST_F(KernelFolders, NamesAreUniqueAndFilesPrivate) {
  KernelFolder folder;
  std::set<std::string> paths;
  for (int i = 0; i < 20; ++i) {
    const Result<std::string> path = folder.write(base, "code");
    ASSERT_TRUE(path.ok()) << path.status().message();
    EXPECT_TRUE(paths.insert(*path).second);
    struct stat info{};
    ASSERT_EQ(::stat(fs::path(*path).parent_path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u);
  }
  EXPECT_EQ(entries().size(), 1u);
}

TEST_F(KernelFolders, TheEndRemovesTheFolder) {
  {
    KernelFolder folder;
    ASSERT_TRUE(folder.write(base, "code").ok());
    EXPECT_EQ(entries().size(), 1u);
  }
  EXPECT_TRUE(entries().empty());
}

TEST_F(KernelFolders, ExitRemovesTheFolderOfTheProcess) {
  EXPECT_EQ(inChild([&] { return KernelFolder::instance().write(base, "code").ok() && entries().size() == 1 ? 7 : 1; }),
            7);
  EXPECT_TRUE(entries().empty());
}

TEST_F(KernelFolders, AForkedChildLeavesTheParentsFolderAlone) {
  KernelFolder folder;
  const Result<std::string> path = folder.write(base, "code");
  ASSERT_TRUE(path.ok());
  EXPECT_EQ(inChild(
                [&] {
                  folder.~KernelFolder(); // what exit() would do with the process's own
                  return fs::exists(*path) ? 7 : 1;
                },
                true),
            7);
  EXPECT_EQ(inChild(
                [&] {
                  const Result<std::string> own = folder.write(base, "code");
                  return own && fs::path(*own).parent_path() != fs::path(*path).parent_path() ? 7 : 1;
                },
                true),
            7);
  EXPECT_TRUE(fs::exists(*path));
}

TEST_F(KernelFolders, SweepsTheDeadAndOnlyThem) {
  // A process that dies without exit() leaves its folder.
  ASSERT_EQ(inChild([&] { return KernelFolder::instance().write(base, "code").ok() ? 7 : 1; }, true), 7);
  ASSERT_EQ(entries().size(), 1u);
  const std::string dead = *entries().begin();

  KernelFolder living;
  ASSERT_TRUE(living.write(base, "code").ok()); // sweeps as it begins
  ASSERT_EQ(entries().size(), 1u);
  const std::string own = *entries().begin();
  EXPECT_NE(own, dead);

  // The number of a living process, but another start time: the number was used again.
  const std::string reused = own.substr(0, own.rfind('-')) + "-1";
  fs::create_directory(base + "/" + reused);
  ASSERT_TRUE(createFile(base + "/" + reused + "/kernel-0.so", "code").ok());
  // Not ours to judge: other users, other namespaces, other names, links.
  const std::string user = "muntin-" + std::to_string(::getuid());
  const std::set<std::string> strangers = {"muntin-77777-1-1-1", user + "-1-999999-1", "other", user + "-x"};
  for (const std::string &name : strangers)
    fs::create_directory(base + "/" + name);
  fs::create_directory(base + "/kept");
  ASSERT_TRUE(createFile(base + "/kept/file", "x").ok());
  fs::create_directory_symlink(base + "/kept", base + "/" + dead);

  EXPECT_EQ(sweepKernelFolders(base), 1);
  std::set<std::string> expected = strangers;
  expected.insert({own, "kept", dead});
  EXPECT_EQ(entries(), expected);
  EXPECT_TRUE(fs::exists(base + "/kept/file")) << "a link was followed";
}

class SharedObjects : public KernelFolders {
protected:
  std::string code = *readFile(FAKE_KERNEL);
};

TEST_F(SharedObjects, LoadsFindsAndUnloads) {
  const std::vector<std::string> bases = {base};
  auto first = SharedObject::open(code, bases, quiet), second = SharedObject::open(code, bases, quiet);
  ASSERT_TRUE(first.ok() && second.ok());
  const std::string path = static_cast<SharedObject &>(**first).path();
  EXPECT_NE(path, static_cast<SharedObject &>(**second).path());
  EXPECT_TRUE(path.starts_with(base)) << path;
  EXPECT_TRUE(isMapped(path));
  ASSERT_TRUE((*first)->entry("fake_sums").ok());
  EXPECT_NE(*(*first)->entry("fake_sums"), *(*second)->entry("fake_sums")) << "two images share code";
  EXPECT_EQ((*first)->entry("nothing").status().code(), StatusCode::CheckFailed);
  first->reset();
  EXPECT_FALSE(isMapped(path));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(isMapped(static_cast<SharedObject &>(**second).path()));
}

TEST_F(SharedObjects, AForkedChildLeavesTheParentsFileAlone) {
  const std::vector<std::string> bases = {base};
  auto loaded = SharedObject::open(code, bases, quiet);
  ASSERT_TRUE(loaded.ok());
  const std::string path = static_cast<SharedObject &>(**loaded).path();
  EXPECT_EQ(inChild([&] { return loaded->reset(), isMapped(path) ? 1 : 0; }, /*killed=*/true), 0);
  EXPECT_TRUE(fs::exists(path)) << "the parent's code lost its file";
}

TEST_F(SharedObjects, DamagedCodeIsAnErrorThatLeavesNothing) {
  const std::vector<std::string> bases = {base};
  // A truncated ELF file would crash dlopen() itself; images are verified before they come here.
  for (const std::string &bytes : {std::string(), std::string("not code"), std::string(4096, '\0')}) {
    const auto loaded = SharedObject::open(bytes, bases, quiet);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.status().code(), StatusCode::IoError);
  }
  for (const std::string &name : entries())
    EXPECT_TRUE(fs::is_empty(base + "/" + name));
}

TEST_F(SharedObjects, GoesOnToTheNextFolderAndAtLastToMemory) {
  const std::vector<std::string> second = {base + "/missing", base};
  auto loaded = SharedObject::open(code, second, quiet);
  ASSERT_TRUE(loaded.ok());
  EXPECT_TRUE(static_cast<SharedObject &>(**loaded).path().starts_with(base));

  int warnings = 0;
  const Log log(LogLevel::Warn, [&](LogLevel, const char *) { ++warnings; });
  const std::vector<std::string> none = {base + "/missing"};
  // The descriptors are kept, so that the second is not taken for the first.
  auto a = SharedObject::open(code, none, log), b = SharedObject::open(code, none, log);
  ASSERT_TRUE(a.ok() && b.ok()) << a.status().message();
  EXPECT_EQ(warnings, 2);
  EXPECT_NE(static_cast<SharedObject &>(**a).path(), static_cast<SharedObject &>(**b).path());
  EXPECT_NE(*(*a)->entry("fake_sums"), *(*b)->entry("fake_sums"));
}

TEST_F(SharedObjects, AFolderMountedNoexecIsPassedOver) {
  constexpr int kPassed = 7, kCannotMount = 77;
  const int result = inChild([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", base.c_str(), "tmpfs", MS_NOEXEC, nullptr) != 0)
      return kCannotMount;
    const std::vector<std::string> bases = {base, testing::TempDir()};
    const auto loaded = SharedObject::open(code, bases, quiet);
    return loaded && !static_cast<SharedObject &>(**loaded).path().starts_with(base) ? kPassed : 1;
  });
  if (result == kCannotMount)
    GTEST_SKIP() << "needs the right to mount";
  EXPECT_EQ(result, kPassed);
}

} // namespace
