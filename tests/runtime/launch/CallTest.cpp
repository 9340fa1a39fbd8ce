//===- CallTest.cpp - recipes against a device that only takes notes *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/launch/Call.h"

#include "runtime/launch/Check.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <map>

using namespace muntin;
using namespace muntin::runtime;

namespace {

struct Noted {
  std::string entry;
  std::vector<uint64_t> arguments;
  int64_t tasks, threads, scratch, resident;
  Stream stream;
  int limit;
};

class NotingModule : public Module {
public:
  Result<void *> entry(const std::string &name) const override {
    if (name == "missing")
      return Status(StatusCode::CheckFailed, "the kernel image has no entry missing");
    return const_cast<char *>(names_.emplace(name, name).first->second.c_str());
  }

private:
  mutable std::map<std::string, std::string> names_;
};

/// Writes down what it is asked to launch. Its memory is the host's.
class NotingDevice : public Device {
public:
  const DeviceInfo &info() const override { return info_; }
  int preference(const Binary &binary) const override { return binary.kind == Binary::Kind::Ptx; }
  Result<std::unique_ptr<Module>> load(const Binary &) override {
    return std::unique_ptr<Module>(std::make_unique<NotingModule>());
  }
  Status launch(const Work &work, Stream stream, int threads) override {
    notes.push_back({static_cast<const char *>(work.entry),
                     {work.arguments.begin(), work.arguments.end()},
                     work.tasks,
                     work.threads,
                     work.scratch,
                     work.resident,
                     stream,
                     threads});
    if (notes.back().entry == "count") // one pair per task
      *reinterpret_cast<uint64_t *>(work.arguments[0]) += static_cast<uint64_t>(work.tasks);
    return failing == notes.back().entry ? Status(StatusCode::OutOfMemory, "told to fail") : Status();
  }
  Result<void *> allocate(size_t bytes) override {
    ++allocations;
    return std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  }
  void release(void *memory) override {
    allocations -= memory != nullptr;
    std::free(memory);
  }
  Status fill(void *data, int, uint32_t bits, std::span<const int64_t>, std::span<const int64_t>, Stream) override {
    fills.push_back({data, bits});
    return {};
  }
  Status copyToHost(void *to, const void *from, size_t bytes, Stream) override {
    std::memcpy(to, from, bytes);
    return {};
  }
  Status copyFromHost(void *to, const void *from, size_t bytes, Stream) override {
    std::memcpy(to, from, bytes);
    return {};
  }
  Status synchronize(Stream) override { return {}; }

  std::vector<Noted> notes;
  std::vector<std::pair<void *, uint32_t>> fills;
  std::string failing;
  int allocations = 0;

private:
  DeviceInfo info_{.name = "noting"};
};

Argument pointer(Tensor tensor) {
  return {.kind = Argument::Kind::TensorPointer, .index = static_cast<uint8_t>(tensor)};
}
Argument stride(Tensor tensor, uint8_t axis) {
  return {.kind = Argument::Kind::Stride, .index = static_cast<uint8_t>(tensor), .axis = axis};
}
Formula constant(int64_t value) { return Formula::constant(value); }

/// Two variants, of which the first is for at most 8 keys.
Image imageOf() {
  Problem problem;
  problem.headDim = problem.valueDim = 4;
  problem.target = "x86-64-v3";
  Variant variant{.name = "general"};
  const Formula keys = Formula::symbol(Symbol::Key0);
  variant.launches = {
      {.entry = "pack", .tasks = constant(0), .scratch = constant(0)}, // no task: not launched
      {.entry = "attend",
       .tasks = Formula::apply(Formula::Op::Mul, Formula::symbol(Symbol::Batch), Formula::symbol(Symbol::Heads)),
       .threads = 128,
       .scratch = keys,
       .arguments = {pointer(Tensor::Query),
                     stride(Tensor::Query, 1),
                     stride(Tensor::Out, 2),
                     pointer(Tensor::Lse),
                     stride(Tensor::Lse, 0),
                     {.kind = Argument::Kind::Scale},
                     {.kind = Argument::Kind::Workspace, .formula = constant(128)},
                     {.kind = Argument::Kind::Value, .formula = keys},
                     {.kind = Argument::Kind::Counter}},
       .resident = 4}};
  variant.counting = {
      {.entry = "count", .tasks = keys, .scratch = constant(0), .arguments = {{.kind = Argument::Kind::Counter}}},
      {.entry = "count",
       .tasks = constant(5),
       .scratch = constant(0),
       .arguments = {{.kind = Argument::Kind::Counter}}}};
  variant.workspace = constant(256);
  Variant few = variant;
  few.name = "few";
  few.guards = {{keys, constant(8)}, {constant(1), Formula::symbol(Symbol::Batch)}};
  few.workspace = constant(0);
  few.launches.erase(few.launches.begin());
  few.launches[0].entry = "attend_few";
  return {.problemKey = problemKey(problem),
          .plan = "{}",
          .variants = {few, variant},
          .binaries = {{.kind = Binary::Kind::SharedObject, .target = "x86-64-v3"},
                       {.kind = Binary::Kind::Ptx, .target = "sm_80", .bytes = "ptx"}}};
}

class Calls : public testing::Test {
protected:
  void SetUp() override {
    Result<std::shared_ptr<Kernel>> loaded = Kernel::load(device, imageOf(), {});
    ASSERT_TRUE(loaded.ok()) << loaded.status().message();
    kernel = *loaded;
  }

