//===- Schedule.cpp - a template with its parameters filled in ------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/Schedule.h"

#include "dialect/attn/Attn.h"
#include "templates/Templates.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace muntin;

static std::string shapeText(llvm::ArrayRef<int64_t> dims) {
  return llvm::formatv("#tile.shape<[{0}]>", llvm::make_range(dims.begin(), dims.end())).str();
}

static std::string maskText(const Mask &mask) {
  mlir::MLIRContext context;
  context.loadDialect<attn::AttnDialect>();
  std::string text;
  llvm::raw_string_ostream stream(text);
  attn::maskToAttr(&context, mask).print(stream);
  return text;
}

static std::string planText(const Problem &problem, const Plan &plan) {
  std::string text = llvm::formatv("#tile.plan<template_name = \"{0}\", query_box = #query_box, query_step = "
                                   "#query_step, key_box = #key_box, ",
                                   plan.templateName);
  if (plan.warps > 0)
    text += llvm::formatv("pack = \"none\", target = \"{0}\", warps = {1}, stages = {2}, align = {3}{4}{5}{6}{7}{8}>",
                          problem.target, plan.warps, plan.stages, problem.alignment,
                          plan.capacity > 0 ? ", capacity = " + std::to_string(plan.capacity) : "",
                          plan.engine.empty() ? "" : ", engine = \"" + plan.engine + "\"",
                          plan.resident > 0 ? ", resident = " + std::to_string(plan.resident) : "",
                          plan.registers > 0 ? ", registers = " + std::to_string(plan.registers) : "",
                          plan.oneWalk ? ", one_walk = true" : "");
  else
    text += llvm::formatv(
        "rows = {0}, vectors = {1}, lanes = {2}, pack = \"{3}\", target = \"{4}\"{5}{6}{7}>", plan.rows,
        plan.blockVectors, plan.lanes, plan.pack, problem.target, plan.trimmed ? ", trimmed = true" : "",
        plan.strip.empty() ? "" : ", strip = " + shapeText(plan.strip),
        plan.most.empty() ? "" : ", variant = \"" + plan.variant() + "\", most = " + shapeText(plan.most));
  return text;
}

/// The parameter block, name by name as in the templates.
static std::string parameters(const Problem &problem, const Plan &plan) {
  std::string text;
  auto alias = [&](const std::string &name, const std::string &value) { text += name + " = " + value + "\n"; };
  std::string element = elementTypeName(problem.element), rank = std::to_string(problem.rank);
  std::string D = std::to_string(problem.headDim), Dv = std::to_string(problem.valueDim);
  std::string Q = std::to_string(plan.queries());
  std::string K = plan.tileKeys() ? std::to_string(plan.tileKeys()) : "?";
  // What is multiplied: on a GPU what is in memory; pairs of bf16 where the machine has such products, else f32.
  std::string in = plan.warps > 0 ? element : plan.pairs ? "bf16" : "f32";
  auto tensor = [&](const std::string &columns, const std::string &type) {
    return "!tile.tensor<" + rank + ", " + columns + ", " + type + ">";
  };
  auto tile = [](const std::string &rows, const std::string &columns, const std::string &type) {
    return "!tile.tile<" + rows + "x" + columns + "x" + type + ">";
  };
  alias("!query_tensor", tensor(D, element));
  alias("!key_tensor", tensor(D, element));
  alias("!value_tensor", tensor(Dv, element));
  alias("!out_tensor", tensor(Dv, element));
  alias("!lse_tensor", tensor("1", "f32"));
  alias("!extras", needsSegments(problem.mask) ? "!tile.extras<\"segments\">" : "!tile.extras<\"none\">");
  alias("!box", "!tile.box<" + rank + ">");
  alias("!query", tile(Q, D, in));
  alias("!key", tile(K, D, in));
  alias("!value", tile(K, Dv, in));
  alias("!scores", tile(Q, K, "f32"));
  alias("!probs", tile(Q, K, in));
  alias("!out", tile(Q, Dv, "f32"));
  alias("!row", "!tile.tile<" + Q + "xf32>");
  alias("!key_ring", "!tile.ring<!key>");
  alias("!value_ring", "!tile.ring<!value>");
  alias("!scores_pending", "!tile.pending<!scores>");
  alias("!out_pending", "!tile.pending<!out>");
  alias("!matrix", "!tile.matrix<f32>");
  alias("#mask", maskText(problem.mask));
  alias("#query_box", shapeText(plan.queryBox));
  alias("#query_step", shapeText(plan.queryStep));
  alias("#key_box", shapeText(plan.keyBox.empty() ? std::vector<int64_t>(problem.rank, 1) : plan.keyBox));
  alias("#producer", "#tile.warps<producer, 4, registers = 24>");
  alias("#consumer",
        "#tile.warps<consumer, " + std::to_string(std::max<int64_t>(plan.warps, 1)) + ", registers = 240>");
  alias("#plan", planText(problem, plan));
  return text;
}

Result<std::string> muntin::instantiateTemplate(const Problem &problem, const Plan &plan) {
  for (const Template &candidate : templates()) {
    if (candidate.name != plan.templateName)
      continue;
    std::string_view text = candidate.text;
    size_t from = text.find(kTemplateParameters), to = text.find(kTemplateKernel);
    return std::string(text.substr(0, from)) + parameters(problem, plan) + std::string(text.substr(to));
  }
  Status status = checkTemplateName(plan.templateName);
  return !status ? status : Status::invalid("template: '" + plan.templateName + "' is a plan of another");
}
