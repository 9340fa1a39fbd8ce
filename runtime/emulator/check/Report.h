//===- Report.h - what went wrong, where ------------------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EMULATOR_CHECK_REPORT_H
#define MUNTIN_EMULATOR_CHECK_REPORT_H

#include <array>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace muntin::emulator {

/// kind: name in reports; fatal: ends the launch; CUDA error code.
#define MUNTIN_EMULATOR_REPORTS(X)                                                                                     \
  X(OutOfBounds, "out_of_bounds", true, 700)                                                                           \
  X(UseAfterFree, "use_after_free", true, 700)                                                                         \
  X(StackOverflow, "stack_overflow", true, 700)                                                                        \
  X(Misaligned, "misaligned", true, 716)                                                                               \
  X(Trap, "trap", true, 719)                                                                                           \
  X(Deadlock, "deadlock", true, 702)                                                                                   \
  X(StepLimit, "step_limit", true, 702)                                                                                \
  X(Race, "race", true, 719)                                                                                           \
  X(BarrierMisuse, "barrier_misuse", true, 719)                                                                        \
  X(AsyncMisuse, "async_misuse", true, 719)                                                                            \
  X(RegisterHazard, "register_hazard", true, 719)                                                                      \
  X(IllegalInstruction, "illegal_instruction", true, 715)                                                              \
  X(UninitializedRead, "uninitialized_read", false, 0)                                                                 \
  X(Remark, "remark", false, 0)

enum class ReportKind : uint8_t {
#define MUNTIN_KIND(id, name, fatal, code) id,
  MUNTIN_EMULATOR_REPORTS(MUNTIN_KIND)
#undef MUNTIN_KIND
};

struct ReportKindInfo {
  std::string_view name;
  bool fatal;
  int cudaError;
};
const ReportKindInfo &info(ReportKind kind);

struct Report {
  ReportKind kind = ReportKind::Remark;
  std::string kernel;
  uint32_t line = 0;  ///< of the PTX text
  std::string source; ///< "file:line" where .loc gives it
  std::string text;   ///< the instruction
  std::array<uint32_t, 3> cta = {};
  int warp = -1, lane = -1;
  uint64_t address = 0;
  std::string message;
  std::string other; ///< the other access of a race, in words
  uint32_t otherLine = 0;

  std::string json() const;
  std::string sentence() const;
};

/// Collects reports of all threads; one per kind and pair of lines, at most MostReports.
class ReportSink {
public:
  void add(Report report);
  std::vector<Report> take();
  std::vector<Report> all() const;
  bool anyFatal() const;
  /// Appends each report as a line of JSON.
  void writeTo(std::string file);

private:
  static constexpr size_t MostReports = 1000;
  mutable std::mutex mutex_;
  std::vector<Report> reports_;
  std::set<std::tuple<ReportKind, std::string, uint32_t, uint32_t>> seen_;
  std::string file_;
};

/// Thrown by handlers, caught by the grid. Ends the launch.
struct Fault {
  Report report;
};

} // namespace muntin::emulator

#endif // MUNTIN_EMULATOR_CHECK_REPORT_H
