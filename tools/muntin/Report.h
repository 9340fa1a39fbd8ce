//===- Report.h - words, numbers and tables for people ---------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_TOOLS_MUNTIN_REPORT_H
#define MUNTIN_TOOLS_MUNTIN_REPORT_H

#include "runtime/abi/Result.h"

#include <nlohmann/json.hpp>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace muntin {

using Json = nlohmann::ordered_json;

std::string formatSeconds(double seconds);  ///< "1.23 ms"
std::string formatBytes(double bytes);      ///< "12.3 MiB"
std::string formatRate(double flopsPerSec); ///< "101 GFLOP/s"
std::string formatCount(uint64_t count);    ///< "9,834,496"
std::string formatPercent(double share);    ///< "43.2 %"

/// Rows of cells; a column whose cells below the head all start with a digit, sign or "-" is aligned right.
class Table {
public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string print() const;

private:
  std::vector<std::vector<std::string>> rows_;
};

/// Lines "name   value", names padded to one width.
class Facts {
public:
  void add(std::string name, std::string value) { lines_.emplace_back(std::move(name), std::move(value)); }
  std::string print() const;

private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

/// Writes to standard output; a failure (a full disk) is found by the flush at the end of main.
void emit(const std::string &text);
/// One JSON object and a newline. NaN and infinity become null: JSON has neither.
void emitJson(const Json &json);

/// The object in `text`, or the text itself where it is no JSON.
Json parseJsonOrText(const std::string &text);

/// Says on stderr what is being done once it has taken a second, and how long it took.
class Progress {
public:
  explicit Progress(std::string what);
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

private:
  std::string what_;
  std::mutex mutex_;
  std::condition_variable done_;
  bool finished_ = false;
  std::thread watcher_;
};

/// The exit code that `code` leads to.
int exitCode(StatusCode code);

} // namespace muntin

#endif // MUNTIN_TOOLS_MUNTIN_REPORT_H
