//===- Report.cpp - words, numbers and tables for people ------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Report.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

using namespace muntin;

static std::string scaled(double value, double base, const std::vector<const char *> &units) {
  size_t unit = 0;
  while (unit + 1 < units.size() && std::abs(value) >= base) {
    value /= base;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, std::abs(value) >= 100 ? 0 : std::abs(value) >= 10 ? 1 : 2, units[unit]);
}

std::string muntin::formatSeconds(double seconds) {
  return seconds >= 1 ? fmt::format("{:.2f} s", seconds) : scaled(seconds * 1e9, 1000, {"ns", "us", "ms"});
}

std::string muntin::formatBytes(double bytes) {
  return bytes < 1024 ? fmt::format("{:.0f} bytes", bytes) : scaled(bytes, 1024, {"bytes", "KiB", "MiB", "GiB", "TiB"});
}

std::string muntin::formatRate(double flops) {
  return scaled(flops, 1000, {"FLOP/s", "kFLOP/s", "MFLOP/s", "GFLOP/s", "TFLOP/s"});
}

std::string muntin::formatPercent(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string muntin::formatCount(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3; at -= 3)
    digits.insert(at - 3, ",");
  return digits;
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

static std::string pad(const std::string &cell, size_t width, bool right) {
  const std::string space(width > cell.size() ? width - cell.size() : 0, ' ');
  return right ? space + cell : cell + space;
}

static bool isNumeric(const std::string &cell) {
  return cell.empty() || std::string_view("0123456789+-").find(cell.front()) != std::string_view::npos;
}

std::string Table::print() const {
  const size_t columns = rows_.front().size();
  std::vector<size_t> width(columns, 0);
  std::vector<bool> right(columns, rows_.size() > 1);
  for (size_t r = 0; r < rows_.size(); ++r)
    for (size_t c = 0; c < columns; ++c) {
      width[c] = std::max(width[c], rows_[r][c].size());
      right[c] = right[c] && (r == 0 || isNumeric(rows_[r][c]));
    }
  std::string text;
  for (const std::vector<std::string> &row : rows_) {
    std::string line;
    for (size_t c = 0; c < columns; ++c)
      line += pad(row[c], width[c], right[c]) + (c + 1 < columns ? "  " : "");
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

std::string Facts::print() const {
  size_t width = 0;
  for (const auto &[name, value] : lines_)
    width = std::max(width, name.size());
  std::string text;
  for (const auto &[name, value] : lines_)
    text += pad(name, width, false) + "  " + value + '\n';
  return text;
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

void muntin::emit(const std::string &text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void muntin::emitJson(const Json &json) {
  // Text from elsewhere (a processor's name) may not be UTF-8; that must not throw.
  emit(json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

Json muntin::parseJsonOrText(const std::string &text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? Json(text) : json;
}

Progress::Progress(std::string what) : what_(std::move(what)) {
  watcher_ = std::thread([this] {
    const auto start = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    if (done_.wait_for(lock, std::chrono::seconds(1), [this] { return finished_; }))
      return;
    std::fputs(fmt::format("muntin: {} ...\n", what_).c_str(), stderr);
    done_.wait(lock, [this] { return finished_; });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::fputs(fmt::format("muntin: {} took {:.1f} s\n", what_, seconds).c_str(), stderr);
  });
}

Progress::~Progress() {
  {
    std::lock_guard lock(mutex_);
    finished_ = true;
  }
  done_.notify_one();
  watcher_.join();
}

int muntin::exitCode(StatusCode code) {
  switch (code) {
  case StatusCode::Ok: return 0;
  case StatusCode::CheckFailed: return 1;
  case StatusCode::InvalidArgument:
  case StatusCode::NotInThisVersion:
  case StatusCode::IoError: return 2;
  case StatusCode::Unavailable:
  case StatusCode::OutOfMemory:
  case StatusCode::Cancelled:
  case StatusCode::TimedOut: return 3;
  case StatusCode::CompileFailed: return 4;
  }
  return 4;
}
