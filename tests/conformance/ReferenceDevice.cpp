//===- ReferenceDevice.cpp - the reference in the place of a device -------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Element.h"
#include "compiler/Reference/Pairs.h"
#include "tests/conformance/Device.h"

#include <mutex>
#include <set>

namespace muntin::conformance {
namespace {

class ReferenceDevice : public Device {
public:
  Status run(const Case &c, const reference::Inputs &inputs, const reference::Outputs &outputs, int threads) override {
    remember(problemKey(c.problem));
    const auto rows = reference::attend(c.problem, c.shape, inputs, threads);
    const auto grids = reference::makeGrids(c.shape.grid, c.shape.kvGrid);
    const int64_t tokens = reference::tokenCount(grids.query);
    for (int64_t i = 0; i < static_cast<int64_t>(rows.size()); ++i) {
      const int64_t head = i % c.shape.heads, token = i / c.shape.heads;
      const auto write = [&](const reference::TensorView &view, int64_t d, double value) {
        const int64_t first = view.offset(token / tokens, reference::tokenAt(grids.query, token % tokens), head);
        reference::writeElement(view.element, const_cast<void *>(view.data), first + d, static_cast<float>(value));
      };
      for (int64_t d = 0; d < c.problem.valueDim; ++d)
        write(outputs.out, d, rows[i].out[d]);
      if (outputs.lse.data)
        write(outputs.lse, 0, rows[i].lse);
    }
    return {};
  }
  Result<uint64_t> processedPairs(const Case &c, const reference::Inputs &inputs) override {
    const Result<int64_t> pairs = reference::pairsKept(c.problem, c.shape, inputs);
    return pairs ? Result<uint64_t>(static_cast<uint64_t>(*pairs)) : pairs.status();
  }
  uint64_t compiles() const override {
    const std::lock_guard lock(mutex_);
    return keys_.size();
  }

private:
  void remember(std::string key) {
    const std::lock_guard lock(mutex_);
    keys_.insert(std::move(key));
  }
  mutable std::mutex mutex_;
  std::set<std::string> keys_;
};

} // namespace

std::unique_ptr<Device> makeReferenceDevice() { return std::make_unique<ReferenceDevice>(); }

} // namespace muntin::conformance
