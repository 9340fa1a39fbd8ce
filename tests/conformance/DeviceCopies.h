//===- DeviceCopies.h - a case's tensors in a device's memory - -*- C++ -*--===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TESTS_CONFORMANCE_DEVICECOPIES_H
#define MUNTIN_TESTS_CONFORMANCE_DEVICECOPIES_H

#include "tests/conformance/CallSite.h"

#include <vector>

namespace muntin::conformance {

/// Copies of a call's tensors, gaps included, for as long as this lives; nothing where the device reads the host's
/// memory. An allocation ends where its tensor ends; one that is flush right there begins as far from the allocation's
/// beginning as it takes to end at a multiple of 16 bytes, so that all alignments occur.
class DeviceCopies {
public:
  DeviceCopies(mtn_session *session, bool needed) : session_(session), needed_(needed) {}
  ~DeviceCopies();
  DeviceCopies(const DeviceCopies &) = delete;
  /// Lets the tensors of `site` point to copies.
  Status send(const Case &c, CallSite &site);
  /// Lets `workspace` point to a copy.
  Status send(void *&workspace, size_t bytes);
  /// Brings the outputs back.
  Status fetch();
  /// What is true of all copied rows: the problem's alignment.
  int64_t alignment() const { return alignment_; }

private:
  struct Copy {
    void *memory = nullptr, *first = nullptr, *host = nullptr;
    size_t bytes = 0;
    bool output = false;
  };
  Status send(mtn_tensor &tensor, const Layout &layout, int64_t bytes, bool output, bool rows);

  mtn_session *session_;
  bool needed_;
  std::vector<Copy> copies_;
  int64_t alignment_ = 16;
};

} // namespace muntin::conformance

#endif // MUNTIN_TESTS_CONFORMANCE_DEVICECOPIES_H
