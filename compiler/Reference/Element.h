//===- Element.h - the three element types ------------------- -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_REFERENCE_ELEMENT_H
#define MUNTIN_COMPILER_REFERENCE_ELEMENT_H

#include "runtime/abi/Problem.h"

#include <cstdint>

namespace muntin::reference {

/// Exact.
float floatFromF16(uint16_t bits);
float floatFromBF16(uint16_t bits);

/// To nearest, ties to even; beyond the largest number to infinity; a NaN stays one.
uint16_t f16FromFloat(float value);
uint16_t bf16FromFloat(float value);

/// Element `index` (in elements, may be negative) of an array of `type`.
double readElement(ElementType type, const void *array, int64_t index);
void writeElement(ElementType type, void *array, int64_t index, float value);

/// Elements [first, first + count) into `row`.
void readElements(ElementType type, const void *array, int64_t first, int64_t count, double *row);

} // namespace muntin::reference

#endif // MUNTIN_COMPILER_REFERENCE_ELEMENT_H
