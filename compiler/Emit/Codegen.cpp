//===- Codegen.cpp - LLVM's code generator --------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On CPUs the lowering writes the code it wants: LLVM's middle end has nothing to
// add, and would turn loops that zero memory into calls of memset. On GPUs it
// leaves addresses and conditions to be simplified: O1 is enough, as tiles come
// unrolled and nothing lives in allocas.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Emit.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

#include <mutex>

using namespace muntin;

extern "C" {
void LLVMInitializeX86TargetInfo();
void LLVMInitializeX86Target();
void LLVMInitializeX86TargetMC();
void LLVMInitializeX86AsmPrinter();
void LLVMInitializeNVPTXTargetInfo();
void LLVMInitializeNVPTXTarget();
void LLVMInitializeNVPTXTargetMC();
void LLVMInitializeNVPTXAsmPrinter();
}

OwnedModule::OwnedModule() : context(std::make_unique<llvm::LLVMContext>()) {}
OwnedModule::OwnedModule(OwnedModule &&) = default;
OwnedModule::~OwnedModule() = default;

static constexpr const char *kCpuTriple = "x86_64-unknown-linux-gnu", *kGpuTriple = "nvptx64-nvidia-cuda";

Result<std::unique_ptr<llvm::TargetMachine>> muntin::makeTargetMachine(const Target &target) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  std::string error;
  llvm::Triple triple(target.gpu ? kGpuTriple : kCpuTriple);
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return Status(StatusCode::CompileFailed, "codegen: " + error);
  llvm::TargetOptions options;
  return std::unique_ptr<llvm::TargetMachine>(
      found->createTargetMachine(triple, target.llvmCpu, target.llvmFeatures, options, llvm::Reloc::PIC_, {},
                                 target.gpu ? llvm::CodeGenOptLevel::Aggressive : llvm::CodeGenOptLevel::Default));
}

Result<std::unique_ptr<llvm::Module>> muntin::translateModule(mlir::ModuleOp module, llvm::LLVMContext &context,
                                                              llvm::TargetMachine &machine, const Target &target) {
  std::unique_ptr<llvm::Module> result = mlir::translateModuleToLLVMIR(module, context);
  if (!result)
    return Status(StatusCode::CompileFailed, "translate: the lowered module is not legal LLVM IR");
  result->setTargetTriple(machine.getTargetTriple());
  result->setDataLayout(machine.createDataLayout());
  for (llvm::Function &function : *result) {
    if (function.isDeclaration() || target.gpu)
      continue;
    function.addFnAttr("prefer-vector-width", std::to_string(32 * target.lanes));
    function.addFnAttr("no-builtins");
    function.addFnAttr("frame-pointer", "all"); // cheap next to a task, and profilers can walk the stack
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.setUWTableKind(llvm::UWTableKind::Async);
  }
  return result;
}

Status muntin::joinModules(std::unique_ptr<llvm::Module> &all, std::unique_ptr<llvm::Module> more) {
  if (!all)
    all = std::move(more);
  else if (llvm::Linker::linkModules(*all, std::move(more)))
    return {StatusCode::CompileFailed, "translate: the variants do not go into one module"};
  return {};
}

/// What shall be unrolled comes unrolled. Of a loop that copies a tile, LLVM and ptxas, which reads a pragma, would
/// hold the addresses of all rounds in registers across the walk over key boxes.
static void keepLoops(llvm::Module &module) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    const llvm::DominatorTree dominators(function);
    const llvm::LoopInfo loops(dominators);
    for (llvm::Loop *loop : loops.getLoopsInPreorder())
      loop->setLoopAlreadyUnrolled();
  }
}

void muntin::optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  keepLoops(module);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O1).run(module, modules);
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
