//===- HarnessTest.cpp - the suite finds what is wrong, on the reference spoilt ===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Element.h"
#include "tests/conformance/Suite.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <gtest/gtest.h>

using namespace muntin;
using namespace muntin::conformance;

namespace {
using Spoil = std::function<void(const Case &, const reference::Outputs &, int threads)>;

/// The reference, and then something goes wrong.
class SpoiltDevice : public Device {
public:
  explicit SpoiltDevice(Spoil spoil) : spoil_(std::move(spoil)) {}
  Status run(const Case &c, const reference::Inputs &inputs, const reference::Outputs &outputs, int threads) override {
    if (!refusal.ok())
      return refusal;
    const Status status = inner_->run(c, inputs, outputs, threads);
    if (outputs.out.data && c.out.span > 0)
      spoil_(c, outputs, threads);
    return status;
  }
  Result<uint64_t> processedPairs(const Case &c, const reference::Inputs &inputs) override {
    const auto pairs = inner_->processedPairs(c, inputs);
    return pairs && *pairs > 0 ? Result<uint64_t>(*pairs - pairsMissing) : pairs;
  }
  uint64_t compiles() const override { return inner_->compiles() * compilesPerProblem; }

  Status refusal;
  uint64_t compilesPerProblem = 1, pairsMissing = 0;

private:
  Spoil spoil_;
  std::unique_ptr<Device> inner_ = makeReferenceDevice();
};
} // namespace

static Plan smallPlan(int64_t kernels = 40) {
  Plan plan;
  plan.seed = 11, plan.kernels = kernels, plan.shapesPerKernel = 3, plan.maxFailures = 1000;
  plan.replayArguments = " --device spoilt";
  return plan;
}

/// Cases that fail when `spoil` acts, of 120.
static int64_t failuresOf(Spoil spoil, const char *expected) {
  SpoiltDevice device(std::move(spoil));
  Plan plan = smallPlan(120);
  plan.shapesPerKernel = 1;
  const Report report = runSuite(device, plan);
  for (const std::string &failure : report.failures)
    EXPECT_NE(failure.find(expected), std::string::npos) << failure;
  return report.all.failed;
}

static void *elementOf(const reference::TensorView &view, int64_t index) {
  return static_cast<std::byte *>(const_cast<void *>(view.data)) + index * elementTypeBytes(view.element);
}

TEST(Harness, TheReferencePasses) {
  const auto device = makeReferenceDevice();
  const Report report = runSuite(*device, smallPlan());
  EXPECT_TRUE(report.passed()) << printReport(report);
  EXPECT_EQ(report.all.passed, 120);
  EXPECT_EQ(report.compiles, report.kernels);
  EXPECT_LE(report.kernels, 40u);
  EXPECT_GT(report.kernels, 30u);
}

TEST(Harness, AWrongElementIsFound) {
  const auto wrong = [](const Case &, const reference::Outputs &outputs, int) {
    const double value = reference::readElement(outputs.out.element, outputs.out.data, 0);
    reference::writeElement(outputs.out.element, elementOf(outputs.out, 0), 0, static_cast<float>(value * 1.5 + 200));
  };
  EXPECT_GT(failuresOf(wrong, "out of batch"), 110);
}

TEST(Harness, AnUnwrittenElementIsFound) {
  const auto unwritten = [](const Case &, const reference::Outputs &outputs, int) {
    std::memset(elementOf(outputs.out, 0), 0xff, elementTypeBytes(outputs.out.element));
  };
  EXPECT_GT(failuresOf(unwritten, "out of batch 0, head 0: error inf"), 110);
}

TEST(Harness, AWrongLogarithmIsFound) {
  const auto wrong = [](const Case &, const reference::Outputs &outputs, int) {
    if (outputs.lse.data)
      *static_cast<float *>(const_cast<void *>(outputs.lse.data)) += 0.5f;
  };
  EXPECT_GT(failuresOf(wrong, "lse of batch 0"), 70);
}

TEST(Harness, AWrittenGapIsFound) {
  // The byte after the first row, where the tensor is padded there; else there is nothing to find.
  std::atomic<int64_t> spoilt = 0;
  const auto gap = [&](const Case &c, const reference::Outputs &outputs, int) {
    const bool hasGap = std::ranges::all_of(c.out.strides, [&](int64_t s) { return s > c.problem.valueDim; });
    if (!hasGap || c.out.span <= c.problem.valueDim)
      return;
    ++spoilt;
    reference::writeElement(outputs.out.element, elementOf(outputs.out, c.problem.valueDim), 0, 1.0f);
  };
  const int64_t padded = failuresOf(gap, "a gap of out was written");
  EXPECT_GT(padded, 5);
  EXPECT_EQ(padded, spoilt);
}

TEST(Harness, BitsThatDependOnThreadsAreFound) {
  const auto spoil = [](const Case &c, const reference::Outputs &outputs, int threads) {
    if (threads == 5) // the least bit of one element
      *static_cast<char *>(elementOf(outputs.out, 0)) ^= 1;
  };
  EXPECT_GT(failuresOf(spoil, "other bits with 5 threads"), 3);
}