  TensorView dense(int offset, std::vector<int64_t> extents) {
    TensorView tensor{.data = &memory[offset], .rank = static_cast<int>(extents.size())};
    int64_t step = 1;
    for (int axis = tensor.rank - 1; axis >= 0; --axis) {
      tensor.extents[axis] = extents[axis];
      tensor.strides[axis] = step;
      step *= extents[axis];
    }
    return tensor;
  }

  TensorSet tensors(int64_t queries, int64_t keys) {
    TensorSet set;
    at(set, Tensor::Query) = dense(0, {2, queries, 3, 4});
    at(set, Tensor::Key) = dense(1000, {2, keys, 3, 4});
    at(set, Tensor::Value) = dense(2000, {2, keys, 3, 4});
    at(set, Tensor::Out) = dense(3000, {2, queries, 3, 4});
    at(set, Tensor::Lse) = dense(4000, {2, queries, 3});
    return set;
  }

  Result<Call> call(TensorSet set, double scale = 0.5) {
    const Result<Shape> shape = checkLayouts(kernel->problem(), set);
    return shape ? Call::create(*kernel, set, *shape, scale, 3) : Result<Call>(shape.status());
  }

  std::vector<float> memory = std::vector<float>(8192);
  alignas(64) char workspace[512];
  NotingDevice device;
  std::shared_ptr<const Kernel> kernel;
};

TEST_F(Calls, ArgumentsAreThoseOfTheRecipe) {
  TensorSet set = tensors(9, 10);
  const Result<Call> made = call(set);
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_EQ(made->workspaceBytes(), 256);
  ASSERT_TRUE(made->run(pointersOf(set), {workspace, sizeof workspace}, nullptr).ok());
  ASSERT_EQ(device.notes.size(), 1u) << "a launch without tasks is left out";
  const Noted &note = device.notes[0];
  EXPECT_EQ(note.entry, "attend");
  EXPECT_EQ(note.tasks, 6);
  EXPECT_EQ(note.threads, 128);
  EXPECT_EQ(note.scratch, 10);
  EXPECT_EQ(note.resident, 4);
  EXPECT_EQ(note.limit, 3);
  const auto address = [](const void *pointer) { return reinterpret_cast<uint64_t>(pointer); };
  EXPECT_EQ(note.arguments, (std::vector<uint64_t>{address(&memory[0]), 12, 4, address(&memory[4000]), 27,
                                                   std::bit_cast<uint64_t>(0.5), address(workspace + 128), 10, 0}));
}

TEST_F(Calls, WithoutLseItsSlotsAreZero) {
  TensorSet set = tensors(9, 10);
  at(set, Tensor::Lse).reset();
  ASSERT_TRUE(call(set)->run(pointersOf(set), {workspace, sizeof workspace}, nullptr).ok());
  EXPECT_EQ(device.notes.at(0).arguments[3], 0u);
  EXPECT_EQ(device.notes.at(0).arguments[4], 0u);
}

TEST_F(Calls, TheFirstVariantThatFitsIsTaken) {
  for (const auto &[keys, entry] : {std::pair(8, "attend_few"), std::pair(9, "attend")}) {
    TensorSet set = tensors(9, keys);
    ASSERT_TRUE(call(set)->runAllocating(pointersOf(set), nullptr).ok());
    EXPECT_EQ(device.notes.back().entry, entry);
  }
  EXPECT_EQ(device.allocations, 0) << "a workspace was not given back";
}

TEST_F(Calls, EmptyProblemsLaunchNothing) {
  TensorSet none = tensors(0, 10);
  for (std::optional<TensorView> &tensor : none)
    if (tensor)
      tensor->data = nullptr;
  ASSERT_TRUE(call(none)->run(pointersOf(none), {}, nullptr).ok());
  EXPECT_TRUE(device.fills.empty());

  TensorSet noKey = tensors(9, 0);
  at(noKey, Tensor::Key)->data = at(noKey, Tensor::Value)->data = nullptr;
  ASSERT_TRUE(call(noKey)->run(pointersOf(noKey), {}, nullptr).ok());
  ASSERT_EQ(device.fills.size(), 2u);
  EXPECT_EQ(device.fills[0], std::pair(at(noKey, Tensor::Out)->data, 0u));
  EXPECT_EQ(device.fills[1], std::pair(at(noKey, Tensor::Lse)->data, 0xff800000u));
  EXPECT_TRUE(device.notes.empty());
}

TEST_F(Calls, TheWorkspaceIsChecked) {
  TensorSet set = tensors(9, 10);
  const Result<Call> made = call(set);
  const auto refused = [&](Workspace space, const char *part) {
    const Status status = made->run(pointersOf(set), space, nullptr);
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  };
  refused({}, "workspace is null, but the kernel wants 256 bytes");
  refused({workspace, 255}, "workspace_size is 255, but the kernel wants 256 bytes");
  refused({workspace + 32, 400}, "is not a multiple of 64");
  auto *inside = reinterpret_cast<void *>((reinterpret_cast<uintptr_t>(&memory[1040]) + 63) / 64 * 64);
  refused({inside, 256}, "workspace overlaps k");
  EXPECT_TRUE(device.notes.empty());
}

TEST_F(Calls, AFailedLaunchIsReported) {
  device.failing = "attend";
  TensorSet set = tensors(9, 10);
  EXPECT_EQ(call(set)->runAllocating(pointersOf(set), nullptr).code(), StatusCode::OutOfMemory);
  EXPECT_EQ(device.allocations, 0);
}

TEST_F(Calls, PairsAreSummedOverTheCountingLaunches) {
  const Shape shape{.batch = 2, .heads = 3, .kvHeads = 3, .grid = {9}, .kvGrid = {10}};
  const Result<uint64_t> pairs = countPairs(*kernel, shape, {});
  ASSERT_TRUE(pairs.ok()) << pairs.status().message();
  EXPECT_EQ(*pairs, 15u);
  for (const Noted &note : device.notes)
    EXPECT_EQ(note.limit, 1) << "the counter is not atomic";
  EXPECT_EQ(device.allocations, 0);
  EXPECT_EQ(*countPairs(*kernel, {.batch = 1, .heads = 1, .kvHeads = 1, .grid = {9}, .kvGrid = {0}}, {}), 0u);
}

TEST(Kernels, DamagedRecipesAreRefused) {
  struct Case {
    void (*spoil)(Image &);
    StatusCode code;
    const char *part;
  };
  for (const auto &[spoil, code, part] : std::vector<Case>{
           {[](Image &i) { i.variants.clear(); }, StatusCode::CheckFailed, "no variant"},
           {[](Image &i) { i.problemKey = "muntin-problem-0"; }, StatusCode::CheckFailed, "muntin-problem"},
           {[](Image &i) { i.binaries.pop_back(); }, StatusCode::Unavailable, "noting"},
           {[](Image &i) { i.variants[1].launches[1].entry = "missing"; }, StatusCode::CheckFailed, "missing"},
           {[](Image &i) { i.variants[1].counting[0].entry = "missing"; }, StatusCode::CheckFailed, "missing"},
           {[](Image &i) { i.variants[1].launches[1].arguments[0].index = 7; }, StatusCode::CheckFailed, "tensor 7"},
           {[](Image &i) { i.variants[1].launches[1].arguments[1].axis = 3; }, StatusCode::CheckFailed, "axis 3 of q"},
           {[](Image &i) { i.variants[0].launches[0].arguments[0].kind = Argument::Kind::TensorMap; },
            StatusCode::NotInThisVersion, "tensor maps"}}) {
    NotingDevice device;
    Image image = imageOf();
    spoil(image);
    const auto kernel = Kernel::load(device, std::move(image), {});
    ASSERT_FALSE(kernel.ok()) << part;
    EXPECT_EQ(kernel.status().code(), code) << kernel.status().message();
    EXPECT_NE(kernel.status().message().find(part), std::string::npos) << kernel.status().message();
  }
}

TEST(Kernels, AShapeThatNoVariantTakesIsRefused) {
  NotingDevice device;
  Image image = imageOf();
  image.variants.pop_back();
  const auto kernel = Kernel::load(device, std::move(image), {});
  ASSERT_TRUE(kernel.ok()) << kernel.status().message();
  Shape shape{.batch = 1, .heads = 1, .kvHeads = 1, .grid = {9}, .kvGrid = {8}};
  EXPECT_EQ(*(*kernel)->choose(shape), 0u);
  shape.kvGrid = {11};
  const Status status = (*kernel)->choose(shape).status();
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_EQ(status.message(), "grid 9 and kv_grid 11: key0 is 11, expected at most 8 for this kernel's plan; nearest "
                              "that works: fewer tokens, or template online");
}

TEST_F(Calls, FormulasThatGoWrongAreRefused) {
  Image image = imageOf();
  image.variants[1].launches[1].tasks = constant(-1);
  kernel = *Kernel::load(device, image, {});
  EXPECT_EQ(call(tensors(9, 10)).status().code(), StatusCode::CheckFailed);
  for (int64_t resident : {-1, 33}) {
    image = imageOf();
    image.variants[1].launches[1].resident = resident;
    kernel = *Kernel::load(device, image, {});
    EXPECT_EQ(call(tensors(9, 10)).status().code(), StatusCode::CheckFailed);
  }
  image = imageOf();
  image.variants[1].workspace = Formula::apply(Formula::Op::CeilDiv, constant(1), constant(0));
  kernel = *Kernel::load(device, image, {});
  EXPECT_FALSE(call(tensors(9, 10)).ok());
  EXPECT_TRUE(call(tensors(9, 8)).ok()) << "the other variant is well";
}

} // namespace
