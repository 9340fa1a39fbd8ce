//===- PtxLibrary.cpp - the assembler as a library -------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Assemble/Assembler.h"
#include "compiler/Assemble/PtxPlugin.h"

#include <fmt/format.h>

#include <iterator>

#include <dlfcn.h>
#include <unistd.h>

using namespace muntin;

namespace {

class PtxLibrary : public Assembler {
public:
  struct Functions {
    decltype(&mtnp_version) version = nullptr;
    decltype(&mtnp_assemble) assemble = nullptr;
    decltype(&mtnp_free) free = nullptr;
  };
  PtxLibrary(std::string path, const Functions &functions) : path_(std::move(path)), functions_(functions) {}

  std::string name() const override {
    unsigned major = 0, minor = 0;
    functions_.version(&major, &minor);
    return fmt::format("nvptxcompiler {}.{}", major, minor);
  }
  const std::string &path() const override { return path_; }

  Result<Assembly> assemble(const std::string &ptx, const std::string &architecture) const override {
    const std::string name = "--gpu-name=" + architecture;
    const char *options[] = {name.c_str(), "--verbose"};
    mtnp_result result{};
    functions_.assemble(ptx.c_str(), ptx.size(), options, std::size(options), &result);
    Result<Assembly> assembly = judge(result);
    if (assembly) {
      assembly->architecture = architecture;
      assembly->cubin.assign(result.cubin, result.size);
    }
    functions_.free(&result);
    return assembly;
  }

private:
  Result<Assembly> judge(const mtnp_result &result) const {
    constexpr int kRefused = 3, kTooOld = 7; // NVPTXCOMPILE_ERROR_COMPILATION_FAILURE, _UNSUPPORTED_PTX_VERSION
    const std::string said = complaintIn(result.refused ? result.refused : "");
    const Fault fault = faultOf(said);
    if (result.code == kTooOld || (result.code == kRefused && fault == Fault::Version))
      return broken("does not know this PTX or this architecture, and may be too old: " + said);
    if (result.code == kRefused && fault == Fault::Text)
      return refused(said);
    if (result.code != 0 || !result.cubin || !isCubin({result.cubin, result.size}))
      return broken(fmt::format("failed with code {}: {}", result.code, said));
    Result<Assembly> assembly = readReport(result.told ? result.told : "");
    return assembly ? std::move(assembly) : broken("is not understood: " + assembly.status().message());
  }

  const std::string path_;
  const Functions functions_;
};

} // namespace

Result<std::unique_ptr<Assembler>> muntin::ptxLibrary(const std::string &folder) {
  const std::string path = folder + "/libmuntin-ptx.so";
  if (folder.empty() || ::access(path.c_str(), F_OK) != 0)
    return std::unique_ptr<Assembler>();
  const auto unusable = [&](const char *reason) {
    return Status(StatusCode::Unavailable, fmt::format("assembler: cannot use {}: {}", path, reason));
  };
  // Never closed, as the compiler itself.
  void *handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) {
    const char *reason = ::dlerror();
    return unusable(reason ? reason : "no reason");
  }
  const PtxLibrary::Functions functions{
      .version = reinterpret_cast<decltype(&mtnp_version)>(::dlsym(handle, "mtnp_version")),
      .assemble = reinterpret_cast<decltype(&mtnp_assemble)>(::dlsym(handle, "mtnp_assemble")),
      .free = reinterpret_cast<decltype(&mtnp_free)>(::dlsym(handle, "mtnp_free"))};
  unsigned major = 0, minor = 0;
  if (!functions.version || !functions.assemble || !functions.free)
    return unusable("it lacks one of mtnp_version, mtnp_assemble and mtnp_free");
  if (functions.version(&major, &minor) != MTNP_INTERFACE)
    return unusable("it is of another build");
  return std::unique_ptr<Assembler>(std::make_unique<PtxLibrary>(path, functions));
}
