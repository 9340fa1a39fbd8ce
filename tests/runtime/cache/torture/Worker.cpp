//===- Worker.cpp - a process that asks for kernels --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   MuntinCacheWorker COMPILER FOLDER KEYS SEED [OPTION...]
//
// Runs the problems 0 to KEYS - 1 in an order that follows from SEED, through a
// session on the disk cache in FOLDER, and judges every result. What torture.py
// does to it is torture.py's affair. Options:
//
//   sessions=N    so often, each time in a session of its own; nothing may leak
//   gate          not before standard input ends
//   limit=BYTES   of the cache
//   slow          kernels that take a while to compile
//   fork          after some runs a child asks too
//   paths         kernels by way of background, calls, streams and events
//   bundle=FILE   and no compiler
//   damage=STEP   instead: every STEP-th byte of the one entry flipped, and every
//                 STEP-th prefix of it, are a miss each
//
// Prints compilations, disk hits, disk misses and warnings. Exit codes: 0 all
// were right, 3 one was wrong, 4 one was refused, 5 something leaked.
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/capi/Fixture.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <random>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace muntin;
namespace fs = std::filesystem;

namespace {

enum Exit { kRight = 0, kUsage = 2, kWrong = 3, kRefused = 4, kLeaked = 5 };

struct Settings {
  mtn_session_options options = fakeOptions(1);
  int keys = 0, sessions = 1, damage = 0;
  unsigned seed = 0;
  bool gate = false, forks = false, slow = false, paths = false;
  std::string bundle;
};

struct Sums {
  uint64_t compiles = 0, diskHits = 0, diskMisses = 0;
  int warnings = 0;