TEST(Harness, ACompilationPerShapeIsFound) {
  SpoiltDevice device([](const Case &, const reference::Outputs &, int) {});
  device.compilesPerProblem = 3;
  const Report report = runSuite(device, smallPlan());
  ASSERT_EQ(report.failures.size(), 1u);
  EXPECT_NE(report.failures[0].find("another shape compiles nothing"), std::string::npos);
}

TEST(Harness, AMissingPairIsFound) {
  SpoiltDevice device([](const Case &, const reference::Outputs &, int) {});
  device.pairsMissing = 1;
  const Report report = runSuite(device, smallPlan());
  ASSERT_GT(report.failures.size(), 3u);
  EXPECT_NE(report.failures[0].find("pairs processed"), std::string::npos);
}

TEST(Harness, OnlyAForcedTemplateMayRefuse) {
  SpoiltDevice device([](const Case &, const reference::Outputs &, int) {});
  device.refusal = Status(StatusCode::NotInThisVersion, "template with 13 of these");
  Plan plan = smallPlan(4);
  EXPECT_EQ(runSuite(device, plan).all.failed, 4); // one shape of each kernel
  plan.scope.templates = {"row"};
  const Report report = runSuite(device, plan);
  EXPECT_EQ(report.all.refused, 12);
  EXPECT_EQ(report.refusals.size(), 1u);
  plan.kernels = 100;
  EXPECT_FALSE(runSuite(device, plan).passed()) << "a template that refuses everything is not tested";
  plan.kernels = 4;
  device.refusal = Status(StatusCode::InvalidArgument, "lse: stride 3 of the last axis");
  EXPECT_EQ(runSuite(device, plan).all.failed, 4);
  device.refusal = Status(StatusCode::CompileFailed, "template: a defect");
  EXPECT_EQ(runSuite(device, plan).all.failed, 4); // one shape of each kernel
}

TEST(Harness, OfLaunchesOnlyRowMayBeRefusedForItsCapacity) {
  SpoiltDevice device([](const Case &, const reference::Outputs &, int) {});
  Plan plan = smallPlan(4);
  plan.scope.templates = {"row"};
  const auto failedOf = [&](StatusCode code, const char *message) {
    device.refusal = Status(code, message);
    return runSuite(device, plan).all.failed;
  };
  const char *const said =
      "grid 7x9 and kv_grid 1000x1000: 64 * x is 1000000000, expected at most 1472 for this kernel's plan; try";
  EXPECT_EQ(failedOf(StatusCode::InvalidArgument, said), 0);
  EXPECT_EQ(failedOf(StatusCode::CompileFailed, said), 4);
  // Fewer than the keys that there are; no more than there is room for; something else.
  EXPECT_EQ(failedOf(StatusCode::InvalidArgument, "keys is 1, expected at most 0 for this kernel's plan; try"), 4);
  EXPECT_EQ(
      failedOf(StatusCode::InvalidArgument, "keys is 1000000, expected at most 1000000 for this kernel's plan; try"),
      4);
  EXPECT_EQ(failedOf(StatusCode::InvalidArgument, "stride is 1000000, expected at most 1472"), 4);
  plan.scope.templates = {"online"};
  EXPECT_EQ(failedOf(StatusCode::InvalidArgument, said), 4);
}

TEST(Harness, AFailureNamesACommandThatReplaysIt) {
  SpoiltDevice device([](const Case &c, const reference::Outputs &outputs, int) {
    if (c.name.kernel == 7 && c.name.shape == 1)
      reference::writeElement(outputs.out.element, elementOf(outputs.out, 0), 0, 1e4f);
  });
  Plan plan = smallPlan();
  const Report report = runSuite(device, plan);
  ASSERT_EQ(report.failures.size(), 1u);
  const std::string command = "muntin-conformance --device spoilt --template auto --seed 11 --replay 7.1";
  EXPECT_NE(report.failures[0].find(command), std::string::npos) << report.failures[0];
  plan.firstKernel = 7, plan.firstShape = 1, plan.kernels = plan.shapesPerKernel = 1;
  EXPECT_EQ(runSuite(device, plan).failures, report.failures);
}

/// One element beyond the tensor on the side of its guard, or an input written: the program dies and says where.
static void runOutside(bool behind) {
  reportCrashes();
  SpoiltDevice device([behind](const Case &c, const reference::Outputs &outputs, int) {
    if (c.out.flushRight == behind)
      reference::writeElement(outputs.out.element, elementOf(outputs.out, behind ? c.out.span : -1), 0, 1.0f);
  });
  Plan plan = smallPlan();
  plan.workers = 1;
  (void)runSuite(device, plan);
}

TEST(HarnessDeathTest, OneElementOutsideIsASignalThatNamesTheCase) {
  EXPECT_DEATH(runOutside(true),
               "muntin-conformance --device spoilt --template auto --seed 11 --replay [0-9]+\\.[0-9]");
  EXPECT_DEATH(runOutside(false),
               "muntin-conformance --device spoilt --template auto --seed 11 --replay [0-9]+\\.[0-9]");
}
