//===- FakeCompiler.cpp - a compiler library without a compiler *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Implements Compiler.h for the tests of the runtime: images whose machine code
// is FakeKernel.c. The problem's plan says how it shall behave:
//
//   endless   until it is stopped
//   slow      takes a while          fail      fails, with a reproducer
//   damaged   a flipped byte         alien     an image for another problem
//   noentry   names a missing entry  guards    no variant takes more than 4 keys
//   foreign   for another target     argument  an argument that names tensor 9
//
// Each compilation adds a line with its key to the file FAKE_COMPILER_LOG, and
// takes as long as there is a file FAKE_COMPILER_HOLD.
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/fake/FakeCompiler.h"
#include "runtime/abi/Compiler.h"
#include "runtime/abi/Image.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>
#include <thread>

using namespace muntin;

namespace {

std::atomic<int> compiles{0}, running{0}, mostRunning{0}, unfreed{0};

char *copyOf(std::string_view text) {
  auto *copy = static_cast<char *>(std::malloc(text.size() + 1));
  if (!copy)
    throw std::bad_alloc();
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

std::string kernelBytes() {
  std::ifstream file(FAKE_KERNEL, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Formula product(Formula left, const Formula &right) { return Formula::apply(Formula::Op::Mul, std::move(left), right); }

/// The slots of FakeKernel.c.
std::vector<Argument> arguments(int64_t valueDim) {
  const auto pointer = [](Tensor tensor) {
    return Argument{.kind = Argument::Kind::TensorPointer, .index = static_cast<uint8_t>(tensor)};
  };
  const auto value = [](Formula formula) { return Argument{.formula = std::move(formula)}; };
  std::vector<Argument> list = {pointer(Tensor::Value),
                                pointer(Tensor::Out),
                                pointer(Tensor::Lse),
                                {.kind = Argument::Kind::Workspace, .formula = Formula::constant(64)},
                                {.kind = Argument::Kind::Counter},
                                {.kind = Argument::Kind::Scale}};
  for (const Tensor tensor : {Tensor::Value, Tensor::Out, Tensor::Lse})
    for (uint8_t axis = 0; axis < 3; ++axis)
      list.push_back({.kind = Argument::Kind::Stride, .index = static_cast<uint8_t>(tensor), .axis = axis});
  for (const Symbol symbol : {Symbol::Heads, Symbol::KvHeads, Symbol::Query0, Symbol::Key0})
    list.push_back(value(Formula::symbol(symbol)));
  list.push_back(value(Formula::constant(valueDim)));
  return list;
}

Variant variant(const Problem &problem) {
  const Formula rows =
      product(product(Formula::symbol(Symbol::Batch), Formula::symbol(Symbol::Heads)), Formula::symbol(Symbol::Query0));
  const Formula heads = product(Formula::symbol(Symbol::Batch), Formula::symbol(Symbol::KvHeads));
  const Formula rowBytes = Formula::constant(4 * problem.valueDim);
  const std::vector<Argument> slots = arguments(problem.valueDim);
  Variant result{.name = "general"};
  result.launches = {{.entry = "fake_sums", .tasks = heads, .scratch = rowBytes, .arguments = slots},
                     {.entry = "fake_spread", .tasks = rows, .scratch = Formula::constant(0), .arguments = slots}};
  result.counting = {{.entry = "fake_count", .tasks = rows, .scratch = Formula::constant(0), .arguments = slots}};
  result.workspace = Formula::apply(Formula::Op::Add, product(heads, rowBytes), Formula::constant(64));
  return result;
}

Image imageOf(const std::string &key, const Problem &problem) {
  Variant few = variant(problem);
  few.name = "few";
  few.guards = {{Formula::symbol(Symbol::Key0), Formula::constant(4)}};
  Image image{.problemKey = key, .plan = R"({"template":"fake"})", .variants = {few, variant(problem)}};
  image.binaries = {{.kind = Binary::Kind::SharedObject, .target = problem.target, .bytes = kernelBytes()}};
  if (problem.plan == "noentry")
    image.variants[1].launches[0].entry = "fake_nothing";
  if (problem.plan == "guards")
    image.variants.pop_back();
  if (problem.plan == "foreign")
    image.binaries[0].target = "sm_80";
  if (problem.plan == "argument")
    image.variants[0].launches[0].arguments[0].index = 9;
  if (problem.plan == "alien") {
    Problem other = problem;
    other.headDim += 1;
    image.problemKey = problemKey(other);
  }
  return image;
}

/// One write to the end: lines of many processes do not mix.
void logCompilation(const std::string &key) {
  const char *path = std::getenv("FAKE_COMPILER_LOG");
  std::ofstream file;
  if (path)
    file.open(path, std::ios::app);
  file << key + "\n" << std::flush;
}

void compile(const std::string &key, const mtnc_options &options, mtnc_result &result) {
  logCompilation(key);
  const Result<Problem> problem = parseProblemKey(key);
  if (!problem || problem->plan == "fail") {
    result.status = static_cast<int>(StatusCode::CompileFailed);
    result.message = copyOf(problem ? "stage lower: told to fail" : problem.status().message());
    result.reproducer = copyOf("/nowhere/reproducer.mlir");
    return;
  }
  const char *hold = std::getenv("FAKE_COMPILER_HOLD");
  while (hold && std::ifstream(hold))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (problem->plan.starts_with("slow"))
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  while (problem->plan.starts_with("endless") && !options.begin_stage(options.begin_stage_user, "lower"))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  if (options.begin_stage && options.begin_stage(options.begin_stage_user, "link")) {
    result.status = static_cast<int>(StatusCode::Cancelled);
    result.message = copyOf("stopped before link");
    return;
  }
  std::string output = options.emit == MTNC_EMIT_IMAGE ? serializeImage(imageOf(key, *problem)) : "text of " + key;
  if (options.emit == MTNC_EMIT_PLAN && options.grid)
    output += " for " + std::to_string(options.grid[0]);
  if (problem->plan == "damaged")
    output[output.size() / 2] ^= 1;
  result.bytes = copyOf(output);
  result.size = output.size();
  result.stages[0] = {"parse", 0.25};
  result.stages[1] = {"link", 0.5};
  result.num_stages = 2;
  if (problem->plan == "warn")
    result.warning = copyOf("the fake compiler warns");
}

} // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT uint32_t mtnc_abi_version(void) { return MTNC_ABI_VERSION + FAKE_VERSION_OFFSET; }

EXPORT void mtnc_compile(const char *key, size_t size, const mtnc_options *options, mtnc_result *result) {
  *result = {};
  ++compiles;
  ++unfreed;
  int most = mostRunning;
  for (const int now = ++running; now > most && !mostRunning.compare_exchange_weak(most, now);)
    ;
  try {
    compile({key, size}, *options, *result);
  } catch (const std::bad_alloc &) {
    result->status = static_cast<int>(StatusCode::OutOfMemory);
  }
  --running;
}

EXPORT void mtnc_find_assembler(const mtnc_options *options, mtnc_result *result) {
  *result = {};
  ++unfreed;
  const std::string name = options->ptxas ? options->ptxas : "best";
  if (name == "missing") {
    result->status = static_cast<int>(StatusCode::Unavailable);
    result->message = copyOf("assembler: ptxas is 'missing'");
    return;
  }
  result->bytes = copyOf(name == "off" ? "" : "fake assembler, " + name);
  result->size = std::string(result->bytes).size();
}

EXPORT void mtnc_free(mtnc_result *result) {
  --unfreed;
  std::free(result->bytes);
  std::free(result->message);
  std::free(result->reproducer);
  std::free(result->warning);
  *result = {};
}

EXPORT FakeCompilerCounts fake_compiler_counts(void) { return {compiles, mostRunning, unfreed}; }
