//===- FlightsTest.cpp - one at a time for each key --------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/jit/Flights.h"

#include <gtest/gtest.h>

#include <barrier>
#include <latch>
#include <vector>

using namespace muntin::runtime;
using namespace std::chrono_literals;

namespace {

using Flight = Flights<int>;

TEST(Flights, ManyAskOneMakes) {
  constexpr int kThreads = 32;
  Flight flights;
  std::barrier start(kThreads);
  std::atomic<int> made{0}, waited{0}, right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      start.arrive_and_wait();
      const Flight::Landing landing = flights.run("key", 0s, [&](const Stop &) {
        ++made;
        std::this_thread::sleep_for(50ms); // the others come meanwhile
        return 42;
      });
      waited += landing.waited;
      right += landing.value == 42;
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(right, kThreads);
  EXPECT_EQ(made + waited, kThreads) << "who did not wait started it";
  EXPECT_GT(waited, 0);
}

TEST(Flights, DifferentKeysDoNotWaitForEachOther) {
  Flight flights;
  std::barrier both(2); // each is inside while the other is
  const auto fly = [&](const std::string &key) {
    EXPECT_FALSE(flights.run(key, 0s, [&](const Stop &) { return both.arrive_and_wait(), 1; }).waited);
  };
  std::thread a(fly, "a"), b(fly, "b");
  a.join();
  b.join();
}

TEST(Flights, NothingIsKept) {
  Flight flights;
  int calls = 0;
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(flights.run("key", 0s, [&](const Stop &) { return ++calls; }).value, i + 1);
}

int untilStopped(const Stop &stop) {
  while (!stop)
    std::this_thread::sleep_for(1ms);
  return -1;
}

TEST(Flights, WhoIsOutOfTimeReturnsAndTheLastOneStopsTheMaker) {
  std::atomic<bool> stopped{false};
  {
    Flight flights;
    const Flight::Landing late = flights.run("key", 10ms, [&](const Stop &stop) {
      const int value = untilStopped(stop);
      stopped = true;
      return value;
    });
    EXPECT_EQ(late.end, Flight::End::TimedOut);
    EXPECT_EQ(flights.run("key", 0s, [](const Stop &) { return 7; }).value, 7) << "a new flight, not the stopped one";
  }
  EXPECT_TRUE(stopped) << "flights waits for its threads";
}

TEST(Flights, OneWhoStaysKeepsTheMakerGoing) {
  Flight flights;
  std::latch leave(1);
  std::thread patient;
  const auto make = [&](const Stop &stop) {
    leave.wait();
    return stop ? -1 : 1;
  };
  flights.start("key", make); // in the background: nobody's leaving ends it
  EXPECT_EQ(flights.run("key", 5ms, make).end, Flight::End::TimedOut);
  leave.count_down();
  const Flight::Landing landing = flights.run("key", 0s, make);
  EXPECT_EQ(landing.value, 1);
}

TEST(Flights, CancellingEndsAllWaits) {
  Flight flights;
  std::latch inside(1);
  std::atomic<int> cancelled{0}, done{0};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    cancelled += flights
                     .run("key", 0s,
                          [&](const Stop &stop) {
                            inside.count_down();
                            return untilStopped(stop);
                          })
                     .end == Flight::End::Cancelled;
    ++done;
  });
  inside.wait();
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      cancelled += flights.run("key", 0s, untilStopped).end == Flight::End::Cancelled;
      ++done;
    });
  // A thread that comes after the first cancel starts a flight of its own, which the next one ends.
  while (done < 5) {
    flights.cancel();
    std::this_thread::sleep_for(1ms);
  }
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(cancelled, 5);
}

} // namespace
