//===- Modules.cpp - modules, libraries, functions ------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/State.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

namespace muntin::emulator::driver {

/// The log buffers among the JIT options; values are passed in the pointers themselves.
struct Logs {
  char *error = nullptr, *info = nullptr;
  size_t errorBytes = 0, infoBytes = 0;
  void **errorUsed = nullptr, **infoUsed = nullptr;

  Logs(unsigned count, const int *options, void **values) {
    for (unsigned i = 0; i < count; ++i) {
      if (options[i] == 3)
        info = static_cast<char *>(values[i]);
      else if (options[i] == 4)
        infoBytes = reinterpret_cast<uintptr_t>(values[i]) & 0xffffffff, infoUsed = &values[i];
      else if (options[i] == 5)
        error = static_cast<char *>(values[i]);
      else if (options[i] == 6)
        errorBytes = reinterpret_cast<uintptr_t>(values[i]) & 0xffffffff, errorUsed = &values[i];
    }
    write("", "");
  }
  void write(std::string_view errorText, std::string_view infoText) const {
    fill(error, errorBytes, errorUsed, errorText);
    fill(info, infoBytes, infoUsed, infoText);
  }

private:
  static void fill(char *buffer, size_t bytes, void **used, std::string_view text) {
    const size_t n = bytes ? std::min(bytes - 1, text.size()) : 0;
    if (buffer && bytes) {
      std::memcpy(buffer, text.data(), n);
      buffer[n] = '\0';
    }
    if (used)
      *used = reinterpret_cast<void *>(n);
  }
};

/// What kind of image it is: PTX text, or bytes for which there is no processor here.
static CUresult classify(std::string_view text) {
  if (text.starts_with("\x7f"
                       "ELF") ||
      text.starts_with("\x50\xed\x55\xba") || text.starts_with("\xb1\x43\x62\x46"))
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  const bool printable = std::all_of(
      text.begin(), text.end(), [](char c) { return c >= ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; });
  return printable && !text.empty() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_IMAGE;
}

/// Whether the device can run a module for this target: PTX runs on its architecture and later ones, but sm_90a on
/// that one only.
static CUresult checkTarget(const Module &m, unsigned architecture) {
  const bool fits = m.architectureSpecific ? m.architecture == architecture : m.architecture <= architecture;
  return fits ? CUDA_SUCCESS : CUDA_ERROR_NO_BINARY_FOR_GPU;
}

static CUresult loadText(Context &context, const char *image, const Logs &logs, ModuleHandle &handle) {
  Driver &driver = Driver::get();
  const auto refuse = [&](CUresult status, std::string message) {
    driver.lastMessage = std::move(message);
    logs.write(driver.lastMessage, "");
    return status;
  };
  const auto *raw = reinterpret_cast<const unsigned char *>(image);
  const bool binary = std::memcmp(raw,
                                  "\x7f"
                                  "ELF",
                                  4) == 0 ||
                      std::memcmp(raw, "\x50\xed\x55\xba", 4) == 0 || std::memcmp(raw, "\xb1\x43\x62\x46", 4) == 0;
  if (binary)
    return refuse(CUDA_ERROR_NO_BINARY_FOR_GPU, "the image is a cubin or fat binary; the emulator executes PTX text");
  const std::string_view text(image);
  if (const CUresult status = classify(text))
    return refuse(status, "the image is no PTX text");
  auto parsed = Module::parse(text);
  if (!parsed) {
    const bool version = parsed.status().message().find("unsupported PTX version") != std::string::npos;
    return refuse(version ? CUDA_ERROR_UNSUPPORTED_PTX_VERSION : CUDA_ERROR_INVALID_PTX, parsed.status().message());
  }
  const DeviceModel &model = *driver.devices[context.device].model;
  if (const CUresult status = checkTarget(**parsed, model.architecture))
    return refuse(status,
                  "the module is for " + std::string((*parsed)->target) + ", the device is " + std::string(model.name));
  auto loaded = LoadedModule::load(text, model.architecture, driver.memory, context.device, model.memoryBytes);
  if (!loaded)
    return refuse(loaded.status().code() == StatusCode::OutOfMemory ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_INVALID_PTX,
                  loaded.status().message());
  handle.context = &context;
  handle.loaded = *loaded;
  for (const auto &[name, kernel] : handle.loaded->kernels()) {
    if (kernel->staticShared > static_cast<uint32_t>(model.sharedPerBlock) || kernel->staticShared > 49152)
      return refuse(CUDA_ERROR_INVALID_PTX, "kernel '" + name + "' uses " + std::to_string(kernel->staticShared) +
                                                " bytes of static shared memory, at most 49152");
    auto f = std::make_unique<FunctionHandle>();
    f->module = &handle;
    f->kernel = kernel;
    f->maxDynamicShared = 49152 - static_cast<int>(kernel->staticShared);
    handle.functions.emplace(name, std::move(f));
  }
  logs.write("", "");
  return CUDA_SUCCESS;
}

static CUresult load(CUmodule *module, const void *image, unsigned count, const int *options, void **values) {
  const Entry e;
  if (e.status)
    return e.status;
  if (!module || !image || (count && (!options || !values)))
    return CUDA_ERROR_INVALID_VALUE;
  auto handle = std::make_unique<ModuleHandle>();
  const CUresult status = loadText(*e.context, static_cast<const char *>(image), Logs(count, options, values), *handle);
  if (status)
    return status;
  *module = handle.release();
  e.context->modules.insert(*module);
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count, int *options,
                                       void **values) {
  return load(module, image, count, options, values);
}
MUNTIN_API CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  return load(module, image, 0, nullptr, nullptr);
}
MUNTIN_API CUresult cuModuleLoadFatBinary(CUmodule *, const void *) {
  return Entry().status ? Entry().status : CUDA_ERROR_NO_BINARY_FOR_GPU;
}

