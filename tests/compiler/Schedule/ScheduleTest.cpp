//===- ScheduleTest.cpp - instances of templates --------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/Schedule.h"

#include "dialect/attn/Attn.h"
#include "dialect/tile/Tile.h"
#include "templates/Templates.h"
#include "tests/support/Masks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace muntin;

namespace {

struct Instance {
  Problem problem;
  std::string text;
};

/// Of the planner's own plan for a target.
Result<Instance> instanceOf(std::string_view name, const std::string &target, ElementType element, int rank) {
  Problem problem;
  problem.rank = rank, problem.headDim = 48, problem.valueDim = 24, problem.element = element;
  problem.mask = *expandMask(rank == 1 ? masks::sliding({9}, {3}) : masks::neighborhood({3}), rank);
  problem.target = target, problem.templateName = std::string(name);
  problem.alignment = 16;
  const Result<Decision> decision = makePlan(problem, **findTarget(target));
  if (!decision)
    return decision.status();
  Result<std::string> text = instantiateTemplate(problem, decision->winner().plan);
  return text ? Result<Instance>(Instance{problem, *text}) : Result<Instance>(text.status());
}

/// What lies behind the block of parameters.
std::string_view kernelOf(std::string_view text) { return text.substr(text.find(kTemplateKernel)); }

} // namespace

TEST(Schedule, OnlyTheParametersAreReplaced) {
  for (const Template &file : templates())
    for (const char *target : {"x86-64-v3", "sm_80"}) {
      const Result<Instance> instance = instanceOf(file.name, target, ElementType::BF16, 2);
      ASSERT_TRUE(instance) << file.name << ": " << instance.status().message();
      EXPECT_EQ(kernelOf(instance->text), kernelOf(file.text)) << file.name;
      const size_t parameters = file.text.find(kTemplateParameters);
      EXPECT_EQ(instance->text.substr(0, parameters), file.text.substr(0, parameters)) << file.name;
      EXPECT_NE(instance->text, file.text) << file.name;
    }
}

TEST(Schedule, InstancesAreLegalAndHaveTheProblemsTypes) {
  mlir::MLIRContext context;
  context.loadDialect<attn::AttnDialect, tile::TileDialect, mlir::arith::ArithDialect, mlir::func::FuncDialect,
                      mlir::math::MathDialect>();
  for (const Template &file : templates())
    for (const char *target : {"x86-64-v3", "avx512-bf16", "sm_80"})
      for (ElementType element : {ElementType::F32, ElementType::F16, ElementType::BF16})
        for (int rank : {1, 2, 3}) {
          const Result<Instance> instance = instanceOf(file.name, target, element, rank);
          if (!instance) // a window that does not fit a GPU
            continue;
          auto module = mlir::parseSourceString<mlir::ModuleOp>(instance->text, &context);
          ASSERT_TRUE(module) << file.name << " for " << target;
          for (auto kernel : module->getOps<mlir::func::FuncOp>())
            for (mlir::Type type : kernel.getArgumentTypes())
              if (auto tensor = mlir::dyn_cast<tile::GridTensorType>(type)) {
                EXPECT_EQ(tensor.getRank(), rank);
                EXPECT_TRUE(tensor.getColumns() == 48 || tensor.getColumns() == 24 || tensor.getColumns() == 1);
              }
        }
}

TEST(Schedule, AnUnknownTemplateIsRefusedWithTheNamesThereAre) {
  Plan plan;
  plan.templateName = "rows", plan.queryBox = plan.queryStep = plan.keyBox = {1};
  const Status status = instantiateTemplate(Problem(), plan).status();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  for (const Template &file : templates())
    EXPECT_NE(status.message().find(file.name), std::string::npos) << status.message();
}
