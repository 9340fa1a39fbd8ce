//===- Architectures.cpp - which machine code images carry -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Assemble/Architectures.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

using namespace muntin;

/// 90 of "sm_90" and "sm_90a"; 0 of anything else.
static int numberOf(const std::string &name) {
  constexpr std::string_view prefix = "sm_";
  constexpr size_t leastDigits = 2, mostDigits = 3;
  if (!name.starts_with(prefix))
    return 0;
  int number = 0;
  const char *begin = name.data() + prefix.size(), *end = name.data() + name.size();
  const auto [last, error] = std::from_chars(begin, end, number);
  const std::string_view rest(last, static_cast<size_t>(end - last));
  const auto digits = static_cast<size_t>(last - begin);
  const bool legal =
      error == std::errc() && digits >= leastDigits && digits <= mostDigits && (rest.empty() || rest == "a");
  return legal ? number : 0;
}

Result<std::vector<std::string>> muntin::parseArchitectures(const std::string &text, const std::string &target) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    std::string name = text.substr(begin, end - begin);
    begin = end + 1;
    const int number = numberOf(name);
    if (number == 0 || number < numberOf(target))
      return Status::invalid(
          fmt::format("cubin is '{}', expected architectures from {} on, as in sm_80,sm_90", name, target));
    if (std::ranges::find(names, name) != names.end())
      return Status::invalid(fmt::format("cubin is '{}', which stands twice in '{}'", name, text));
    names.push_back(std::move(name));
  }
  return names;
}
