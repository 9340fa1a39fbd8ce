//===- Problems.cpp - many problems on one command line -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/muntin/Problems.h"

#include "tools/muntin/File.h"
#include "tools/muntin/Report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

using namespace muntin;

namespace {
struct Field {
  const char *name; ///< behind "--"
  Text Options::*value;
};
} // namespace

/// What a problem is made of.
static constexpr Field kFields[] = {{"op", &Options::op},
                                    {"mask", &Options::mask},
                                    {"rank", &Options::rank},
                                    {"dtype", &Options::dtype},
                                    {"head-dim", &Options::headDim},
                                    {"value-dim", &Options::valueDim},
                                    {"template", &Options::templateName},
                                    {"plan", &Options::plan},
                                    {"shared", &Options::shared}};

static constexpr uint64_t kMostBytes = uint64_t{16} << 20; ///< of a file of problems
static constexpr size_t kMostProblems = 100000;

void muntin::addRepeatedOptions(CLI::App &command, Options &o) {
  for (const Field &field : kFields) {
    CLI::Option *option = command.get_option(std::string("--") + field.name);
    // The last one stays in the text; each() sees them all, in their order.
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->each([&o, name = field.name](const std::string &value) { o.repeated[name].push_back(value); });
  }
  command.add_option("--problems", o.problems, "a JSON list of problems; may be repeated")
      ->type_name("FILE")
      ->group("Problem")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static std::string knownFields() {
  std::string names;
  for (const Field &field : kFields)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", field.name);
  return names;
}

/// A text, or a number as a text; nothing for all else.
static Text valueOf(const Json &json) {
  if (json.is_string())
    return json.get<std::string>();
  return json.is_number_integer() ? Text(json.dump()) : std::nullopt;
}

static Result<Options> readProblem(const Options &others, const Json &json) {
  if (!json.is_object())
    return Status::invalid(fmt::format("is a {}; expected an object", json.type_name()));
  Options problem = others;
  for (const auto &[name, value] : json.items()) {
    const auto *field =
        std::ranges::find(kFields, name, [](const Field &known) { return std::string_view(known.name); });
    if (field == std::end(kFields))
      return Status::invalid(fmt::format("has a field '{}'; expected {}", name, knownFields()));
    const Text text = valueOf(value);
    if (!text)
      return Status::invalid(fmt::format("{} is a {}; expected a string or a whole number", name, value.type_name()));
    problem.*field->value = text;
  }
  return problem;
}

Result<std::vector<Options>> muntin::readProblems(const Options &others, std::string_view text) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception &error) { // the library's only way to say where
    return Status::invalid(fmt::format("is no JSON: {}", error.what()));
  }
  if (!json.is_array() || json.empty())
    return Status::invalid(fmt::format("is {}; expected a list of problems",
                                       json.is_array() ? "an empty list" : fmt::format("a {}", json.type_name())));
  if (json.size() > kMostProblems)
    return Status::invalid(fmt::format("has {} problems; expected {} at most", json.size(), kMostProblems));
  std::vector<Options> problems;
  for (const Json &element : json) {
    Result<Options> problem = readProblem(others, element);
    if (!problem)
      return Status::invalid(fmt::format("problem {}: {}", problems.size() + 1, problem.status().message()));
    problems.push_back(std::move(*problem));
  }
  return problems;
}

static Result<std::string> readText(const std::string &path) {
  const Result<InputFile> file = InputFile::open(path);
  if (!file)
    return file.status();
  if (file->size() > kMostBytes)
    return Status::invalid(fmt::format("{}: has {} bytes; expected {} at most", path, file->size(), kMostBytes));
  std::string text(file->size(), '\0');
  if (Status status = file->read(0, text.data(), text.size()); !status)
    return status;
  return text;
}

//===----------------------------------------------------------------------===//
// Combinations
//===----------------------------------------------------------------------===//

static Result<std::vector<Options>> combine(const Options &options) {
  std::vector<Options> all = {options};
  for (const Field &field : kFields) {
    const auto values = options.repeated.find(field.name);
    if (values == options.repeated.end() || values->second.size() < 2)
      continue;
    if (all.size() * values->second.size() > kMostProblems)
      return Status::invalid(fmt::format("--{}: there are more than {} combinations", field.name, kMostProblems));
    std::vector<Options> more;
    for (const Options &problem : all)
      for (const std::string &value : values->second) {
        more.push_back(problem);
        more.back().*field.value = value;
      }
    all = std::move(more);
  }
  return all;
}

Result<std::vector<Options>> muntin::expandProblems(const Options &options) {
  Result<std::vector<Options>> combinations = combine(options);
  if (!combinations || options.problems.empty())
    return combinations;
  std::vector<Options> problems;
  for (const std::string &path : options.problems) {
    const Result<std::string> text = readText(path);
    if (!text)
      return Status(text.status().code(), fmt::format("--problems {}", text.status().message()));
    for (const Options &others : *combinations) {
      Result<std::vector<Options>> read = readProblems(others, *text);
      if (!read)
        return Status::invalid(fmt::format("--problems {}: {}", path, read.status().message()));
      problems.insert(problems.end(), read->begin(), read->end());
    }
  }
  return problems;
}
