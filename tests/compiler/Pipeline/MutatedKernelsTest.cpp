//===- MutatedKernelsTest.cpp - what people write by hand -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel in the tile dialect that verifies is lowered or refused, never a
// crash. Kernels here are instances of the templates with one operation taken
// away, doubled, moved or given another operand.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline/Pipeline.h"
#include "compiler/Schedule/Schedule.h"
#include "templates/Templates.h"
#include "tests/compiler/Pipeline/Mutation.h"
#include "tests/support/Masks.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <random>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace muntin;

namespace {

constexpr unsigned kMostSeconds = 30; // for one kernel
constexpr size_t kMutants = 15;       // of a kernel; more by --gtest_repeat

/// --gtest_random_seed=N, or another each time.
unsigned seedOfRun() {
  const int given = testing::UnitTest::GetInstance()->random_seed();
  return given ? unsigned(given) : std::random_device()() % 99999 + 1;
}

std::string instanceOf(const char *name, const char *target, std::mt19937 &random) {
  for (int tries = 0; tries < 20; ++tries) { // not every plan fits a GPU
    Problem problem;
    problem.rank = 1 + int(random() % 3), problem.headDim = 48, problem.valueDim = 24;
    problem.element = random() % 2 ? ElementType::BF16 : ElementType::F32;
    const Mask mask = random() % 3 == 0   ? masks::anyOf({masks::document(), masks::global(4)})
                      : problem.rank == 1 ? masks::sliding({9}, {3})
                                          : masks::neighborhood({3});
    problem.mask = *expandMask(mask, problem.rank);
    problem.target = target, problem.templateName = name;
    problem.alignment = 16;
    const Result<Decision> decision = makePlan(problem, **findTarget(target));
    const Result<std::string> text =
        decision ? instantiateTemplate(problem, decision->winner().plan) : Result<std::string>(decision.status());
    if (text)
      return *text;
  }
  ADD_FAILURE() << "no plan for " << name;
  return "";
}

class Kernels {
public:
  Kernels(const std::string &text, const char *target) : lowering(loweringFor(**findTarget(target))) {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.disableMultithreading();
    context.getDiagEngine().registerHandler([this](mlir::Diagnostic &said) { lastError = said.str(); });
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  }

  mlir::OwningOpRef<mlir::ModuleOp> mutant(const Mutation &mutation, std::string &what) {
    mlir::OwningOpRef<mlir::ModuleOp> copy = module->clone();
    what = mutate(*copy, mutation);
    return copy;
  }

  bool lower(mlir::ModuleOp kernel) {
    mlir::PassManager passes(&context);
    lowering.buildTilePasses(passes);
    lowering.buildMachinePasses(passes);
    return succeeded(passes.run(kernel));
  }

  std::string lastError;
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  const Lowering &lowering;
};

/// Lowers the mutants from `first` on in a child; returns the one it died of, or their number.
size_t diesOf(Kernels &kernels, const std::vector<Mutation> &mutations, size_t first, int &status, size_t *at) {
  const pid_t child = fork();
  if (child == 0) {
    for (*at = first; *at < mutations.size(); ++*at) {
      alarm(kMostSeconds);
      std::string what;
      const auto kernel = kernels.mutant(mutations[*at], what);
      if (succeeded(mlir::verify(*kernel)))
        (void)kernels.lower(*kernel); // or refuses it
    }
    _exit(0);
  }
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return *at;
}

class MutatedKernels : public testing::TestWithParam<std::tuple<const char *, const char *>> {};

} // namespace

TEST_P(MutatedKernels, AreLoweredOrRefused) {
  const auto &[name, target] = GetParam();
  const unsigned seed = seedOfRun();
  SCOPED_TRACE("--gtest_random_seed=" + std::to_string(seed));
  std::mt19937 random(seed);
  Kernels kernels(instanceOf(name, target, random), target);
  ASSERT_TRUE(kernels.module);
  const mlir::OwningOpRef<mlir::ModuleOp> asItIs = kernels.module->clone();
  EXPECT_TRUE(kernels.lower(*asItIs)) << kernels.lastError;

  std::vector<Mutation> mutations = mutationsOf(*kernels.module);
  std::shuffle(mutations.begin(), mutations.end(), random);
  mutations.resize(std::min(mutations.size(), kMutants));
  void *page = mmap(nullptr, sizeof(size_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  for (size_t next = 0; next < mutations.size(); ++next) {
    int status = 0;
    next = diesOf(kernels, mutations, next, status, static_cast<size_t *>(page));
    if (next == mutations.size())
      break;
    std::string what;
    const auto kernel = kernels.mutant(mutations[next], what);
    ADD_FAILURE() << "dies with status " << status << ", " << what;
  }
  munmap(page, sizeof(size_t));
}

static std::string nameOf(const testing::TestParamInfo<MutatedKernels::ParamType> &info) {
  std::string name = std::string(std::get<0>(info.param)) + "_" + std::get<1>(info.param);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Templates, MutatedKernels,
                         testing::Combine(testing::Values("row", "unfused", "online", "live", "border", "stages",
                                                          "roles", "window"),
                                          testing::Values("avx512-bf16", "sm_80")),
                         nameOf);
