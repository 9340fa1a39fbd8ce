//===- Process.cpp - a program is run --------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Assemble/Process.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace muntin;

namespace {

constexpr size_t kMostOutput = 1 << 20;

Status cannot(const std::string &what, int error) {
  return {StatusCode::IoError, fmt::format("cannot {}: {}", what, std::strerror(error))};
}

/// The attributes and file actions of posix_spawn, given back at the end.
class Setting {
public:
  Setting(int output, const std::string &folder) {
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    // The program gets neither the signals that this thread blocks nor those that the host ignores.
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  }
  ~Setting() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  Setting(const Setting &) = delete;

  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
};

/// Reads what is there; false when nothing more will come.
bool drain(int pipe, std::string &output) {
  std::array<char, 16384> chunk;
  const ssize_t count = ::read(pipe, chunk.data(), chunk.size());
  if (count > 0) // what is too much is read all the same, or the program would wait for ever
    output.append(chunk.data(), std::min(static_cast<size_t>(count), kMostOutput - output.size()));
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

enum class State { Runs, Ended, Gone };

/// Its status is left for takeStatus(), so that its number cannot be given to another process meanwhile. Gone: the host
/// ignores SIGCHLD or waits for any child, so that nobody knows any more whose number it is.
State stateOf(pid_t program) {
  siginfo_t info{};
  int failed = 0;
  while ((failed = ::waitid(P_PID, static_cast<id_t>(program), &info, WEXITED | WNOHANG | WNOWAIT)) != 0 &&
         errno == EINTR) {
  }
  return failed ? State::Gone : info.si_pid == 0 ? State::Runs : State::Ended;
}

void takeStatus(pid_t program, Ended &ended) {
  int status = 0;
  pid_t taken = 0;
  while ((taken = ::waitpid(program, &status, 0)) < 0 && errno == EINTR) {
  }
  if (taken != program)
    return; // the host was faster
  if (WIFEXITED(status))
    ended.exitCode = WEXITSTATUS(status);
  else if (WIFSIGNALED(status))
    ended.signal = WTERMSIG(status);
}

} // namespace

Result<Ended> muntin::runProgram(const std::vector<std::string> &arguments, const std::string &folder,
                                 std::chrono::duration<double> limit) {
  using Clock = std::chrono::steady_clock;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return cannot("make a pipe", errno);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  std::vector<char *> words;
  for (const std::string &argument : arguments)
    words.push_back(const_cast<char *>(argument.c_str()));
  words.push_back(nullptr);
  pid_t program = 0;
  int error = 0;
  {
    const Setting setting(ends[1], folder);
    error = ::posix_spawn(&program, words[0], &setting.actions, &setting.attributes, words.data(), environ);
  }
  ::close(ends[1]);
  if (error != 0) {
    ::close(ends[0]);
    return cannot("start " + arguments[0], error);
  }
  Ended ended;
  const auto deadline = Clock::now() + limit;
  State state = State::Runs;
  for (bool open = true; (state = stateOf(program)) == State::Runs;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      ended.outOfTime = true;
      break;
    }
    // The pipe wakes us; it may stay silent though the program ends, so look from time to time.
    pollfd source{open ? ends[0] : -1, POLLIN, 0};
    constexpr int64_t slice = 10, sliceOfClosed = 1;
    ::poll(&source, 1, static_cast<int>(std::min<int64_t>(left, open ? slice : sliceOfClosed)));
    if (open && source.revents)
      open = drain(ends[0], ended.output);
  }
  if (state != State::Gone) {
    ::kill(-program, SIGKILL); // what is left of its group
    takeStatus(program, ended);
  }
  for (pollfd source{ends[0], POLLIN, 0}; ::poll(&source, 1, 0) > 0 && drain(ends[0], ended.output);) {
  }
  ::close(ends[0]);
  return ended;
}

Result<PrivateFolder> PrivateFolder::create() {
  std::error_code error;
  std::filesystem::path place = std::filesystem::temp_directory_path(error);
  if (error)
    place = "/tmp";
  std::string path = (place / "muntin-XXXXXX").string();
  if (!::mkdtemp(path.data()))
    return cannot("make a folder in " + place.string(), errno);
  return PrivateFolder(std::move(path));
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  if (!path_.empty())
    std::filesystem::remove_all(path_, ignored);
}
