//===- BaseTest.cpp - environment, log, files, counters ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/base/Environment.h"
#include "runtime/base/Files.h"
#include "runtime/base/StripedCounter.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace muntin;
using namespace muntin::runtime;

static Result<Environment> readFrom(const std::map<std::string, std::string> &variables) {
  return readEnvironment([&](const char *name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Environment, ReadsWhatItNames) {
  const auto environment = readFrom({{"MUNTIN_COMPILER", "/c.so"},
                                     {"MUNTIN_THREADS", "7"},
                                     {"MUNTIN_LOG", "debug"},
                                     {"MUNTIN_DUMP", "/dump"},
                                     {"MUNTIN_OVERRIDE", "/over"},
                                     {"MUNTIN_PTXAS", "/ptxas"},
                                     {"MUNTIN_CACHE", "off"},
                                     {"XDG_RUNTIME_DIR", "relative"},
                                     {"TMPDIR", "/t"}});
  ASSERT_TRUE(environment.ok());
  EXPECT_EQ(environment->compiler, "/c.so");
  EXPECT_EQ(environment->threads, 7);
  EXPECT_EQ(environment->logLevel, LogLevel::Debug);
  EXPECT_EQ(environment->dumpDir, "/dump");
  EXPECT_EQ(environment->overrideDir, "/over");
  EXPECT_EQ(environment->ptxas, "/ptxas");
  EXPECT_EQ(environment->temporaryDirs, (std::vector<std::string>{"/t", "/tmp"})) << "a relative path is no choice";
}

TEST(Environment, EmptyIsUnset) {
  const auto environment = readFrom({{"MUNTIN_THREADS", ""}, {"MUNTIN_LOG", ""}, {"MUNTIN_CACHE_DIR", ""}});
  ASSERT_TRUE(environment.ok());
  EXPECT_FALSE(environment->threads);
  EXPECT_FALSE(environment->logLevel);
}

TEST(Environment, RefusesByNameAndValue) {
  struct Case {
    const char *name, *value;
    StatusCode code;
  };
  for (const auto &[name, value, code] : {Case{"MUNTIN_THREADS", "0", StatusCode::InvalidArgument},
                                          Case{"MUNTIN_THREADS", "1025", StatusCode::InvalidArgument},
                                          Case{"MUNTIN_THREADS", "4x", StatusCode::InvalidArgument},
                                          Case{"MUNTIN_THREADS", "99999999999999999999", StatusCode::InvalidArgument},
                                          Case{"MUNTIN_LOG", "loud", StatusCode::InvalidArgument},
                                          Case{"MUNTIN_CACHE", "maybe", StatusCode::InvalidArgument},
                                          Case{"MUNTIN_CACHE_LIMIT", "1T", StatusCode::InvalidArgument},
                                          Case{"MUNTIN_CACHE_LIMIT", "-1", StatusCode::InvalidArgument},
                                          Case{"MUNTIN_CACHE_LIMIT", "1KK", StatusCode::InvalidArgument},
                                          Case{"MUNTIN_CACHE_LIMIT", "G", StatusCode::InvalidArgument},
                                          Case{"MUNTIN_CACHE_LIMIT", "17179869184G", StatusCode::InvalidArgument}}) {
    const auto environment = readFrom({{name, value}});
    ASSERT_FALSE(environment.ok()) << name << '=' << value;
    EXPECT_EQ(environment.status().code(), code) << name << '=' << value;
    EXPECT_NE(environment.status().message().find(name), std::string::npos) << environment.status().message();
    EXPECT_NE(environment.status().message().find(value), std::string::npos) << environment.status().message();
  }
}

TEST(Environment, TheCacheHasADefaultPlaceASizeAndAMode) {
  using Variables = std::map<std::string, std::string>;
  for (const auto &[variables, dir] : std::vector<std::pair<Variables, std::string>>{
           {{{"MUNTIN_CACHE_DIR", "here"}, {"XDG_CACHE_HOME", "/x"}, {"HOME", "/h"}}, "here"},
           {{{"XDG_CACHE_HOME", "/x"}, {"HOME", "/h"}}, "/x/muntin"},
           {{{"XDG_CACHE_HOME", "x"}, {"HOME", "/h"}}, "/h/.cache/muntin"},
           {{{"HOME", "h"}}, ""},
           {{}, ""}})
    EXPECT_EQ(readFrom(variables)->cacheDir, dir);
  for (const auto &[text, bytes] : std::vector<std::pair<std::string, uint64_t>>{
           {"", uint64_t{1} << 30}, {"0", 0}, {"17", 17}, {"3K", 3072}, {"2M", 2 << 20}, {"17179869183G", ~0ull << 30}})
    EXPECT_EQ(readFrom({{"MUNTIN_CACHE_LIMIT", text}})->cacheLimit, bytes) << text;
  EXPECT_EQ(readFrom({})->cache, CacheMode::ReadWrite);
  EXPECT_EQ(readFrom({{"MUNTIN_CACHE", "rw"}})->cache, CacheMode::ReadWrite);
  EXPECT_EQ(readFrom({{"MUNTIN_CACHE", "ro"}})->cache, CacheMode::ReadOnly);
  EXPECT_EQ(readFrom({{"MUNTIN_CACHE", "off"}})->cache, CacheMode::Off);
}

TEST(Environment, EveryVariableOfTheTableIsLookedAt) {
  std::vector<std::string> asked;
  const auto environment = readEnvironment([&](const char *name) {
    asked.push_back(name);
    return nullptr;
  });
  ASSERT_TRUE(environment.ok());
  std::vector<std::string> named;
  for (const Variable &variable : environmentTable())
    named.push_back(variable.name);
  std::ranges::sort(asked);
  std::ranges::sort(named);
  EXPECT_EQ(asked, named);
}

TEST(Log, WritesUpToItsLevel) {
  std::vector<std::string> lines;
  const Log log(LogLevel::Info, [&](LogLevel, const char *message) { lines.push_back(message); });
  log.warn("{} of {}", 1, "two");
  log.info("three");
  log.debug("never");
  EXPECT_EQ(lines, (std::vector<std::string>{"1 of two", "three"}));
  EXPECT_FALSE(log.wants(LogLevel::Debug));
}

class Files : public testing::Test {
protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(folder.data()), nullptr); }
  void TearDown() override {
    for (const std::string &name : names())
      ::unlink((folder + "/" + name).c_str());
    ::rmdir(folder.c_str());
  }
  std::vector<std::string> names() const {
    std::vector<std::string> list;
    DIR *open = ::opendir(folder.c_str());
    while (const dirent *entry = ::readdir(open))
      if (entry->d_name[0] != '.')
        list.push_back(entry->d_name);
    ::closedir(open);
    return list;
  }
  std::string folder = testing::TempDir() + "muntin-files-XXXXXX";
};

