//===- Report.cpp - what went wrong, where --------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Report.h"

#include <cstdio>
#include <tuple>
#include <utility>

namespace muntin::emulator {

static constexpr ReportKindInfo kindTable[] = {
#define MUNTIN_KIND(id, name, fatal, code) {name, fatal, code},
    MUNTIN_EMULATOR_REPORTS(MUNTIN_KIND)
#undef MUNTIN_KIND
};

const ReportKindInfo &info(ReportKind kind) { return kindTable[static_cast<int>(kind)]; }

static std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out + '"';
}

static std::string hex(uint64_t v) {
  char buffer[20];
  std::snprintf(buffer, sizeof buffer, "0x%llx", static_cast<unsigned long long>(v));
  return buffer;
}

static std::string triple(const std::array<uint32_t, 3> &v) {
  return std::to_string(v[0]) + ", " + std::to_string(v[1]) + ", " + std::to_string(v[2]);
}

std::string Report::json() const {
  std::string out = "{\"kind\": " + quoted(info(kind).name) + ", \"kernel\": " + quoted(kernel) +
                    ", \"line\": " + std::to_string(line) + ", \"cta\": [" + triple(cta) +
                    "], \"warp\": " + std::to_string(warp) + ", \"lane\": " + std::to_string(lane) +
                    ", \"address\": " + quoted(hex(address)) + ", \"instruction\": " + quoted(text) +
                    ", \"message\": " + quoted(message);
  if (!source.empty())
    out += ", \"source\": " + quoted(source);
  if (!other.empty())
    out += ", \"other\": " + quoted(other) + ", \"other_line\": " + std::to_string(otherLine);
  return out + "}";
}

std::string Report::sentence() const {
  std::string out = std::string(info(kind).name) + " in " + kernel + " at PTX line " + std::to_string(line);
  if (!source.empty())
    out += " (" + source + ")";
  out += ": " + message;
  if (!text.empty())
    out += " [" + text + "]";
  if (warp >= 0)
    out += ", cta (" + triple(cta) + ") warp " + std::to_string(warp);
  if (lane >= 0)
    out += " lane " + std::to_string(lane);
  return other.empty() ? out : out + "; other access: " + other;
}

void ReportSink::add(Report report) {
  const std::lock_guard lock(mutex_);
  if (reports_.size() >= MostReports ||
      !seen_.insert({report.kind, report.kernel, report.line, report.otherLine}).second)
    return;
  if (!file_.empty())
    if (std::FILE *f = std::fopen(file_.c_str(), "a")) {
      std::fprintf(f, "%s\n", report.json().c_str());
      std::fclose(f);
    }
  reports_.push_back(std::move(report));
}

std::vector<Report> ReportSink::take() {
  const std::lock_guard lock(mutex_);
  seen_.clear();
  return std::exchange(reports_, {});
}

std::vector<Report> ReportSink::all() const {
  const std::lock_guard lock(mutex_);
  return reports_;
}

bool ReportSink::anyFatal() const {
  const std::lock_guard lock(mutex_);
  for (const Report &r : reports_)
    if (info(r.kind).fatal)
      return true;
  return false;
}

void ReportSink::writeTo(std::string file) {
  const std::lock_guard lock(mutex_);
  file_ = std::move(file);
}

} // namespace muntin::emulator
