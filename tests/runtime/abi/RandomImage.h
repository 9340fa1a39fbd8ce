//===- RandomImage.h - images of nothing in particular ----------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_RUNTIME_ABI_RANDOMIMAGE_H
#define MUNTIN_TESTS_RUNTIME_ABI_RANDOMIMAGE_H

#include "runtime/abi/Image.h"
#include "tests/support/RandomMask.h"

namespace muntin::testing {

inline std::string randomText(Random &random) {
  std::string text(pick(random, 0, 6), '\0');
  for (char &c : text)
    c = static_cast<char>(pick(random, 0, 255));
  return text;
}

template <typename Make> auto randomList(Random &random, int64_t most, Make make) {
  std::vector<decltype(make(random))> list(pick(random, 0, most));
  for (auto &element : list)
    element = make(random);
  return list;
}

inline Formula randomFormula(Random &random) {
  return {randomList(random, 4, [](Random &random) {
    return Formula::Step{static_cast<Formula::Op>(pick(random, 0, 8)), static_cast<int64_t>(random())};
  })};
}

inline Launch randomLaunch(Random &random) {
  return {randomText(random), randomFormula(random), static_cast<int64_t>(random()), randomFormula(random),
          randomList(random, 3, [](Random &random) {
            return Argument{static_cast<Argument::Kind>(pick(random, 0, 6)), static_cast<uint8_t>(random()),
                            static_cast<uint8_t>(random()), randomFormula(random)};
          }),
          static_cast<int64_t>(random())};
}

inline Image randomImage(Random &random) {
  Image image;
  image.problemKey = randomText(random);
  image.plan = randomText(random);
  image.variants = randomList(random, 2, [](Random &random) {
    return Variant{
        randomText(random),
        randomList(random, 2, [](Random &random) { return Guard{randomFormula(random), randomFormula(random)}; }),
        randomList(random, 2, randomLaunch), randomList(random, 1, randomLaunch), randomFormula(random)};
  });
  image.binaries = randomList(random, 2, [](Random &random) {
    return Binary{static_cast<Binary::Kind>(pick(random, 0, 2)), randomText(random), randomText(random)};
  });
  return image;
}

} // namespace muntin::testing

#endif // MUNTIN_TESTS_RUNTIME_ABI_RANDOMIMAGE_H