TEST_F(Files, CreateRefusesWhatExistsAndHidesFromOthers) {
  const std::string path = folder + "/a";
  ASSERT_TRUE(createFile(path, "first").ok());
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const Status again = createFile(path, "second");
  EXPECT_EQ(again.code(), StatusCode::IoError);
  EXPECT_NE(again.message().find(path), std::string::npos);
  EXPECT_EQ(*readFile(path), "first");
}

TEST_F(Files, ReplaceLeavesNothingElse) {
  const std::string path = folder + "/a", large(1 << 20, 'x');
  ASSERT_TRUE(replaceFile(path, "old").ok());
  ASSERT_TRUE(replaceFile(path, large).ok());
  EXPECT_EQ(*readFile(path), large);
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
  ASSERT_EQ(::mkdir((folder + "/d").c_str(), 0700), 0);
  EXPECT_FALSE(replaceFile(folder + "/d", "x").ok());
  EXPECT_EQ(names().size(), 2u) << "a temporary file was left";
  ::rmdir((folder + "/d").c_str());
}

TEST_F(Files, MissingFileNamesThePath) {
  const auto bytes = readFile(folder + "/none");
  ASSERT_FALSE(bytes.ok());
  EXPECT_NE(bytes.status().message().find(folder + "/none"), std::string::npos);
}

TEST(StripedCounter, CountsAllThreads) {
  StripedCounter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k)
        counter.add();
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(counter.sum(), 8000u);
}
