//===- PtxPlugin.cpp - NVIDIA's PTX compiler behind three functions --------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Assemble/PtxPlugin.h"

#include <cstdlib>

#include <nvPTXCompiler.h>

#define MTNP_EXPORT extern "C" __attribute__((visibility("default")))

namespace {
using SizeOf = nvPTXCompileResult (*)(nvPTXCompilerHandle, size_t *);
using TextOf = nvPTXCompileResult (*)(nvPTXCompilerHandle, char *);

/// A log that ends with a NUL.
char *logOf(nvPTXCompilerHandle compiler, SizeOf sizeOf, TextOf textOf) {
  size_t size = 0;
  if (sizeOf(compiler, &size) != NVPTXCOMPILE_SUCCESS)
    size = 0;
  char *text = static_cast<char *>(std::calloc(1, size + 1));
  if (text && size > 0)
    textOf(compiler, text);
  return text;
}
} // namespace

MTNP_EXPORT unsigned mtnp_version(unsigned *major, unsigned *minor) {
  nvPTXCompilerGetVersion(major, minor);
  return MTNP_INTERFACE;
}

MTNP_EXPORT void mtnp_assemble(const char *ptx, size_t size, const char *const *options, int count,
                               mtnp_result *result) {
  *result = {};
  nvPTXCompilerHandle compiler = nullptr;
  result->code = nvPTXCompilerCreate(&compiler, size, ptx);
  if (result->code != NVPTXCOMPILE_SUCCESS)
    return;
  result->code = nvPTXCompilerCompile(compiler, count, options);
  result->told = logOf(compiler, nvPTXCompilerGetInfoLogSize, nvPTXCompilerGetInfoLog);
  result->refused = logOf(compiler, nvPTXCompilerGetErrorLogSize, nvPTXCompilerGetErrorLog);
  if (result->code == NVPTXCOMPILE_SUCCESS)
    result->code = nvPTXCompilerGetCompiledProgramSize(compiler, &result->size);
  if (result->code == NVPTXCOMPILE_SUCCESS) {
    result->cubin = static_cast<char *>(std::malloc(result->size));
    result->code =
        result->cubin ? nvPTXCompilerGetCompiledProgram(compiler, result->cubin) : NVPTXCOMPILE_ERROR_OUT_OF_MEMORY;
  }
  nvPTXCompilerDestroy(&compiler);
}

MTNP_EXPORT void mtnp_free(mtnp_result *result) {
  std::free(result->cubin);
  std::free(result->told);
  std::free(result->refused);
  *result = {};
}
