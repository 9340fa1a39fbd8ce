//===- LocalAssembler.cpp - the assembler of this machine ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/API/LocalAssembler.h"

#include "runtime/abi/Folder.h"

#include <cstdlib>

using namespace muntin;

Result<std::unique_ptr<Assembler>> muntin::localAssembler(const mtnc_options &options) {
  AssemblerChoice choice{.ptxas = options.ptxas ? options.ptxas : "",
                         .folder = folderOf(reinterpret_cast<const void *>(&localAssembler)),
                         .environment = [](const char *name) -> const char * { return std::getenv(name); }};
  if (options.ptxas_seconds > 0)
    choice.limit = std::chrono::duration<double>(options.ptxas_seconds);
  return findAssembler(choice);
}