  void add(const Session &session) {
    const auto stats = session.stats();
    if (!stats)
      return;
    compiles += stats->compiles;
    diskHits += stats->disk_hits;
    diskMisses += stats->disk_misses;
  }
};

/// The shim of Faults.c counts from here on, where it is loaded.
void arm(int on) {
  static const auto function = reinterpret_cast<void (*)(int)>(::dlsym(RTLD_DEFAULT, "faults_arm"));
  if (function)
    function(on);
}

int refused() {
  std::fprintf(stderr, "refused: %s\n", mtn_last_error()->message);
  return kRefused;
}

/// Tensors of the problems, all of one shape.
class Tensors : public FakeRun {
public:
  Tensors() : FakeRun(2, 3, 5, 4, 2) {}
  int judge() const { return wrong() == 0 ? kRight : kWrong; }
};

int runProblem(const Session &session, const Attention &problem, Tensors &run) {
  std::ranges::fill(run.out, -1.0f);
  return session.forward(problem, run.arguments()) ? run.judge() : refused();
}

/// The same by all other ways that lead to a result.
int runByOtherPaths(const Session &session, const Attention &problem, Tensors &run) {
  std::ranges::fill(run.out, -1.0f);
  const auto stream = session.stream();
  const auto event = session.event();
  if (!stream || !event || !session.prepareInBackground(problem) || !session.isReady(problem))
    return refused();
  const auto kernel = session.prepare(problem);
  if (!kernel || !kernel->info())
    return refused();
  const auto call = kernel->call(run.arguments());
  if (!call || !kernel->run(run.arguments()))
    return refused();
  if (run.judge() != kRight)
    return kWrong;
  std::ranges::fill(run.out, -1.0f);
  Arguments later = run.arguments();
  later.stream = stream->get();
  if (!session.forward(problem, later) || !event->record(*stream) || !event->wait() || !stream->synchronize())
    return refused();
  return run.judge();
}

/// A child of fork() runs what its parent had, and asks for more in a session of its own; never returns.
[[noreturn]] void runInChild(const Settings &settings, const Session &inherited, const Attention &had,
                             const Attention &wanted) {
  Tensors run;
  int result = runProblem(inherited, had, run);
  if (const auto own = Session::create(&settings.options); own && result == kRight)
    result = runProblem(*own, wanted, run);
  else if (!own)
    result = refused();
  ::_exit(result);
}

int askFor(const std::vector<Attention> &problems, const Settings &settings, Tensors &run, Sums &sums) {
  const auto session = Session::create(&settings.options);
  int result = session ? kRight : refused();
  if (session && !settings.bundle.empty() && !session->addBundle(settings.bundle))
    result = refused();
  for (size_t i = 0; i < problems.size() && result == kRight; ++i) {
    result = (settings.paths ? runByOtherPaths : runProblem)(*session, problems[i], run);
    if (settings.forks && i % 4 == 0 && ::fork() == 0)
      runInChild(settings, *session, problems[i], problems[(i + 1) % problems.size()]);
  }
  if (session)
    sums.add(*session);
  return result;
}

int runSession(const Settings &settings, std::vector<Attention> &problems, Sums &sums) {
  std::minstd_rand random(settings.seed);
  std::ranges::shuffle(problems, random);
  Tensors run;
  int result = kRight;
  arm(1);
  try {
    result = askFor(problems, settings, run, sums);
  } catch (const std::bad_alloc &) { // of muntin.hpp, which copies messages; the C interface lets none out
    result = kRefused;
  }
  arm(0);
  return result;
}

//===-- Damage ------------------------------------------------------------===//

/// One process's worth of asking, that must find nothing on the disk.
int runWithoutEntry(const Settings &settings, const Attention &problem, Sums &sums) {
  const auto session = Session::create(&settings.options);
  if (!session)
    return refused();
  Tensors run;
  const uint64_t misses = sums.diskMisses;
  const int result = runProblem(*session, problem, run);
  sums.add(*session);
  return result == kRight && sums.diskMisses != misses + 1 ? kWrong : result;
}

int damage(const Settings &settings, const Attention &problem, Sums &sums) {
  std::string path;
  for (const auto &file : fs::directory_iterator(settings.options.cache_dir))
    if (file.path().extension() == ".kernel")
      path = file.path();
  std::minstd_rand random(settings.seed);
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  const auto size = static_cast<off_t>(file < 0 ? 0 : fs::file_size(path));
  const auto step = static_cast<off_t>(settings.damage), first = static_cast<off_t>(random() % settings.damage);
  int result = size > 0 ? kRight : kUsage;
  for (off_t at = first; at < size && result == kRight; at += step) {
    unsigned char good = 0;
    const bool read = ::pread(file, &good, 1, at) == 1;
    const auto bad = static_cast<unsigned char>(good ^ (1 + random() % 255));
    if (!read || ::pwrite(file, &bad, 1, at) != 1)
      return kUsage;
    result = runWithoutEntry(settings, problem, sums);
    if (::pwrite(file, &good, 1, at) != 1)
      return kUsage;
    if (result != kRight)
      std::fprintf(stderr, "with byte %lld as %d\n", static_cast<long long>(at), bad);
  }
  for (off_t length = size - 1 - first; length >= 0 && result == kRight; length -= step) {
    result = ::ftruncate(file, length) == 0 ? runWithoutEntry(settings, problem, sums) : kUsage;
    if (result != kRight)
      std::fprintf(stderr, "with a prefix of %lld bytes\n", static_cast<long long>(length));
  }
  ::close(file);
  return result;
}

//===-- The whole ---------------------------------------------------------===//

void onLine(void *user, mtn_log_level, const char *line) {
  constexpr int kShown = 20;
  if (++static_cast<Sums *>(user)->warnings <= kShown)
    std::fprintf(stderr, "warning: %s\n", line);
}

Settings parse(int argc, char **argv, Sums &sums) {
  Settings settings;
  settings.options.compiler = argv[1];
  settings.options.cache = MTN_CACHE_RW;
  settings.options.cache_dir = argv[2];
  settings.options.log = onLine;
  settings.options.log_user = &sums;
  settings.keys = std::atoi(argv[3]);
  settings.seed = static_cast<unsigned>(std::atoi(argv[4]));
  for (int i = 5; i < argc; ++i) {
    const std::string_view word = argv[i], name = word.substr(0, word.find('=') + 1);
    const uint64_t number = std::strtoull(argv[i] + name.size(), nullptr, 10);
    settings.gate |= word == "gate";
    settings.forks |= word == "fork";
    settings.slow |= word == "slow";
    settings.paths |= word == "paths";
    if (name == "sessions=")
      settings.sessions = static_cast<int>(number);
    if (name == "damage=")
      settings.damage = static_cast<int>(number);
    if (name == "bundle=") {
      settings.bundle = word.substr(name.size());
      settings.options.compile_never = 1;
    }
    if (name == "limit=")
      settings.options.cache_limit = number;
  }
  if (settings.damage > 0) // what is damaged shall stay so
    settings.options.cache = MTN_CACHE_RO;
  return settings;
}

size_t entriesOf(const char *folder) { return static_cast<size_t>(std::distance(fs::directory_iterator(folder), {})); }

/// Descriptors and mapped regions of this process.
std::pair<size_t, size_t> resources() { return {entriesOf("/proc/self/fd"), entriesOf("/proc/self/map_files")}; }

int runSessions(const Settings &settings, std::vector<Attention> &problems, Sums &sums) {
  std::pair<size_t, size_t> before;
  for (int i = 0; i < settings.sessions; ++i) {
    if (i == std::min(10, settings.sessions / 2)) // what is kept for good is there by now
      before = resources();
    if (const int result = runSession(settings, problems, sums); result != kRight)
      return result;
  }
  const auto after = resources();
  if (settings.sessions == 1 || after == before)
    return kRight;
  std::fprintf(stderr, "descriptors %zu, then %zu; mappings %zu, then %zu\n", before.first, after.first, before.second,
               after.second);
  return kLeaked;
}

int reapChildren() {
  int result = kRight, status = 0;
  while (::wait(&status) > 0)
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      std::fprintf(stderr, "a child ended with %d\n", status);
      result = kWrong;
    }
  return result;
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 5)
    return kUsage;
  Sums sums;
  const Settings settings = parse(argc, argv, sums);
  std::vector<Attention> problems;
  for (int key = 0; key < settings.keys; ++key)
    problems.push_back(fakeProblem((settings.slow ? "slow-" : "key-") + std::to_string(key)));
  arm(0); // finds the shim
  if (settings.gate)
    std::cin.get(); // all at once, when torture.py closes the pipe

  int result = settings.damage > 0 ? damage(settings, problems[0], sums) : runSessions(settings, problems, sums);
  if (const int children = reapChildren(); result == kRight)
    result = children;
  std::printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %d\n", sums.compiles, sums.diskHits, sums.diskMisses, sums.warnings);
  std::fflush(stdout);
  return result;
}
