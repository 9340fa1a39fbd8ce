//===- UnloadTest.cpp - the library comes and goes ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// UnloadTest LIBRARY COMPILER: links no Muntin; opens it, lets every part of it
// work, closes it, and looks at what is left.
//
//===----------------------------------------------------------------------===//

#include <muntin/muntin.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <dlfcn.h>

static void require(bool holds, const std::string &what) {
  if (holds)
    return;
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

static std::set<std::string> namesIn(const char *folder) {
  std::set<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    std::error_code gone; // the iterator's own descriptor
    names.insert(entry.path().filename().string() + " " + std::filesystem::read_symlink(entry.path(), gone).string());
  }
  return names;
}

static size_t threadCount() {
  const auto tasks = std::filesystem::directory_iterator("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

static bool isMapped(const char *name) {
  std::ifstream maps("/proc/self/maps");
  return std::string(std::istreambuf_iterator<char>(maps), {}).find(name) != std::string::npos;
}

static int64_t hostMemory = 0;

/// A session that runs, fails, queues, and goes.
static void useAll(void *library, const char *compiler) {
#define TAKE(name) const auto name##_ = reinterpret_cast<decltype(&name)>(dlsym(library, #name))
  TAKE(mtn_session_create);
  TAKE(mtn_session_destroy);
  TAKE(mtn_forward);
  TAKE(mtn_stream_create);
  TAKE(mtn_stream_synchronize);
  TAKE(mtn_prepare);
  TAKE(mtn_last_error);
  mtn_session_options options;
  mtn_session_options_init(&options);
  options.compiler = compiler;
  options.threads = 4;
  options.cache = MTN_CACHE_OFF;
  options.allocate = [](void *, size_t bytes, size_t alignment) {
    ++hostMemory;
    return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  };
  options.release = [](void *, void *memory) {
    --hostMemory;
    std::free(memory);
  };
  mtn_session *session = nullptr;
  require(mtn_session_create_(&options, &session) == MTN_OK, "session");
  mtn_problem problem;
  mtn_problem_init(&problem);
  problem.head_dim = 8;
  std::vector<float> q(64 * 8, 1), k(q), v(q), out(q);
  const int64_t extents[] = {1, 64, 1, 8};
  const mtn_tensor tensors[] = {
      mtn_tensor_contiguous(q.data(), MTN_F32, 4, extents), mtn_tensor_contiguous(k.data(), MTN_F32, 4, extents),
      mtn_tensor_contiguous(v.data(), MTN_F32, 4, extents), mtn_tensor_contiguous(out.data(), MTN_F32, 4, extents)};
  mtn_arguments arguments;
  mtn_arguments_init(&arguments);
  arguments.q = &tensors[0];
  arguments.k = &tensors[1];
  arguments.v = &tensors[2];
  arguments.out = &tensors[3];
  arguments.flags = MTN_ALLOCATE_WORKSPACE;
  require(mtn_forward_(session, &problem, &arguments) == MTN_OK, mtn_last_error_()->message);
  require(mtn_stream_create_(session, &arguments.stream) == MTN_OK, "stream");
  require(mtn_forward_(session, &problem, &arguments) == MTN_OK, mtn_last_error_()->message);
  require(mtn_stream_synchronize_(session, arguments.stream) == MTN_OK, "synchronize");
  require(mtn_prepare_(session, &problem, 64, nullptr) == MTN_INVALID_ARGUMENT, "a failure");
  mtn_session_destroy_(session);
}

int main(int count, char **arguments) {
  require(count == 3, "usage: UnloadTest LIBRARY COMPILER");
  std::set<std::string> files;
  size_t threads = 0;
  for (int round = 0; round < 3; ++round) {
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    require(library, "dlopen");
    require(isMapped("libmuntin.so"), "the library is not found where it must be");
    useAll(library, arguments[2]);
    require(hostMemory == 0, "memory of the host was not given back");
    require(dlclose(library) == 0, "dlclose");
    require(!isMapped("libmuntin.so"), "the library stays mapped");
    require(!isMapped("/kernel-"), "a kernel stays mapped");
    if (round == 0) { // what oneTBB and the compiler library keep, they keep once
      files = namesIn("/proc/self/fd");
      threads = threadCount();
    }
    require(namesIn("/proc/self/fd") == files, "descriptors were left open");
    require(threadCount() <= threads,
            "threads were left behind: " + std::to_string(threadCount()) + " after " + std::to_string(threads));
  }
  std::printf("opened, used and closed three times: %zu threads are left\n", threads);
  return 0;
}
