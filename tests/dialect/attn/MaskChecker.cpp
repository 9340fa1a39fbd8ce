//===- MaskChecker.cpp - a mask's answers against its law ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MaskChecker.h"

#include "gtest/gtest.h"

namespace muntin::testing {

void Tally::print(const char *what) const {
  std::printf("%s: %lld masks, %lld pairs, %lld hulls, %lld common boxes, %lld classes\n", what, (long long)masks,
              (long long)elements, (long long)hulls, (long long)commons, (long long)classes);
}

static std::string text(const Coords &numbers) { return ::testing::PrintToString(numbers); }

static std::string text(const Tokens &box) {
  return "origin " + text(box.origin) + " step " + text(box.step) + " count " + text(box.count);
}

std::vector<Tokens> allBoxes(int64_t extent, int64_t step) {
  std::vector<Tokens> boxes;
  for (int64_t origin = 0; origin < extent; ++origin)
    for (int64_t count = 1; origin + step * (count - 1) < extent; ++count)
      boxes.push_back({{origin}, {step}, {count}});
  return boxes;
}

MaskChecker::MaskChecker(const Mask &mask, unsigned rank, Tally &tally)
    : mask(mask), rank(rank), tally(tally), attr(attributeOf(mask)), element(MaskProgram::allows(attr, rank)) {
  ++tally.masks;
  if (attr.separable(rank))
    byAxes = MaskProgram::allowsByAxes(attr, rank);
}

std::string MaskChecker::describe() const {
  return printMask(mask) + " on grid " + text(grids.query) + ", key grid " + text(grids.key);
}

void MaskChecker::setGrids(const Grids &newGrids) {
  grids = newGrids;
  const int64_t queries = tokenCount(grids.query), keys = tokenCount(grids.key);
  keysOf.assign(queries, {});
  queriesOf.assign(keys, {});
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t j = 0; j < keys; ++j)
      if (testing::allows(mask, grids, tokenAt(grids.query, i), tokenAt(grids.key, j)))
        keysOf[i].set(j), queriesOf[j].set(i);
}

MaskChecker::Set MaskChecker::setOf(const Tokens &tokens, const Coords &extents) const {
  Set set;
  for (int64_t i = 0; i < tokens.size(); ++i)
    set.set(flatIndex(extents, tokens.at(i)));
  return set;
}

bool MaskChecker::checkElements() {
  for (size_t i = 0; i < keysOf.size(); ++i)
    for (size_t j = 0; j < queriesOf.size(); ++j) {
      const Coords query = tokenAt(grids.query, i), key = tokenAt(grids.key, j);
      const bool expected = keysOf[i][j];
      ++tally.elements;
      bool right = element.allows(grids, query, key) == expected;
      right &= !byAxes || byAxes->allows(grids, query, key) == expected;
      for (unsigned axis = 0; axis < rank; ++axis)
        right &= !expected || (query[axis] - key[axis]) % attr.residuePeriod(axis) == 0;
      if (!right) {
        ADD_FAILURE() << describe() << ": query " << text(query) << ", key " << text(key) << ": expected " << expected;
        return false;
      }
    }
  return true;
}

bool MaskChecker::checkHull(const Tokens &from, const Tokens &live, bool exact, bool fromKeys) {
  const Coords &extents = fromKeys ? grids.query : grids.key;
  ++tally.hulls;
  bool inside = true, sameClass = true;
  for (unsigned axis = 0; axis < rank; ++axis) {
    const int64_t last = live.origin[axis] + (live.count[axis] - 1) * live.step[axis];
    inside &= live.size() == 0 || (live.origin[axis] >= 0 && last < extents[axis]);
    sameClass &=
        live.size() == 0 || live.step[axis] == 1 ||
        (from.step[axis] % live.step[axis] == 0 && (live.origin[axis] - from.origin[axis]) % live.step[axis] == 0);
  }
  Set truth;
  for (int64_t i = 0; i < from.size(); ++i)
    truth |= (fromKeys ? queriesOf : keysOf)[flatIndex(fromKeys ? grids.key : grids.query, from.at(i))];
  const Set hull = inside ? setOf(live, extents) : Set();
  bool narrow = true; // as the rules promise
  for (unsigned axis = 0; axis < rank && exact && !fromKeys; ++axis) {
    const std::optional<attn::AxisRule> rule = attr.axisRule(axis);
    const auto most = rule ? rule->mostTokens((from.count[axis] - 1) * from.step[axis]) : std::nullopt;
    narrow &= !most || (live.count[axis] - 1) * live.step[axis] < *most;
  }
  const bool right = inside && sameClass && narrow && (truth & ~hull).none() && (!exact || truth == hull);
  if (!right)
    ADD_FAILURE() << describe() << ": live " << (fromKeys ? "queries" : "keys") << " of " << text(from) << " are "
                  << text(live) << (exact ? " (exact)" : "") << (narrow ? "" : ", more than the rules say")
                  << ", expected " << truth.to_string().substr(256 - 64);
  return right;
}

