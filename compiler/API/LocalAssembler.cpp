//===- LocalAssembler.cpp - the assembler of this machine ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/API/LocalAssembler.h"

#include <cstdlib>

#include <dlfcn.h>

using namespace muntin;

/// The folder of the file that holds this function, where the plug-in is built and installed.
static std::string ownFolder() {
  Dl_info info{};
  if (!::dladdr(reinterpret_cast<const void *>(&ownFolder), &info) || !info.dli_fname)
    return "";
  const std::string file = info.dli_fname;
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}

Result<std::unique_ptr<Assembler>> muntin::localAssembler(const mtnc_options &options) {
  AssemblerChoice choice{.ptxas = options.ptxas ? options.ptxas : "",
                         .folder = ownFolder(),
                         .environment = [](const char *name) -> const char * { return std::getenv(name); }};
  if (options.ptxas_seconds > 0)
    choice.limit = std::chrono::duration<double>(options.ptxas_seconds);
  return findAssembler(choice);
}
