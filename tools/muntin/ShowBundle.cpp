//===- ShowBundle.cpp - muntin show bundle ---------------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/bundle/Bundle.h"
#include "tools/muntin/Command.h"
#include "tools/muntin/PlanJson.h"
#include "tools/muntin/Report.h"

#include <fmt/format.h>

using namespace muntin;

/// One kernel, read and checked as a session would.
static Json describe(const runtime::Bundle &bundle, const runtime::BundleItem &item) {
  Json json = {{"key", std::string(item.key)},
               {"packed_bytes", item.storedBytes},
               {"image_bytes", item.imageBytes},
               {"compressed", item.compressed},
               {"checksum", fmt::format("{:016x}", item.checksum)}};
  if (const Result<Problem> problem = parseProblemKey(item.key)) {
    json["target"] = problem->target;
    json["dtype"] = elementTypeName(problem->element);
    json["rank"] = problem->rank;
    json["head_dim"] = problem->headDim;
    json["value_dim"] = problem->valueDim;
    json["mask"] = printMask(problem->mask);
  }
  const Result<Image> image = bundle.image(item);
  json["damage"] = image ? Json() : Json(image.status().message());
  if (!image)
    return json;
  json["plan"] = parseJsonOrText(image->plan);
  json["binaries"] = binariesJson(*image);
  json["variants"] = Json::array();
  for (const Variant &variant : image->variants)
    json["variants"].push_back(variant.name);
  return json;
}

static std::string printKernels(const Json &kernels) {
  Table table({"target", "dtype", "d", "dv", "mask", "image", "packed", "binaries", "plan"});
  const auto text = [](const Json &json, const char *name) {
    return json.contains(name) ? printValue(json[name]) : std::string("?");
  };
  for (const Json &kernel : kernels) {
    const bool known = kernel.contains("mask"); // a newer version's problem has only its key
    table.add({text(kernel, "target"), text(kernel, "dtype"), text(kernel, "head_dim"), text(kernel, "value_dim"),
               text(kernel, known ? "mask" : "key"), formatBytes(kernel["image_bytes"].get<double>()),
               formatBytes(kernel["packed_bytes"].get<double>()),
               kernel.contains("binaries") ? printBinaries(kernel["binaries"]) : "-",
               kernel["damage"].is_null() ? printPlan(kernel["plan"]) : "damaged"});
  }
  return table.print();
}

Status muntin::showBundle(const Options &options) {
  const Result<runtime::Bundle> bundle = runtime::Bundle::openFile(*options.file);
  if (!bundle)
    return bundle.status();
  Json kernels = Json::array();
  uint64_t imageBytes = 0, packedBytes = 0;
  std::string damage;
  for (size_t i = 0; i < bundle->size(); ++i) {
    const runtime::BundleItem item = bundle->item(i);
    imageBytes += item.imageBytes;
    packedBytes += item.storedBytes;
    kernels.push_back(describe(*bundle, item));
    if (const Json &found = kernels.back()["damage"]; damage.empty() && !found.is_null())
      damage = found.get<std::string>();
  }
  if (options.json)
    emitJson(
        {{"bundle", *options.file}, {"image_bytes", imageBytes}, {"packed_bytes", packedBytes}, {"kernels", kernels}});
  else
    emit(printKernels(kernels) + fmt::format("{} kernels, {} packed, {} unpacked\n", kernels.size(),
                                             formatBytes(static_cast<double>(packedBytes)),
                                             formatBytes(static_cast<double>(imageBytes))));
  return damage.empty() ? Status() : Status(StatusCode::CheckFailed, damage);
}