bool MaskChecker::checkHulls(bool fromKeys, const std::vector<Tokens> &boxes, const Coords &step) {
  auto [it, isNew] = livePrograms.try_emplace({fromKeys, step});
  if (isNew)
    it->second = MaskProgram::live(attr, fromKeys, step);
  for (const Tokens &box : boxes)
    if (!checkHull(box, it->second.live(grids, box), it->second.isExact(), fromKeys))
      return false;
  return true;
}

bool MaskChecker::checkCommon(const std::vector<Tokens> &boxes, const Coords &step) {
  auto [it, isNew] = commonPrograms.try_emplace(step);
  if (isNew)
    it->second = MaskProgram::common(attr, step);
  if (!it->second)
    return true;
  for (const Tokens &from : boxes) {
    Set truth = setOf({Coords(rank), Coords(rank, 1), grids.key}, grids.key);
    for (int64_t i = 0; i < from.size(); ++i)
      truth &= keysOf[flatIndex(grids.query, from.at(i))];
    const Tokens common = it->second->live(grids, from);
    ++tally.commons;
    bool inside = true;
    for (unsigned axis = 0; axis < rank; ++axis)
      inside &=
          common.size() == 0 || (common.origin[axis] >= 0 &&
                                 common.origin[axis] + (common.count[axis] - 1) * common.step[axis] < grids.key[axis]);
    if (!inside || setOf(common, grids.key) != truth) {
      ADD_FAILURE() << describe() << ": common keys of " << text(from) << " are " << text(common) << ", expected "
                    << truth.to_string().substr(256 - 64);
      return false;
    }
  }
  return true;
}

bool MaskChecker::checkClasses(const std::vector<Tokens> &queries, const Coords &queryStep,
                               const std::vector<Tokens> &keys, const Coords &keyStep, Proofs proofs) {
  auto [it, isNew] = classPrograms.try_emplace({queryStep, keyStep});
  if (isNew)
    it->second = MaskProgram::classify(attr, queryStep, keyStep);
  std::vector<Set> keySets;
  for (const Tokens &box : keys)
    keySets.push_back(setOf(box, grids.key));
  for (const Tokens &box : queries) {
    Set any, all = ~Set();
    for (int64_t i = 0; i < box.size(); ++i) {
      const Set &one = keysOf[flatIndex(grids.query, box.at(i))];
      any |= one, all &= one;
    }
    for (size_t j = 0; j < keys.size(); ++j) {
      const bool empty = (any & keySets[j]).none(), full = (keySets[j] & ~all).none();
      const attn::MaskClass got = it->second.classify(grids, box, keys[j]);
      ++tally.classes;
      const bool right = proofs == Proofs::Complete
                             ? got == (empty  ? attn::Empty
                                       : full ? attn::Full
                                              : attn::Partial)
                             : (got == attn::Empty && empty) || (got == attn::Full && full) || got == attn::Partial;
      if (!right) {
        ADD_FAILURE() << describe() << ": queries " << text(box) << ", keys " << text(keys[j]) << ": got class " << got
                      << ", expected empty = " << empty << ", full = " << full;
        return false;
      }
    }
  }
  return true;
}

} // namespace muntin::testing
