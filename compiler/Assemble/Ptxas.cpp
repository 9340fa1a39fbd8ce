//===- Ptxas.cpp - the assembler as a program ------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Assemble/Assembler.h"
#include "compiler/Assemble/Process.h"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>

using namespace muntin;

namespace {

class Ptxas : public Assembler {
public:
  Ptxas(std::string path, std::chrono::duration<double> limit) : path_(std::move(path)), limit_(limit) {}

  std::string name() const override;
  const std::string &path() const override { return path_; }
  Result<Assembly> assemble(const std::string &ptx, const std::string &architecture) const override;

private:
  Status judge(const std::string &folder, const Ended &ended) const;
  Result<std::string> readCubin(const std::string &folder, const Ended &ended) const;

  const std::string path_;
  const std::chrono::duration<double> limit_;
};

} // namespace

/// "ptxas 13.0.88" from "Cuda compilation tools, release 13.0, V13.0.88".
static std::optional<std::string> versionIn(const std::string &text) {
  const size_t at = text.find(", V");
  if (at == std::string::npos)
    return std::nullopt;
  return "ptxas " + text.substr(at + 3, text.find_first_not_of("0123456789.", at + 3) - at - 3);
}

std::string Ptxas::name() const {
  static std::mutex mutex;
  static std::map<std::string, std::string> versions; // a process takes some milliseconds: once is enough
  const std::lock_guard lock(mutex);
  if (const auto known = versions.find(path_); known != versions.end())
    return known->second;
  const Result<Ended> ended =
      runProgram({path_, "--version"}, "/", std::min(limit_, std::chrono::duration<double>(10)));
  const std::optional<std::string> version = versionIn(ended ? ended->output : "");
  if (!version) // not remembered: the next answer may be a better one
    return "ptxas of an unknown version";
  return versions[path_] = *version;
}

/// Beside `what`, how much room its folder has, where that is little.
static std::string withRoom(const std::string &what, const std::string &folder) {
  constexpr uintmax_t little = 16 << 20; // more than any kernel takes
  std::error_code error;
  const uintmax_t room = std::filesystem::space(folder, error).available;
  return error || room > little ? what : fmt::format("{}; {} bytes are free in {}", what, room, folder);
}

Status Ptxas::judge(const std::string &folder, const Ended &ended) const {
  if (ended.outOfTime)
    return broken(fmt::format("did not end within {} seconds and was stopped", limit_.count()));
  if (ended.signal)
    return broken(fmt::format("was ended by signal {} ({})", ended.signal, ::strsignal(ended.signal)));
  // A status that another part of the process took says nothing; the cubin will.
  if (ended.exitCode.value_or(0) == 0)
    return {};
  const std::string said = complaintIn(ended.output);
  switch (faultOf(said)) {
  case Fault::Text: return refused(said);
  case Fault::Version: return broken("does not know this PTX or this architecture, and may be too old: " + said);
  case Fault::Machine: break;
  }
  return broken(withRoom(fmt::format("failed with exit code {}: {}", *ended.exitCode, said), folder));
}

static Status writeInput(const std::string &folder, const std::string &ptx) {
  std::ofstream file(folder + "/kernel.ptx", std::ios::binary);
  file.write(ptx.data(), std::streamsize(ptx.size())).flush();
  return file ? Status()
              : Status(StatusCode::IoError, withRoom("assemble: cannot write " + folder + "/kernel.ptx", folder));
}

/// A full disk leaves the program content and its file empty or cut off.
Result<std::string> Ptxas::readCubin(const std::string &folder, const Ended &ended) const {
  std::ifstream file(folder + "/kernel.cubin", std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (isCubin(bytes))
    return bytes;
  const std::string how = !file           ? "wrote no cubin: " + complaintIn(ended.output)
                          : bytes.empty() ? std::string("wrote an empty cubin")
                                          : fmt::format("wrote {} bytes that are no whole cubin: {}", bytes.size(),
                                                        complaintIn(ended.output));
  return broken(withRoom(how, folder));
}

Result<Assembly> Ptxas::assemble(const std::string &ptx, const std::string &architecture) const {
  const Result<PrivateFolder> folder = PrivateFolder::create();
  if (!folder)
    return Status(StatusCode::IoError, "assemble: " + folder.status().message());
  if (Status status = writeInput(folder->path(), ptx); !status)
    return status;
  // The cubin keeps these names: relative ones make it the same in every folder.
  const Result<Ended> ended =
      runProgram({path_, "-v", "-arch=" + architecture, "-o", "kernel.cubin", "kernel.ptx"}, folder->path(), limit_);
  if (!ended)
    return broken("does not run: " + ended.status().message());
  if (Status status = judge(folder->path(), *ended); !status)
    return status;
  Result<std::string> cubin = readCubin(folder->path(), *ended);
  if (!cubin)
    return cubin.status();
  Result<Assembly> assembly = readReport(ended->output);
  if (!assembly)
    return broken("is not understood: " + assembly.status().message());
  assembly->architecture = architecture;
  assembly->cubin = std::move(*cubin);
  return assembly;
}

std::unique_ptr<Assembler> muntin::ptxasProgram(std::string path, std::chrono::duration<double> limit) {
  return std::make_unique<Ptxas>(std::move(path), limit);
}
