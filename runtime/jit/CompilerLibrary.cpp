//===- CompilerLibrary.cpp - the compiler, opened when it is needed *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/jit/CompilerLibrary.h"

#include "runtime/abi/Folder.h"
#include "runtime/base/Fork.h"
#include "runtime/jit/BuildId.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include <dlfcn.h>
#include <unistd.h>

namespace muntin::runtime {

static constexpr const char *kFileName = "libmuntin-compiler.so";

static Status unavailable(std::string message) { return {StatusCode::Unavailable, std::move(message)}; }

Status CompilerLibrary::openFrom(const std::string &file) {
  void *handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) {
    const char *reason = ::dlerror();
    return unavailable(fmt::format("cannot open the compiler library {}: {}", file, reason ? reason : "no reason"));
  }
  const Functions functions{
      .version = reinterpret_cast<decltype(&mtnc_abi_version)>(::dlsym(handle, "mtnc_abi_version")),
      .compile = reinterpret_cast<decltype(&mtnc_compile)>(::dlsym(handle, "mtnc_compile")),
      .findAssembler = reinterpret_cast<decltype(&mtnc_find_assembler)>(::dlsym(handle, "mtnc_find_assembler")),
      .free = reinterpret_cast<decltype(&mtnc_free)>(::dlsym(handle, "mtnc_free"))};
  if (!functions.version || !functions.compile || !functions.free)
    return unavailable(fmt::format("{} is no Muntin compiler: it lacks one of mtnc_abi_version, mtnc_compile and "
                                   "mtnc_free",
                                   file));
  if (const uint32_t version = functions.version(); version != MTNC_ABI_VERSION)
    return unavailable(
        fmt::format("the compiler library {} has interface version {}, expected {}", file, version, MTNC_ABI_VERSION));
  if (!functions.findAssembler)
    return unavailable(fmt::format("{} is no Muntin compiler: it lacks mtnc_find_assembler", file));
  Dl_info info{};
  const bool known = ::dladdr(reinterpret_cast<const void *>(functions.compile), &info) && info.dli_fname;
  path_ = known ? info.dli_fname : file;
  identity_ = buildIdOfLoaded(reinterpret_cast<const void *>(functions.compile));
  functions_ = functions;
  isOpen_ = true;
  options_.log.info("compiler library {}", path_);
  return {};
}

/// Where the library is looked for before the loader searches.
static std::vector<std::string> placesBeside() {
  const std::string folder = folderOf(reinterpret_cast<const void *>(&placesBeside)); // libmuntin.so, or the program
  if (folder.empty())
    return {};
  return {folder + "/" + kFileName, folder + "/../lib/" + kFileName};
}

std::string CompilerLibrary::locate() const {
  if (!options_.path.empty()) // asked for by name: nothing else will do
    return options_.path;
  for (const std::string &file : placesBeside())
    if (::access(file.c_str(), F_OK) == 0)
      return file;
  return "";
}

Status CompilerLibrary::open() {
  const std::lock_guard lock(mutex_);
  if (isOpen_)
    return {};
  if (Status status = Unforkable::check(); !status)
    return status;
  const Unforkable region;
  if (const std::string file = locate(); !file.empty())
    return openFrom(file);
  Status status = openFrom(kFileName);
  if (status)
    return status;
  return unavailable(fmt::format("{} (also looked for {}); set MUNTIN_COMPILER to its path", status.message(),
                                 fmt::join(placesBeside(), " and ")));
}

Result<std::string> CompilerLibrary::identity() {
  Result<std::string> build = buildId();
  if (build && !build->empty() && !options_.cubins.empty())
    *build += " cubins " + options_.cubins;
  return build;
}

Result<std::string> CompilerLibrary::buildId() {
  std::unique_lock lock(mutex_);
  if (isOpen_)
    return identity_;
  const std::string file = locate();
  lock.unlock();
  if (file.find('/') == std::string::npos) // the loader alone knows which file it will find
    return open() ? buildId() : std::string();
  if (::access(file.c_str(), F_OK) != 0)
    return std::string();
  return buildIdOfFile(file);
}

Result<const char *> CompilerLibrary::path() {
  if (Status status = open(); !status)
    return status;
  return path_.c_str();
}

static const char *textOrNull(const std::string &text) { return text.empty() ? nullptr : text.c_str(); }

Result<std::string> CompilerLibrary::assembler() {
  if (Status status = open(); !status)
    return status;
  mtnc_options options = {};
  options.struct_size = sizeof options;
  options.ptxas = textOrNull(options_.ptxas);
  mtnc_result result = {};
  functions_.findAssembler(&options, &result);
  Result<std::string> found =
      result.status != static_cast<int>(StatusCode::Ok)
          ? Result<std::string>(Status(static_cast<StatusCode>(result.status), result.message ? result.message : ""))
          : std::string(result.bytes ? result.bytes : "");
  functions_.free(&result);
  return found;
}

/// Copies what the compiler handed out, so that it can be freed at once.
static CompileOutput takeResult(const mtnc_result &result) {
  CompileOutput output;
  const size_t stages = std::min(result.num_stages, std::size(result.stages));
  for (size_t i = 0; i < stages; ++i)
    output.stages.push_back({result.stages[i].stage, result.stages[i].seconds});
  output.warning = result.warning ? result.warning : "";
  if (result.status != static_cast<int>(StatusCode::Ok)) {
    output.status = Status(static_cast<StatusCode>(result.status), result.message ? result.message : "no message");
    output.reproducer = result.reproducer ? result.reproducer : "";
  } else if (!result.bytes) {
    output.status = Status(StatusCode::CompileFailed, "the compiler reported success without an output");
  } else {
    output.bytes.assign(result.bytes, result.size);
  }
  return output;
}

CompileOutput CompilerLibrary::compile(const CompileRequest &request) {
  const auto start = std::chrono::steady_clock::now();
  if (Status status = open(); !status)
    return {.status = std::move(status)};
  const std::chrono::duration<double> opening = std::chrono::steady_clock::now() - start;

  mtnc_options options = {};
  options.struct_size = sizeof options;
  options.emit = request.emit;
  options.dump_dir = textOrNull(options_.dumpDir);
  options.override_dir = textOrNull(options_.overrideDir);
  options.ptxas = textOrNull(options_.ptxas);
  options.cubins = textOrNull(options_.cubins);
  if (request.shape) {
    options.grid = request.shape->grid.data();
    options.kv_grid = request.shape->kvGrid.data();
    options.batch = request.shape->batch;
    options.heads = request.shape->heads;
    options.kv_heads = request.shape->kvHeads;
  }
  if (request.begin) {
    options.begin_stage = [](void *user, const char *stage) {
      return static_cast<const CompileRequest *>(user)->begin(stage) ? 0 : 1;
    };
    options.begin_stage_user = const_cast<CompileRequest *>(&request);
  }
  mtnc_result result = {};
  functions_.compile(request.key.data(), request.key.size(), &options, &result);
  CompileOutput output = takeResult(result);
  functions_.free(&result);
  output.stages.insert(output.stages.begin(), {"open", opening.count()});
  if (!output.warning.empty())
    options_.log.warn("{}", output.warning);
  return output;
}

} // namespace muntin::runtime
