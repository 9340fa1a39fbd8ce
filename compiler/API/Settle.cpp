//===- Settle.cpp - the plan that the assembler does not object to ---------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Only the assembler knows how many registers a kernel takes. Where there is one,
// the planner's candidates are compiled in turn until one neither spills nor is
// told of a performance loss. Where none of the first few is clean, the one with
// the least local memory is kept, and a warning says so: a kernel that spills some
// bytes is slower by little, one that is refused computes nothing.
//
//===----------------------------------------------------------------------===//

#include "compiler/API/Compilation.h"
#include "compiler/API/LocalAssembler.h"
#include "compiler/Emit/Emit.h"

using namespace muntin;

/// Each try takes as long as a compilation.
static constexpr int kMostTries = 6;

Result<std::string> Compilation::emitForGpu() {
  Result<std::unique_ptr<Assembler>> found = localAssembler(options);
  if (!found)
    return found.status();
  assembler = std::move(*found);
  if (options.emit == MTNC_EMIT_OBJECT && !assembler)
    return Status(StatusCode::Unavailable,
                  "assembler: this machine has none, and a cubin needs one; MUNTIN_PTXAS names "
                  "it");
  const bool early = options.emit == MTNC_EMIT_PLAN || options.emit == MTNC_EMIT_TILE || options.emit == MTNC_EMIT_LLVM;
  if (assembler || !early)
    if (Status status = settle(); !status)
      return status;
  switch (options.emit) {
  case MTNC_EMIT_PLAN: return describePlan();
  case MTNC_EMIT_ASM: return std::move(settled.ptx);
  case MTNC_EMIT_OBJECT: return std::move(settled.assembly.cubin);
  case MTNC_EMIT_IMAGE: break;
  default: return emitFromModule();
  }
  std::vector<Binary> binaries; // PTX in any case: for the emulator, and for later GPUs
  if (assembler)
    binaries.push_back({Binary::Kind::Cubin, settled.assembly.architecture, settled.assembly.cubin});
  binaries.push_back({Binary::Kind::Ptx, problem.target, std::move(settled.ptx)});
  return emitImage(std::move(settled.recipe), std::move(binaries));
}

/// Whether another plan may fare better. A disk that is full, an assembler that is killed, a caller who does not want
/// it any more: those would be the same for each, and a plan that came second would be kept for a reason that passes.
static bool isAboutThePlan(const Status &status) {
  return status.code() == StatusCode::CompileFailed || status.code() == StatusCode::InvalidArgument ||
         status.code() == StatusCode::NotInThisVersion;
}

Status Compilation::settle() {
  Settled best;
  std::string objection;
  for (int tries = 1;; ++tries) {
    Result<Settled> made = assembleWinner();
    if (!made && (tries == 1 || !isAboutThePlan(made.status())))
      return made.status();
    if (!made) // what an earlier try made still works
      break;
    objection = made->assembly.objection();
    if (!objection.empty() && !problem.plan.empty())
      return Status::invalid("plan: '" + problem.plan + "': " + objection +
                             ", expected none; `muntin explain` without it shows others, and MUNTIN_PTXAS=off compiles "
                             "without looking");
    if (tries == 1 || objection.empty() || made->assembly.localBytes() < best.assembly.localBytes()) {
      best = std::move(*made);
      best.objection = objection;
    }
    // What was read back from an override is the same for every plan.
    if (objection.empty() || tries == kMostTries || options.override_dir || !decision.replaceWinner(objection))
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
  if (Status status = makeModule(); !status)
    return status;
  Result<std::string> ptx = makeCode(MTNC_EMIT_ASM);
  if (!ptx)
    return ptx.status();
  made.ptx = std::move(*ptx);
  Result<Image> recipe = makeImage(*module, problem, prefix);
  if (!recipe)
    return recipe.status();
  made.recipe = std::move(*recipe);
  if (!assembler)
    return made;
  if (Status status = begin("assemble"); !status)
    return status;
  Result<Assembly> assembly = assembler->assemble(made.ptx, target.name);
  if (!assembly) {
    if (assembly.status().code() == StatusCode::CompileFailed)
      writeReproducer(made.ptx, "ptx");
    return assembly.status();
  }
  made.assembly = std::move(*assembly);
  lap("assemble");
  return made;
}