MUNTIN_API CUresult cuModuleLoad(CUmodule *module, const char *path) {
  if (!path)
    return CUDA_ERROR_INVALID_VALUE;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return CUDA_ERROR_FILE_NOT_FOUND;
  std::stringstream text;
  text << file.rdbuf();
  return load(module, text.str().c_str(), 0, nullptr, nullptr);
}

MUNTIN_API CUresult cuModuleUnload(CUmodule module) {
  const Entry e;
  if (e.status)
    return e.status;
  if (!e.context->modules.count(module))
    return CUDA_ERROR_INVALID_HANDLE;
  Driver::get().drainAll(*e.context);
  e.context->modules.erase(module);
  delete module;
  return e.context->error;
}

MUNTIN_API CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  const Entry e;
  if (e.status || !function || !name)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!e.context->modules.count(module))
    return CUDA_ERROR_INVALID_HANDLE;
  const auto found = module->functions.find(name);
  if (found == module->functions.end())
    return CUDA_ERROR_NOT_FOUND;
  *function = found->second.get();
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuModuleGetFunctionCount(unsigned *count, CUmodule module) {
  const Entry e;
  if (e.status || !count)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!e.context->modules.count(module))
    return CUDA_ERROR_INVALID_HANDLE;
  *count = static_cast<unsigned>(module->functions.size());
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuModuleGetLoadingMode(int *mode) {
  if (!mode)
    return CUDA_ERROR_INVALID_VALUE;
  *mode = 1; // eager
  return CUDA_SUCCESS;
}

MUNTIN_API CUresult cuModuleGetGlobal_v2(CUdeviceptr *pointer, size_t *bytes, CUmodule module, const char *name) {
  const Entry e;
  if (e.status || !name || (!pointer && !bytes))
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  if (!e.context->modules.count(module))
    return CUDA_ERROR_INVALID_HANDLE;
  const auto [address, size] = module->loaded->variable(name);
  if (address == 0)
    return CUDA_ERROR_NOT_FOUND;
  if (pointer)
    *pointer = address;
  if (bytes)
    *bytes = size;
  return CUDA_SUCCESS;
}

// Libraries are modules of the current context: the emulator has nothing to gain from loading later.
MUNTIN_API CUresult cuLibraryLoadData(CUlibrary *library, const void *code, int *options, void **values, unsigned count,
                                      int *, void **, unsigned) {
  return load(library, code, count, options, values);
}
MUNTIN_API CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *path, int *, void **, unsigned, int *,
                                          void **, unsigned) {
  return cuModuleLoad(library, path);
}
MUNTIN_API CUresult cuLibraryUnload(CUlibrary library) { return cuModuleUnload(library); }
MUNTIN_API CUresult cuLibraryGetKernel(CUkernel *kernel, CUlibrary library, const char *name) {
  return cuModuleGetFunction(kernel, library, name);
}
MUNTIN_API CUresult cuLibraryGetModule(CUmodule *module, CUlibrary library) {
  const Entry e;
  if (e.status || !module)
    return e.status ? e.status : CUDA_ERROR_INVALID_VALUE;
  *module = library;
  return e.context->modules.count(library) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}
MUNTIN_API CUresult cuLibraryGetGlobal(CUdeviceptr *pointer, size_t *bytes, CUlibrary library, const char *name) {
  return cuModuleGetGlobal_v2(pointer, bytes, library, name);
}
MUNTIN_API CUresult cuKernelGetFunction(CUfunction *function, CUkernel kernel) {
  if (!function || !kernel)
    return CUDA_ERROR_INVALID_VALUE;
  *function = kernel;
  return CUDA_SUCCESS;
}

} // namespace muntin::emulator::driver
