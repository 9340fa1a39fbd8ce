//===- BenchRuntime.cpp - what the runtime costs around a kernel *- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The compiler's own image of a problem, its launch recipe untouched, its code
// replaced by a function that does nothing: guards, formulas, arguments and
// checks are those of a real kernel of one tile, run inline on the caller.
//
//===----------------------------------------------------------------------===//

#include "muntin/muntin.hpp"
#include "runtime/abi/Image.h"
#include "tools/bench/runtime/Measure.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <unordered_map>

using namespace muntin::bench;

namespace {

[[noreturn]] void stop(const std::string &message) {
  std::fprintf(stderr, "bench-runtime: %s\n", message.c_str());
  std::exit(3);
}

const muntin::Attention kProblem{.dtype = MTN_F32, .rank = 2, .headDim = 64, .mask = "sliding(left=3x3, right=3x3)"};
constexpr int kExtents[] = {4, 2, 3, 1}; ///< within one tile

/// The image of kProblem with another code.
std::string nullImage(mtn_session *session) {
  const mtn_problem problem = kProblem.view();
  mtn_compile_result result = {};
  result.struct_size = sizeof result;
  if (mtn_compile(session, &problem, MTN_EMIT_IMAGE, nullptr, &result) != MTN_OK)
    stop(mtn_last_error()->message);
  muntin::Result<muntin::Image> image = muntin::deserializeImage({result.output.data, result.output.size});
  mtn_blob_free(&result.output);
  if (!image)
    stop(image.status().message());
  std::ifstream file(NULL_KERNEL, std::ios::binary);
  const std::string code(std::istreambuf_iterator<char>(file), {});
  for (muntin::Binary &binary : image->binaries)
    binary.bytes = code;
  for (muntin::Variant &variant : image->variants)
    for (auto *launches : {&variant.launches, &variant.counting})
      for (muntin::Launch &launch : *launches)
        launch.entry = "null_kernel";
  return muntin::serializeImage(*image);
}

/// Tensors of one image size, and a call for them.
struct Site {
  explicit Site(const muntin::Kernel &kernel, int extent = kExtents[0])
      : q(64 * extent * extent), k(q), v(q), out(q.size()), lse(extent * extent),
        arguments{.q = muntin::tensor(q.data(), {1, extent, extent, 1, 64}),
                  .k = muntin::tensor(k.data(), {1, extent, extent, 1, 64}),
                  .v = muntin::tensor(v.data(), {1, extent, extent, 1, 64}),
                  .out = muntin::tensor(out.data(), {1, extent, extent, 1, 64}),
                  .lse = muntin::tensor(lse.data(), {1, extent, extent, 1})} {
    auto made = kernel.call(arguments);
    if (!made)
      stop(made.error().message());
    call = std::move(*made);
    workspace.resize(*call.workspace() / 4 + 32);
    mtn_pointers_init(&pointers);
    pointers.q = q.data();
    pointers.k = k.data();
    pointers.v = v.data();
    pointers.out = out.data();
    pointers.lse = lse.data();
    pointers.workspace = reinterpret_cast<void *>((reinterpret_cast<uintptr_t>(workspace.data()) + 63) / 64 * 64);
    view = arguments.view();
    view.workspace = pointers.workspace;
    view.workspace_size = *call.workspace();
    view.flags = 0;
  }
  Site(const Site &) = delete;

  std::vector<float> q, k, v, out, lse, workspace;
  muntin::Arguments arguments;
  mtn_arguments view;
  muntin::Call call;
  mtn_pointers pointers;
};

void check(mtn_status status) {
  if (status != MTN_OK)
    stop(mtn_last_error()->message);
}

void row(const char *what, Cost cost, const char *bar) {
  std::printf("%-46s %9.1f ns %9.0f cycles   %s\n", what, cost.nanoseconds, cost.cycles, bar);
}

using Entry = void (*)(const uint64_t *, int64_t, int64_t, void *);
void nothing(const uint64_t *, int64_t, int64_t, void *) {}

/// What a program would have without us: its own table of functions by name.
struct Plain {
  std::unordered_map<std::string, Entry> table;
  std::string key;
  Entry volatile entry = nothing; ///< volatile: so that the call stays indirect

  Plain() {
    const mtn_problem problem = kProblem.view();
    mtn_blob blob;
    check(mtn_problem_key(&problem, &blob));
    key = blob.data;
    mtn_blob_free(&blob);
    for (int i = 0; i < 20; ++i)
      table[key + std::to_string(i)] = nothing;
    table[key] = nothing;
  }
  void indirect() const { entry(nullptr, 0, 1, nullptr); }
  void lookup() const { table.find(key)->second(nullptr, 0, 1, nullptr); }
};

template <typename MakeCall> double scaling(const MakeCall &makeCall) {
  double best = 0; // of three: the threads may start on one core
  for (int trial = 0; trial < 3; ++trial)
    best = std::max(best, throughput(2, makeCall) / throughput(1, makeCall));
  return best;
}

} // namespace

int main() {
  auto session = muntin::Session::create();
  if (!session)
    stop(session.error().message());
  const std::string image = nullImage(session->get());
  mtn_kernel *handle = nullptr;
  check(mtn_load_image(session->get(), image.data(), image.size(), &handle));
  const muntin::Kernel kernel(handle);
  const mtn_problem problem = kProblem.view();

  const Plain plain;
  Site site(kernel);
  std::vector<std::unique_ptr<Site>> sites;
  for (const int extent : kExtents)
    sites.push_back(std::make_unique<Site>(kernel, extent));

  const auto prepared = [&] { check(mtn_call_run(site.call.get(), &site.pointers)); };
  const auto lookup = [&] { check(mtn_forward(session->get(), &problem, &site.view)); };
  size_t turn = 0;
  const auto varying = [&] { check(mtn_forward(session->get(), &problem, &sites[turn++ % sites.size()]->view)); };
  const auto held = [&] { check(mtn_kernel_run(kernel.get(), &site.view)); };

  row("an indirect call", measure([&] { plain.indirect(); }), "");
  const Cost table = measure([&] { plain.lookup(); });
  row("std::unordered_map by the problem's key, call", table, "");
  const Cost call = measure(prepared), forward = measure(lookup), shapes = measure(varying);
  row("mtn_call_run, a prepared call", call, "at most 200 ns");
  row("mtn_kernel_run, a kernel that is held", measure(held), "");
  row("mtn_forward, the same shape", forward, "at most 1000 ns");
  row("mtn_forward, four shapes in turn", shapes, "at most 1000 ns");
  std::printf("ratios to the map: prepared %.2f, lookup %.2f\n", call.nanoseconds / table.nanoseconds,
              shapes.nanoseconds / table.nanoseconds);

  const double control = scaling([&] { return [&] { plain.lookup(); }; });
  const double two = scaling([&] {
    auto own = std::make_shared<Site>(kernel);
    return [own, &session, &problem] { check(mtn_forward(session->get(), &problem, &own->view)); };
  });
  const double twoCalls = scaling([&] {
    auto own = std::make_shared<Site>(kernel);
    return [own, &site] { check(mtn_call_run(site.call.get(), &own->pointers)); };
  });
  std::printf("two threads over one: mtn_forward %.2f, one prepared call shared %.2f (at least 1.9); the map %.2f\n",
              two, twoCalls, control);
  return 0;
}
