//===- VariantsTest.cpp - an image for short and long grids -------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compile.h"

#include "runtime/abi/Image.h"
#include "runtime/abi/Problem.h"

#include "gtest/gtest.h"

#include <set>

namespace muntin::testing {
namespace {

struct Case {
  const char *key;
  int rank;
  size_t variants;
};

constexpr Case kCases[] = {
    {"muntin-problem-1 forward f32 rank=1 d=16 dv=16 target=x86-64-v4 mask=full()", 1, 2},
    {"muntin-problem-1 forward bf16 rank=2 d=16 dv=16 target=avx512-bf16 mask=sliding(left=3x3, right=3x3)", 2, 3},
    {"muntin-problem-1 forward f32 rank=3 d=16 dv=16 target=x86-64-v3 mask=sliding(left=1x3x3, right=1x3x3)", 3, 2},
};

Image imageOf(const Case &c) {
  const Compiled compiled = compile(c.key);
  EXPECT_EQ(compiled.code, StatusCode::Ok) << compiled.message;
  Result<Image> image = deserializeImage(compiled.bytes);
  EXPECT_TRUE(image) << c.key;
  return image ? std::move(*image) : Image();
}

bool holds(const Variant &variant, const Shape &shape) {
  for (const Guard &guard : variant.guards)
    if (*guard.left.evaluate(shape) > *guard.right.evaluate(shape))
      return false;
  return true;
}

/// Calls `check` with every grid of up to `most` tokens on each axis, and of a very long axis beside others.
template <typename Check> void forEachGrid(int rank, int64_t most, Check check) {
  const int64_t longest = (int64_t(1) << 31) - 1;
  std::vector<int64_t> extents;
  for (int64_t extent = 0; extent <= most; ++extent)
    extents.push_back(extent);
  extents.push_back(longest);
  const auto walk = [&](auto &self, std::vector<int64_t> grid) -> void {
    if (int(grid.size()) == rank)
      return check(grid);
    for (const int64_t extent : extents) {
      grid.push_back(extent);
      self(self, grid);
      grid.pop_back();
    }
  };
  walk(walk, {});
}

/// Whatever the extents, a variant takes them: the last takes all, and each of the others is the first for some.
TEST(ImageVariants, EveryGridHasOneAndEachHasAGrid) {
  for (const Case &c : kCases) {
    SCOPED_TRACE(c.key);
    const Image image = imageOf(c);
    ASSERT_EQ(image.variants.size(), c.variants);
    EXPECT_EQ(image.variants.back().name, "general");
    EXPECT_TRUE(image.variants.back().guards.empty());
    std::set<std::string> taken;
    forEachGrid(c.rank,
                c.rank == 1   ? 200
                : c.rank == 2 ? 40
                              : 12,
                [&](const std::vector<int64_t> &grid) {
                  const Shape shape{.grid = grid, .kvGrid = grid};
                  for (const Variant &variant : image.variants)
                    if (holds(variant, shape)) {
                      taken.insert(variant.name);
                      return;
                    }
                  ADD_FAILURE() << "no variant takes a grid that begins with " << grid[0];
                });
    EXPECT_EQ(taken.size(), c.variants);
  }
}

/// "short_2xN" has one guard, query0 <= 2.
TEST(ImageVariants, GuardsSayWhatTheNamesSay) {
  for (const Case &c : kCases)
    for (const Variant &variant : imageOf(c).variants) {
      std::string name;
      if (variant.guards.empty())
        continue;
      ASSERT_EQ(variant.guards.size(), 1u);
      const Guard &guard = variant.guards.front();
      for (int axis = 0; axis < c.rank; ++axis) {
        const Formula extent = Formula::symbol(Symbol(int(Symbol::Query0) + axis));
        name += (axis ? "x" : "short_") + (guard.left == extent ? guard.right.print() : "N");
      }
      EXPECT_EQ(variant.name, name);
    }
}

/// One object holds the kernels of all: each variant names entries of its own.
TEST(ImageVariants, EntriesAreTheirOwn) {
  for (const Case &c : kCases) {
    const Image image = imageOf(c);
    ASSERT_EQ(image.binaries.size(), 1u);
    std::set<std::string> entries;
    for (const Variant &variant : image.variants) {
      EXPECT_FALSE(variant.counting.empty()) << variant.name;
      for (const std::vector<Launch> *launches : {&variant.launches, &variant.counting})
        for (const Launch &launch : *launches) {
          EXPECT_TRUE(entries.insert(launch.entry).second) << launch.entry;
          EXPECT_NE(image.binaries[0].bytes.find(launch.entry + '\0'), std::string::npos) << launch.entry;
          EXPECT_EQ(launch.entry.find(variant.name) != std::string::npos, variant.name != "general") << launch.entry;
        }
    }
  }
}

/// Stages of variants are dumped and read back beside those of the general kernel.
TEST(ImageVariants, StagesHaveFilesOfTheirOwn) {
  TemporaryFolder folder;
  mtnc_options options{};
  options.struct_size = sizeof options;
  options.emit = MTNC_EMIT_ASM;
  options.dump_dir = folder.path.c_str();
  ASSERT_EQ(compile(kCases[0].key, options).code, StatusCode::Ok);
  std::set<std::string> plans;
  size_t tiles = 0;
  for (const auto &entry : std::filesystem::directory_iterator(folder.path))
    if (entry.path().string().ends_with("_tile.mlir"))
      ++tiles, plans.insert(readFile(entry.path()));
  EXPECT_EQ(tiles, kCases[0].variants);
  EXPECT_EQ(plans.size(), tiles);
}

} // namespace
} // namespace muntin::testing
