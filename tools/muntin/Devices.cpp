//===- Devices.cpp - muntin devices ---------------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/abi/Target.h"
#include "tools/muntin/Command.h"
#include "tools/muntin/Report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <span>

using namespace muntin;

static constexpr const char *kExamples = R"(Examples:
  muntin devices
  muntin devices --json)";

static const char *describe(const mtn_target_info &target) {
  return !target.implemented ? "not in this version"
         : target.host       ? "yes; this is host"
         : target.supported  ? "yes"
                             : "no; can be compiled for";
}

static std::string targetTableText(std::span<const mtn_target_info> targets) {
  Table table({"target", "f32 lanes", "bf16 products", "runs here"});
  for (const mtn_target_info &info : targets) {
    Result<const Target *> row = findTarget(info.name);
    if (!row || (*row)->forTests)
      continue;
    table.add({info.name, (*row)->lanes ? std::to_string((*row)->lanes) : "-",
               (*row)->bf16Dot == Bf16Dot::Native || (*row)->gpu ? "yes" : "no", describe(info)});
  }
  return table.print();
}

static Json targetJson(std::span<const mtn_target_info> targets) {
  Json json = Json::array();
  for (const mtn_target_info &info : targets)
    json.push_back({{"name", info.name},
                    {"implemented", info.implemented != 0},
                    {"supported", info.supported != 0},
                    {"host", info.host != 0}});
  return json;
}

/// What the device called `name` says of itself, or why there is none.
static std::string describeGpu(const Options &options, const char *name) {
  Options gpu = options;
  gpu.device = name;
  Result<Session> session = openSession(gpu, 0);
  if (!session)
    return "none: " + session.status().message();
  Expected<mtn_device_info> device = session->device();
  return device ? fmt::format("{}: {}, target {}", device->name, device->description, device->target)
                : device.error().message();
}

/// The assembler of GPU kernels, or why there is none.
static Result<std::string> findAssembler(const Session &session) {
  mtn_blob blob = {};
  if (Outcome done(mtn_session_get_assembler(session.get(), &blob)); !done)
    return toStatus(done);
  std::string name(blob.data, blob.size);
  mtn_blob_free(&blob);
  return name;
}

static Status devices(const Options &options) {
  Result<Session> session = openSession(options, 0);
  if (!session)
    return session.status();
  Expected<mtn_device_info> device = session->device();
  if (!device)
    return toStatus(device.error());
  const mtn_target_info *rows = nullptr;
  size_t count = 0;
  if (Outcome done(mtn_targets(&rows, &count)); !done)
    return toStatus(done);
  const char *path = nullptr;
  const Outcome compiler(mtn_session_get_compiler(session->get(), &path));
  const Result<std::string> assembler = findAssembler(*session);

  if (options.json) {
    Json json;
    json["devices"] = {{{"name", device->name},
                        {"description", device->description},
                        {"target", device->target},
                        {"threads", device->threads}}};
    json["targets"] = targetJson({rows, count});
    json["compiler"] = compiler ? Json(path) : Json();
    json["assembler"] = assembler && !assembler->empty() ? Json(*assembler) : Json();
    emitJson(json);
    return {};
  }
  Facts facts;
  facts.add(device->name, fmt::format("{}, {} threads, target {}", device->description, device->threads,
                                      *device->target ? device->target : "none"));
  for (const char *name : {"cuda", "emulator"})
    facts.add(name, describeGpu(options, name));
  facts.add("compiler", compiler ? path : fmt::format("none: {}", compiler.message()));
  if (compiler)
    facts.add("assembler", !assembler           ? "none: " + assembler.status().message()
                           : assembler->empty() ? "none: kernels for GPUs are PTX, which the driver assembles"
                                                : *assembler);
  emit(facts.print() + '\n' + targetTableText({rows, count}));
  return {};
}

void muntin::addDevices(CLI::App &app, Options &o, Action &action) {
  CLI::App *command = app.add_subcommand("devices", "what there is to run on, and what it can do");
  addJsonOption(*command, o);
  command->footer(kExamples);
  command->callback([&action] { action = devices; });
}
