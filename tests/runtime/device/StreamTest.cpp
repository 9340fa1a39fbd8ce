//===- StreamTest.cpp - streams and events of the cpu device *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/CpuDevice.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

using namespace muntin;
using namespace muntin::runtime;

namespace {

/// Kernels of one task: argument 0 is a Gate, argument 1 a number that is noted.
struct Gate {
  std::latch open{1};
  std::vector<uint64_t> notes; ///< of one stream; read after its event
  static void pass(const uint64_t *arguments, int64_t, int64_t, void *) {
    auto *gate = reinterpret_cast<Gate *>(arguments[0]);
    gate->open.wait();
    gate->notes.push_back(arguments[1]);
  }
};

class Streams : public testing::Test {
protected:
  void SetUp() override {
    Result<Stream> made = device->createStream();
    ASSERT_TRUE(made.ok());
    stream = *made;
  }
  Status note(Gate &gate, uint64_t number, Stream where) {
    const uint64_t arguments[] = {reinterpret_cast<uintptr_t>(&gate), number}; // gone when the task runs
    return device->launch({.entry = reinterpret_cast<void *>(&Gate::pass), .arguments = arguments, .tasks = 1}, where,
                          1);
  }

  const std::unique_ptr<Device> device = createCpuDevice({.threads = 2});
  Stream stream = nullptr;
};

TEST_F(Streams, WorkIsDoneLaterAndInOrder) {
  Gate gate;
  for (uint64_t i = 0; i < 100; ++i)
    ASSERT_TRUE(note(gate, i, stream).ok());
  const auto event = std::move(*device->createEvent());
  EXPECT_TRUE(*event->reached()) << "not yet recorded";
  ASSERT_TRUE(event->record(stream).ok());
  EXPECT_FALSE(*event->reached()) << "the gate is closed";
  gate.open.count_down();
  ASSERT_TRUE(event->wait().ok());
  EXPECT_TRUE(*event->reached());
  ASSERT_EQ(gate.notes.size(), 100u);
  for (uint64_t i = 0; i < 100; ++i)
    EXPECT_EQ(gate.notes[i], i);
}

TEST_F(Streams, OneWaitsForAnother) {
  const Stream second = *device->createStream();
  Gate gate, opened;
  opened.open.count_down();
  ASSERT_TRUE(note(gate, 1, stream).ok());
  const auto event = std::move(*device->createEvent());
  ASSERT_TRUE(event->record(stream).ok());
  ASSERT_TRUE(event->holdBack(second).ok());
  ASSERT_TRUE(note(opened, 2, second).ok());
  const auto after = std::move(*device->createEvent());
  ASSERT_TRUE(after->record(second).ok());
  EXPECT_FALSE(*after->reached());
  gate.open.count_down();
  ASSERT_TRUE(device->synchronize(second).ok());
  EXPECT_EQ(gate.notes.size(), 1u) << "the first stream's work came before";
  EXPECT_TRUE(device->destroyStream(second).ok());
  EXPECT_EQ(device->destroyStream(second).code(), StatusCode::InvalidArgument) << "twice";
}

TEST_F(Streams, AFailureIsToldOnceAndLeavesOutWhatFollows) {
  Gate gate;
  gate.open.count_down();
  const Work tooLarge{.entry = reinterpret_cast<void *>(&Gate::pass), .tasks = 1, .scratch = int64_t(1) << 62};
  ASSERT_TRUE(device->launch(tooLarge, stream, 1).ok()) << "found out later";
  ASSERT_TRUE(note(gate, 1, stream).ok());
  const auto event = std::move(*device->createEvent());
  ASSERT_TRUE(event->record(stream).ok());
  EXPECT_EQ(event->wait().code(), StatusCode::OutOfMemory);
  EXPECT_EQ(device->synchronize(stream).code(), StatusCode::OutOfMemory);
  EXPECT_TRUE(gate.notes.empty());
  EXPECT_TRUE(device->synchronize(stream).ok());
  ASSERT_TRUE(note(gate, 2, stream).ok());
  EXPECT_TRUE(device->synchronize(stream).ok());
  EXPECT_EQ(gate.notes, std::vector<uint64_t>{2});
}

TEST_F(Streams, DestructionDoesTheWorkFirst) {
  Gate gate;
  for (uint64_t i = 0; i < 10; ++i)
    ASSERT_TRUE(note(gate, i, stream).ok());
  std::thread opener([&] { gate.open.count_down(); });
  ASSERT_TRUE(device->destroyStream(stream).ok());
  EXPECT_EQ(gate.notes.size(), 10u);
  opener.join();
}

TEST_F(Streams, KeepsWhatIsRetainedUntilThen) {
  Gate gate;
  auto kept = std::make_shared<int>(7);
  const std::weak_ptr<int> watch = kept;
  ASSERT_TRUE(note(gate, 1, stream).ok());
  ASSERT_TRUE(device->retain(stream, std::move(kept)).ok());
  EXPECT_FALSE(watch.expired());
  gate.open.count_down();
  ASSERT_TRUE(device->synchronize(stream).ok());
  EXPECT_TRUE(watch.expired());
}

TEST_F(Streams, FillsAndCopiesWaitTheirTurn) {
  Gate gate;
  std::vector<float> source(8, 1), target(8, 0);
  const int64_t extents[] = {8}, strides[] = {1};
  ASSERT_TRUE(note(gate, 1, stream).ok());
  ASSERT_TRUE(device->fill(source.data(), 4, 0, extents, strides, stream).ok());
  ASSERT_TRUE(device->copyFromHost(target.data(), source.data(), 32, stream).ok());
  target[0] = 5;
  EXPECT_EQ(source[0], 1);
  gate.open.count_down();
  ASSERT_TRUE(device->synchronize(stream).ok());
  EXPECT_EQ(source[0], 0);
  EXPECT_EQ(target[0], 0);
}

} // namespace
