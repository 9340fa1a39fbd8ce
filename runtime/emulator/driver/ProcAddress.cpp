//===- ProcAddress.cpp - cuGetProcAddress ---------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Types.h"

#include <dlfcn.h>
#include <string>

namespace muntin::emulator::driver {

/// Base names resolve to the newest version that is exported: cuMemAlloc to cuMemAlloc_v2.
static void *find(const std::string &name) {
  static void *self = [] {
    Dl_info info{};
    dladdr(reinterpret_cast<void *>(&find), &info);
    return info.dli_fname ? dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD) : nullptr;
  }();
  if (!self)
    return nullptr;
  for (const char *version : {"_v4", "_v3", "_v2", ""})
    if (void *symbol = dlsym(self, (name + version).c_str())) {
      Dl_info mine{}, theirs{};
      dladdr(reinterpret_cast<void *>(&find), &mine);
      if (dladdr(symbol, &theirs) && mine.dli_fbase == theirs.dli_fbase) // never another library's
        return symbol;
    }
  return nullptr;
}

MUNTIN_API CUresult cuGetProcAddress_v2(const char *symbol, void **function, int, uint64_t, int *status) {
  if (!symbol || !function)
    return CUDA_ERROR_INVALID_VALUE;
  *function = std::string(symbol).starts_with("cu") ? find(symbol) : nullptr;
  if (status)
    *status = *function ? 0 : 1; // CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND
  return *function ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
MUNTIN_API CUresult cuGetProcAddress(const char *symbol, void **function, int version, uint64_t flags) {
  return cuGetProcAddress_v2(symbol, function, version, flags, nullptr);
}

} // namespace muntin::emulator::driver
