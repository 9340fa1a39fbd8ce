//===- Recipe.h - what a lowered kernel says about its launch --*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lowerings leave the arguments of a kernel as attributes, one text each, from
// which compiler/Emit writes the launch recipe.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_COMPILER_TILE_RECIPE_H
#define MUNTIN_COMPILER_TILE_RECIPE_H

#include "dialect/tile/Tile.h"
#include "runtime/abi/Image.h"

#include "llvm/ADT/StringRef.h"

namespace muntin {

/// "kind index axis", and operation and value of each step of the formula.
std::string encodeArgument(const Argument &argument);
Argument decodeArgument(llvm::StringRef text);

/// Query boxes of all residue classes, heads and batch entries.
Formula tasksFormula(tile::PlanAttr plan);
/// Key boxes that cover the grid.
Formula keyBoxesFormula(tile::PlanAttr plan);

} // namespace muntin

#endif // MUNTIN_COMPILER_TILE_RECIPE_H
