//===- Emit.h - from LLVM's dialect to machine code ------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_EMIT_EMIT_H
#define MUNTIN_COMPILER_EMIT_EMIT_H

#include "runtime/abi/Image.h"
#include "runtime/abi/Target.h"

#include "mlir/IR/BuiltinOps.h"

#include <future>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace muntin {

/// A code generator for `target`.
Result<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine(const Target &target);

/// LLVM IR of a module in the llvm dialect, for `machine`.
Result<std::unique_ptr<llvm::Module>> translateModule(mlir::ModuleOp module, llvm::LLVMContext &context,
                                                      llvm::TargetMachine &machine, const Target &target);

/// LLVM's middle end, where the code generator counts on it: on GPUs, whose lowering leaves addresses and conditions
/// unsimplified.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

/// Moves everything of `more` into `all`, which may be empty. Both are of one context.
Status joinModules(std::unique_ptr<llvm::Module> &all, std::unique_ptr<llvm::Module> more);

/// An ELF object, or assembly text: for GPUs, PTX.
Result<std::string> generateCode(llvm::Module &module, llvm::TargetMachine &machine, bool assembly);

/// A module with a context of its own, so that any thread may work on it.
struct OwnedModule {
  OwnedModule();
  OwnedModule(OwnedModule &&);
  ~OwnedModule();
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
};

/// An ELF object, made by a thread of its own, if one is wanted and can be had, or when it is asked for.
std::future<Result<std::string>> startObject(OwnedModule code, const Target &target, bool own);

/// Everything that is written to the other end of a pipe, read by a thread of its own; invalid if none can be had.
std::future<Result<std::string>> startReading(int fd);

/// The objects linked by lld into a shared object; an undefined symbol is an
/// error. lld is not thread safe, so calls take turns.
Result<std::string> linkSharedObject(llvm::ArrayRef<std::string> objects);

/// The image of lowered modules, a variant each: the recipe read from their attributes.
/// entryPrefix() was put in front of every entry's name. Its plan and its binaries are yet to be put in.
Image makeImage(llvm::ArrayRef<mlir::ModuleOp> lowered, const Problem &problem, const std::string &prefix);

/// A readable symbol prefix: what a profiler shows. "muntin_f32_d64_neighborhood_"
std::string symbolPrefix(const Problem &problem);
/// The same with the variant's name, if it has one: "muntin_f32_d64_full___short_16_"
std::string entryPrefix(const std::string &prefix, llvm::StringRef variant);

} // namespace muntin

#endif // MUNTIN_COMPILER_EMIT_EMIT_H
