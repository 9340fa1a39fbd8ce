//===- Threads.h - the same work on several threads -------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_EXEC_THREADS_H
#define MUNTIN_EMULATOR_EXEC_THREADS_H

namespace muntin::emulator {

/// How many threads would work at once; 0 asks for all cores.
int threadsFor(unsigned wanted);
/// Calls work(context) `times` times on oneTBB's threads and returns when all are done. The file behind it is not
/// instrumented by sanitizers, as oneTBB is not: the caller shows them what it hands over (Grid.cpp).
void onThreads(unsigned wanted, int times, void (*work)(void *context), void *context);

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_EXEC_THREADS_H
