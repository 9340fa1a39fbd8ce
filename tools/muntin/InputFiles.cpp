//===- InputFiles.cpp - tensors from files, and what their shapes say -----===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/InputFiles.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace muntin;

Result<std::optional<InputFiles>> muntin::readInputFiles(const Options &o) {
  if (!o.q && !o.k && !o.v)
    return std::optional<InputFiles>();
  const std::pair<const char *, const Text *> files[] = {{"--q", &o.q}, {"--k", &o.k}, {"--v", &o.v}};
  for (auto [name, file] : files)
    if (!*file)
      return Status::invalid(fmt::format("{} is missing; --q, --k and --v go together", name));
  if (o.random)
    return Status::invalid("--random is given together with files; expected one of them");
  InputFiles result;
  NpyArray *arrays[] = {&result.q, &result.k, &result.v};
  for (int i = 0; i < 3; ++i) {
    Result<NpyArray> array = readNpy(**files[i].second);
    if (!array)
      return Status(array.status().code(), fmt::format("{} {}", files[i].first, array.status().message()));
    if (array->header.type == NpyType::I32)
      return Status::invalid(fmt::format("{} {}: has dtype int32; expected float32, float16 or bfloat16",
                                         files[i].first, **files[i].second));
    *arrays[i] = std::move(*array);
  }
  return std::optional<InputFiles>(std::move(result));
}

static std::string printShape(const std::vector<int64_t> &shape) {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

Result<FileFacts> muntin::readFacts(const InputFiles &files) {
  const std::vector<int64_t> &q = files.q.header.shape, &k = files.k.header.shape, &v = files.v.header.shape;
  if (q.size() < 4 || q.size() > 3 + kMaxRank)
    return Status::invalid(fmt::format("--q has shape {} of {} dimensions; expected [batch, *grid, heads, dim], 4 to 6",
                                       printShape(q), q.size()));
  for (auto [name, shape] : {std::pair{"--k", &k}, std::pair{"--v", &v}})
    if (shape->size() != q.size())
      return Status::invalid(fmt::format("{} has shape {} of {} dimensions; expected {}, as --q {} has", name,
                                         printShape(*shape), shape->size(), q.size(), printShape(q)));
  const size_t last = q.size() - 1;
  const auto disagree = [](const char *what, const char *name, int64_t value, const char *other, int64_t bound) {
    return Status::invalid(fmt::format("{} of {} is {}; expected {}, that of {}", what, name, value, bound, other));
  };
  if (k[0] != q[0] || v[0] != q[0])
    return k[0] != q[0] ? disagree("the batch", "--k", k[0], "--q", q[0])
                        : disagree("the batch", "--v", v[0], "--q", q[0]);
  if (k[last] != q[last])
    return disagree("the head dimension", "--k", k[last], "--q", q[last]);
  for (size_t axis = 1; axis < last; ++axis)
    if (v[axis] != k[axis])
      return disagree(axis + 1 == last ? "the number of heads" : "a grid extent", "--v", v[axis], "--k", k[axis]);
  FileFacts facts;
  facts.grid.assign(q.begin() + 1, q.end() - 2);
  facts.kvGrid.assign(k.begin() + 1, k.end() - 2);
  facts.batch = Number{"--q", q[0]};
  facts.heads = Number{"--q", q[last - 1]};
  facts.kvHeads = Number{"--k", k[last - 1]};
  facts.headDim = Number{"--q", q[last]};
  facts.valueDim = Number{"--v", v[last]};
  if (files.q.header.type == files.k.header.type && files.q.header.type == files.v.header.type)
    facts.element = files.q.header.type == NpyType::F32   ? ElementType::F32
                    : files.q.header.type == NpyType::F16 ? ElementType::F16
                                                          : ElementType::BF16;
  return facts;
}
