//===- Codegen.cpp - LLVM's code generator --------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The lowering writes the code it wants: LLVM's middle end has nothing to add,
// and would turn loops that zero memory into calls of memset.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Emit.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

#include <mutex>

using namespace muntin;

extern "C" {
void LLVMInitializeX86TargetInfo();
void LLVMInitializeX86Target();
void LLVMInitializeX86TargetMC();
void LLVMInitializeX86AsmPrinter();
}

static constexpr const char *kTriple = "x86_64-unknown-linux-gnu";

Result<std::unique_ptr<llvm::TargetMachine>> muntin::makeTargetMachine(const Target &target) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  std::string error;
  llvm::Triple triple(kTriple);
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return Status(StatusCode::CompileFailed, "codegen: " + error);
  llvm::TargetOptions options;
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(
      triple, target.llvmCpu, target.llvmFeatures, options, llvm::Reloc::PIC_, {}, llvm::CodeGenOptLevel::Default));
}

Result<std::unique_ptr<llvm::Module>> muntin::translateModule(mlir::ModuleOp module, llvm::LLVMContext &context,
                                                              llvm::TargetMachine &machine, const Target &target) {
  std::unique_ptr<llvm::Module> result = mlir::translateModuleToLLVMIR(module, context);
  if (!result)
    return Status(StatusCode::CompileFailed, "translate: the lowered module is not legal LLVM IR");
  result->setTargetTriple(machine.getTargetTriple());
  result->setDataLayout(machine.createDataLayout());
  for (llvm::Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("prefer-vector-width", std::to_string(32 * target.lanes));
    function.addFnAttr("no-builtins");
    function.addFnAttr("frame-pointer", "all"); // cheap next to a task, and profilers can walk the stack
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.setUWTableKind(llvm::UWTableKind::Async);
  }
  return result;
}

Result<std::string> muntin::generateCode(llvm::Module &module, llvm::TargetMachine &machine, bool assembly) {
  llvm::SmallVector<char, 0> buffer;
  llvm::raw_svector_ostream stream(buffer);
  llvm::legacy::PassManager passes;
  auto kind = assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, kind))
    return Status(StatusCode::CompileFailed, "codegen: the target cannot write this kind of file");
  passes.run(module);
  return std::string(buffer.data(), buffer.size());
}
