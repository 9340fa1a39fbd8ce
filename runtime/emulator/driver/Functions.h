//===- Functions.h - what launches ask of functions -------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_DRIVER_FUNCTIONS_H
#define MUNTIN_EMULATOR_DRIVER_FUNCTIONS_H

#include "runtime/emulator/driver/State.h"

namespace muntin::emulator::driver {

bool isFunction(const Context &context, CUfunction f);
unsigned mostThreads(const Kernel &k);

} // namespace muntin::emulator::driver

#endif // MUNTIN_EMULATOR_DRIVER_FUNCTIONS_H
