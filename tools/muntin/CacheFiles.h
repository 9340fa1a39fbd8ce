//===- CacheFiles.h - what the parts of `muntin cache` share ----*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_CACHEFILES_H
#define MUNTIN_TOOLS_MUNTIN_CACHEFILES_H

#include "runtime/base/Environment.h"
#include "runtime/cache/CacheFolder.h"
#include "tools/muntin/Options.h"

#include <string>
#include <vector>

namespace muntin {

/// The folder that the environment names. A folder that is not there is an empty cache; one that is refused is an
/// error.
struct CachePlace {
  runtime::CacheFolder folder;
  runtime::Environment environment;
};
Result<CachePlace> openCache();

/// A file of the cache, read and verified.
struct CacheFile {
  runtime::FileInfo info;
  runtime::EntryFile read;
};
std::vector<CacheFile> readCache(const runtime::CacheFolder &folder);

/// "damaged", "version", ... : the words of `cache stat`.
const char *reasonName(runtime::Reason reason);
/// The first digits of a build-id.
std::string shortId(const std::string &compiler);

Status explainMiss(const Options &options);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_CACHEFILES_H
