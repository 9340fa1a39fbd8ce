//===- Settle.cpp - the plan that the assembler does not object to ---------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Only the assembler knows how many registers a kernel takes. Where there is one,
// the planner's candidates are compiled in turn, with the planner's bound of registers
// and then without it, until one neither spills nor is told of a performance loss.
// Where none of the first few is clean, the one with the least local memory is kept,
// and a warning says so: a kernel that spills some bytes is slower by little, one that
// is refused computes nothing.
//
//===----------------------------------------------------------------------===//

#include "compiler/API/Compilation.h"
#include "compiler/API/LocalAssembler.h"
#include "compiler/Assemble/Architectures.h"
#include "compiler/Emit/Emit.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace muntin;

/// Each try takes as long as a compilation.
static constexpr int kMostTries = 6;

static Status noAssembler(const std::string &wanted) {
  return {StatusCode::Unavailable, wanted + ", and this machine has no assembler, or it is off; expected ptxas of a "
                                            "CUDA toolkit or of the Python package "
                                            "nvidia-cuda-nvcc on PATH, or its path in MUNTIN_PTXAS"};
}

Status Compilation::chooseArchitectures() {
  if (options.cubins) {
    Result<std::vector<std::string>> asked = parseArchitectures(options.cubins, target.name);
    if (!asked)
      return asked.status();
    if (!assembler)
      return noAssembler(std::string("cubin is '") + options.cubins + "'");
    architectures = std::move(*asked);
  } else if (assembler) {
    architectures = {target.name};
  }
  if (options.emit != MTNC_EMIT_OBJECT || architectures.size() == 1)
    return {};
  return architectures.empty() ? noAssembler("a cubin is asked for")
                               : Status::invalid(std::string("cubin is '") + options.cubins +
                                                 "', expected one where a cubin is the output");
}

Result<std::string> Compilation::emitForGpu() {
  Result<std::unique_ptr<Assembler>> found = localAssembler(options);
  if (!found)
    return found.status();
  assembler = std::move(*found);
  if (Status status = chooseArchitectures(); !status)
    return status;
  const bool early = options.emit == MTNC_EMIT_PLAN || options.emit == MTNC_EMIT_TILE || options.emit == MTNC_EMIT_LLVM;
  if (assembler || !early)
    if (Status status = settle(); !status)
      return status;
  switch (options.emit) {
  case MTNC_EMIT_PLAN: return describePlan();
  case MTNC_EMIT_ASM: return std::move(settled.ptx);
  case MTNC_EMIT_OBJECT: return std::move(settled.assemblies[0].cubin);
  case MTNC_EMIT_IMAGE: break;
  default: // before anything is assembled: tiles, LLVM IR
    if (Status status = makeModule(decision.winner().plan); !status)
      return status;
    return options.emit == MTNC_EMIT_TILE ? moduleText(*module) : makeCode(options.emit);
  }
  std::vector<Binary> binaries; // PTX in any case: for the emulator, and for later GPUs
  for (const Assembly &assembly : settled.assemblies)
    binaries.push_back({Binary::Kind::Cubin, assembly.architecture, assembly.cubin});
  binaries.push_back({Binary::Kind::Ptx, problem.target, std::move(settled.ptx)});
  return emitImage(std::move(settled.recipe), std::move(binaries));
}

std::string Compilation::Settled::firstObjection() const {
  for (const Assembly &assembly : assemblies)
    if (std::string objection = assembly.objection(); !objection.empty())
      return assemblies.size() > 1 ? "on " + assembly.architecture + " " + objection : objection;
  return "";
}

int64_t Compilation::Settled::localBytes() const {
  int64_t bytes = 0;
  for (const Assembly &assembly : assemblies)
    bytes += assembly.localBytes();
  return bytes;
}

/// Whether another plan may fare better. A disk that is full, an assembler that is killed, a caller who does not want
/// it any more: those would be the same for each, and a plan that came second would be kept for a reason that passes.
static bool isAboutThePlan(const Status &status) {
  return status.code() == StatusCode::CompileFailed || status.code() == StatusCode::InvalidArgument ||
         status.code() == StatusCode::NotInThisVersion;
}

Result<std::string> Compilation::makeCode(mtnc_emit emit) {
  if (Status status = lower(); !status)
    return status;
  Result<std::unique_ptr<llvm::TargetMachine>> machine = makeTargetMachine(target);
  if (!machine)
    return machine.status();
  llvm::LLVMContext llvmContext;
  Result<std::unique_ptr<llvm::Module>> code = translate(*module, llvmContext, **machine);
  if (!code)
    return code.status();
  optimize(**code, **machine);
  lap("optimize");
  return emitCode(**code, **machine, emit);
}

Status Compilation::settle() {
  Settled best;
  std::string objection;
  for (int tries = 1;; ++tries) {
    Result<Settled> made = assembleWinner();
    if (!made && (tries == 1 || !isAboutThePlan(made.status())))
      return made.status();
    if (!made && !problem.plan.empty())
      return made.status();
    if (!made) // what an earlier try made still works
      break;
    objection = made->firstObjection();
    // What was read back from an override is the same for every plan.
    const bool last = objection.empty() || options.override_dir;
    const bool unbound = !last && decision.unbindWinner();
    if (!objection.empty() && !unbound && !problem.plan.empty())
      return Status::invalid("plan: '" + problem.plan + "': " + objection +
                             ", expected none; `muntin explain` without it shows others, and MUNTIN_PTXAS=off compiles "
                             "without looking");
    if (tries == 1 || objection.empty() || made->localBytes() < best.localBytes()) {
      best = std::move(*made);
      best.objection = objection;
    }
    if (!unbound && (last || tries >= kMostTries || !decision.replaceWinner(objection)))
      break;
  }
  if (!best.objection.empty()) {
    decision.restore(best.plan, best.objection);
    warningText = "'" + problemKey(problem) + "': no plan of those tried is clean; kept " + best.plan.print() + ": " +
                  best.objection;
  }
  settled = std::move(best);
  return {};
}

Result<Compilation::Settled> Compilation::assembleWinner() {
  Settled made;
  made.plan = decision.winner().plan;
  if (Status status = makeModule(made.plan); !status)
    return status;
  Result<std::string> ptx = makeCode(MTNC_EMIT_ASM);
  if (!ptx)
    return ptx.status();
  made.ptx = std::move(*ptx);
  made.recipe = makeImage(*module, problem, prefix);
  if (!assembler)
    return made;
  Result<std::vector<Assembly>> assemblies = assembleAll(made.ptx);
  if (!assemblies)
    return assemblies.status();
  made.assemblies = std::move(*assemblies);
  return made;
}

Result<std::vector<Assembly>> Compilation::assembleAll(const std::string &ptx) {
  std::vector<Assembly> assemblies;
  for (const std::string &architecture : architectures) {
    if (Status status = begin("assemble"); !status)
      return status;
    Result<Assembly> assembly = assembler->assemble(ptx, architecture);
    if (!assembly && assembly.status().code() == StatusCode::CompileFailed)
      writeReproducer(ptx, "ptx");
    if (!assembly && options.cubins) // perhaps it does not know one of them
      return Status(assembly.status().code(), "cubin is '" + architecture + "': " + assembly.status().message());
    if (!assembly)
      return assembly.status();
    assemblies.push_back(std::move(*assembly));
    lap("assemble");
  }
  return assemblies;
}
