//===- FindAssembler.cpp - which assembler this machine has ----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Assemble/Assembler.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include <unistd.h>

using namespace muntin;

static bool isProgram(const std::string &path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

/// `name` in the folders of PATH. Relative folders are passed over: what is found must not depend on where we stand.
static std::string onPath(std::string_view folders, const std::string &name) {
  while (!folders.empty()) {
    const std::string_view folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
    if (std::string path = fmt::format("{}/{}", folder, name); folder.starts_with('/') && isProgram(path))
      return path;
  }
  return "";
}

/// ptxas of the package nvidia-cuda-nvcc: lib/python3.N/site-packages/nvidia/cu13/bin, or nvidia/cuda_nvcc/bin.
static std::string inPythonPackages(const std::string &environment) {
  std::error_code error;
  for (std::filesystem::directory_iterator python(environment + "/lib", error), end; !error && python != end;
       python.increment(error))
    for (const char *package : {"cu13", "cuda_nvcc"})
      if (std::string path = fmt::format("{}/site-packages/nvidia/{}/bin/ptxas", python->path().string(), package);
          isProgram(path))
        return path;
  return "";
}

static std::string findPtxas(const std::function<std::string(const char *)> &variable) {
  if (std::string path = onPath(variable("PATH"), "ptxas"); !path.empty())
    return path;
  for (const std::string &toolkit : {variable("CUDA_HOME"), variable("CUDA_PATH"), std::string("/usr/local/cuda")})
    if (std::string path = toolkit + "/bin/ptxas"; toolkit.starts_with('/') && isProgram(path))
      return path;
  const std::string environment = variable("VIRTUAL_ENV");
  return environment.starts_with('/') ? inPythonPackages(environment) : "";
}

Result<std::unique_ptr<Assembler>> muntin::findAssembler(const AssemblerChoice &choice) {
  const auto variable = [&](const char *name) {
    const char *value = choice.environment ? choice.environment(name) : nullptr;
    return std::string(value ? value : "");
  };
  if (choice.ptxas == "off")
    return std::unique_ptr<Assembler>();
  if (!choice.ptxas.empty()) {
    const bool isPath = choice.ptxas.find('/') != std::string::npos;
    const std::string path = isPath ? choice.ptxas : onPath(variable("PATH"), choice.ptxas);
    std::error_code error; // the folder where we stand may be gone
    const std::string absolute = isProgram(path) ? std::filesystem::absolute(path, error).string() : "";
    if (absolute.empty() || error)
      return Status(StatusCode::Unavailable,
                    fmt::format("assembler: ptxas is '{}', expected the path of a program, or off", choice.ptxas));
    return ptxasProgram(absolute, choice.limit);
  }
  if (Result<std::unique_ptr<Assembler>> library = ptxLibrary(choice.folder); !library || *library)
    return library;
  const std::string path = findPtxas(variable);
  return path.empty() ? nullptr : ptxasProgram(path, choice.limit);
}
