//===- Folder.cpp - where the parts of an installation are ----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Folder.h"

#include <dlfcn.h>

std::string muntin::folderOf(const void *inside) {
  Dl_info info{};
  if (!::dladdr(inside, &info) || !info.dli_fname)
    return "";
  const std::string file = info.dli_fname;
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}
