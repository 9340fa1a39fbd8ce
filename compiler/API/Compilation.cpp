//===- Compilation.cpp - one run of the compiler --------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/API/Compilation.h"

#include "compiler/Emit/Emit.h"
#include "compiler/Frontend/Frontend.h"
#include "compiler/Pipeline/Pipeline.h"
#include "compiler/Schedule/Schedule.h"
#include "dialect/tile/Tile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace muntin;

static mlir::DialectRegistry &registry() {
  static mlir::DialectRegistry registry = [] {
    mlir::DialectRegistry all;
    registerAllDialects(all);
    return all;
  }();
  return registry;
}

Compilation::Compilation(const Problem &problem, const Target &target, const mtnc_options &options)
    : problem(problem), target(target), lowering(loweringFor(target)), options(options), prefix(symbolPrefix(problem)),
      context(registry(), mlir::MLIRContext::Threading::DISABLED), last(std::chrono::steady_clock::now()) {}

void Compilation::lap(const char *stage) {
  auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - last).count();
  last = now;
  for (StageTime &time : times)
    if (llvm::StringRef(time.stage) == stage) {
      time.seconds += seconds;
      return;
    }
  times.push_back({stage, seconds});
}

Status Compilation::begin(const char *stage) const {
  if (options.begin_stage && options.begin_stage(options.begin_stage_user, stage))
    return {StatusCode::Cancelled, std::string("the compilation was stopped before stage ") + stage};
  return {};
}

std::string muntin::moduleText(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

//===----------------------------------------------------------------------===//
// Dumps, overrides, reproducers
//===----------------------------------------------------------------------===//

Status Compilation::finishText(const char *stage, std::string &text) {
  auto path = [&](const char *folder) {
    return std::string(folder) + "/" + entryPrefix(prefix, variant) + stage + ".mlir";
  };
  if (options.override_dir && llvm::sys::fs::exists(path(options.override_dir))) {
    auto buffer = llvm::MemoryBuffer::getFile(path(options.override_dir));
    if (!buffer)
      return {StatusCode::IoError, "override: cannot read " + path(options.override_dir)};
    text = (*buffer)->getBuffer().str();
  }
  if (options.dump_dir) {
    std::error_code error;
    llvm::sys::fs::create_directories(options.dump_dir);
    llvm::raw_fd_ostream file(path(options.dump_dir), error);
    if (error)
      return {StatusCode::IoError, "dump: cannot write " + path(options.dump_dir) + ": " + error.message()};
    file << text;
  }
  return {};
}

/// As finishText(), on the module; printing is skipped where nobody asked.
Status Compilation::finishModule(const char *stage) {
  if (!options.dump_dir && !options.override_dir)
    return {};
  std::string text = moduleText(*module);
  if (Status status = finishText(stage, text); !status)
    return status;
  module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return {StatusCode::CompileFailed, std::string(stage) + ": the override is not legal: " + diagnostics};
  return {};
}

void Compilation::writeReproducer(const std::string &text, const char *ending) {
  llvm::SmallString<128> path;
  if (llvm::sys::fs::createTemporaryFile("muntin-reproducer", ending, path))
    return;
  std::error_code error;
  llvm::raw_fd_ostream file(path, error);
  if (error)
    return;
  file << "// problem: " << problemKey(problem) << "\n// " << diagnostics << "\n" << text;
  reproducerPath = path.str().str();
}

Status Compilation::runPasses(const char *stage, void (*build)(mlir::PassManager &)) {
  if (Status status = begin(stage); !status)
    return status;
  mlir::PassManager passes(&context);
#ifdef NDEBUG
  passes.enableVerifier(false);
#endif
  build(passes);
  if (mlir::failed(passes.run(*module))) {
    writeReproducer(lastGood, "mlir");
    return {StatusCode::CompileFailed, std::string(stage) + ": " + diagnostics};
  }
  lap(stage);
  return finishModule(stage);
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

Result<std::string> Compilation::run() {
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    diagnostics += (diagnostics.empty() ? "" : "; ") + diagnostic.str();
    return mlir::success();
  });
  context.loadAllAvailableDialects();
  lap("start");
  if (options.emit == MTNC_EMIT_ATTN) {
    module = compiler::buildAttnModule(context, problem);
    if (!module)
      return Status(StatusCode::CompileFailed, "frontend: " + diagnostics);
    std::string text = moduleText(*module);
    if (Status status = finishText("attn", text); !status)
      return status;
    return text;
  }
  if (Status status = decide(); !status)
    return status;
  if (target.gpu)
    return emitForGpu();
  return options.emit == MTNC_EMIT_PLAN ? describePlan() : emitForCpu();
}

std::string Compilation::describePlan() const {
  return planJson(problem, target, decision, {assembler ? assembler->name() : "", settled.assemblies}, options);
}

Status Compilation::decide() {
  if (Status status = begin("plan"); !status)
    return status;
  Result<Decision> made = makePlan(problem, target);
  if (!made)
    return made.status();
  decision = std::move(*made);
  lap("plan");
  return {};
}

Status Compilation::makeModule(const Plan &plan) {
  variant = plan.most.empty() ? "" : plan.variant();
  if (Status status = begin("schedule"); !status)
    return status;
  Result<std::string> text = instantiateTemplate(problem, plan);
  if (!text)
    return text.status();
  lastGood = *text;
  if (Status status = finishText("template", *text); !status)
    return status;
  module = mlir::parseSourceString<mlir::ModuleOp>(*text, &context);
  if (!module) {
    writeReproducer(lastGood, "mlir");
    return Status(StatusCode::CompileFailed, "schedule: " + diagnostics);
  }
  lap("schedule");
  return runPasses("tile", lowering.buildTilePasses);
}

Status Compilation::lower() {
  // The recipe needs the plan after the kernels that carried it are gone.
  for (auto kernel : module->getOps<mlir::func::FuncOp>())
    if (auto plan = kernel->getAttr(tile::kPlanAttrName))
      (*module)->setAttr(tile::kPlanAttrName, plan);
  if (Status status = runPasses(lowering.stage, lowering.buildMachinePasses); !status)
    return status;
  return runPasses("llvm", buildLlvmPasses);
}

Result<std::unique_ptr<llvm::Module>> Compilation::translate(mlir::ModuleOp lowered, llvm::LLVMContext &llvmContext,
                                                             llvm::TargetMachine &machine) {
  if (Status status = begin("translate"); !status)
    return status;
  Result<std::unique_ptr<llvm::Module>> code = translateModule(lowered, llvmContext, machine, target);
  if (!code)
    return code.status();
  const auto plan = lowered->getAttrOfType<tile::PlanAttr>(tile::kPlanAttrName);
  for (llvm::Function &function : **code)
    if (!function.isDeclaration())
      function.setName(entryPrefix(prefix, plan.getVariant()) + function.getName());
  lap("translate");
  return code;
}

Result<std::string> Compilation::emitCode(llvm::Module &code, llvm::TargetMachine &machine, mtnc_emit emit) {
  if (emit == MTNC_EMIT_LLVM) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    code.print(stream, nullptr);
    return text;
  }
  if (Status status = begin("codegen"); !status)
    return status;
  Result<std::string> object = generateCode(code, machine, emit == MTNC_EMIT_ASM);
  if (object)
    lap("codegen");
  return object;
}

std::string Compilation::emitImage(Image image, std::vector<Binary> binaries) {
  image.plan = describePlan();
  image.binaries = std::move(binaries);
  std::string bytes = serializeImage(image);
  lap("image");
  return bytes;
}
