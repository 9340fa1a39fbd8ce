//===- Emulator.cpp - the C++ face: parse, launch, report -----------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/Emulator.h"

#include "runtime/emulator/check/Profile.h"

#include <cstring>

namespace muntin::emulator {

Result<std::shared_ptr<LoadedModule>> LoadedModule::load(std::string_view ptx, unsigned architecture,
                                                         DeviceMemory &memory, int device, uint64_t deviceBytes) {
  auto parsed = Module::parse(ptx);
  if (!parsed)
    return parsed.status();
  std::shared_ptr<LoadedModule> loaded(new LoadedModule(memory));
  loaded->module_ = *parsed;
  if (Status status = loaded->allocate(device, deviceBytes); !status.ok())
    return status;
  for (const Function &f : loaded->module_->functions) {
    if (!f.isEntry || !f.hasBody)
      continue;
    auto kernel = decodeKernel(loaded->module_, f, loaded->symbols_, architecture);
    if (!kernel)
      return kernel.status();
    loaded->kernels_.emplace(std::string(f.name), *kernel);
  }
  return loaded;
}

Status LoadedModule::allocate(int device, uint64_t deviceBytes) {
  std::map<std::string_view, uint64_t> byName;
  for (const Variable &v : module_->variables) {
    if (v.space == Space::Shared || (v.isExtern && v.bytes == 0))
      continue;
    const uint64_t at = memory_.allocate(std::max<uint64_t>(v.bytes, 1), device, deviceBytes, std::string(v.name));
    if (at == 0)
      return {StatusCode::OutOfMemory,
              "no memory for variable '" + std::string(v.name) + "' of " + std::to_string(v.bytes) + " bytes"};
    owned_.push_back(at);
    symbols_[&v] = at;
    byName[v.name] = at;
    Allocation *a = memory_.find(at);
    a->allWritten = true; // variables start as zero
    std::memset(a->host, 0, std::max<uint64_t>(v.bytes, 1));
    std::copy(v.initial.begin(), v.initial.end(), a->host);
  }
  for (const Variable &v : module_->variables)
    for (const Relocation &r : v.relocations) {
      const auto target = byName.find(r.symbol);
      if (target == byName.end() || !symbols_.count(&v))
        return Status::invalid(
            describeError(module_->text, {r.pos, "unresolved symbol '" + std::string(r.symbol) + "'"}));
      const uint64_t value = target->second + static_cast<uint64_t>(r.addend);
      std::memcpy(memory_.find(symbols_[&v])->host + r.offset, &value, sizeof value);
    }
  return {};
}

LoadedModule::~LoadedModule() {
  for (const uint64_t at : owned_)
    memory_.release(at);
}

std::shared_ptr<Kernel> LoadedModule::kernel(std::string_view name) const {
  const auto found = kernels_.find(std::string(name));
  return found == kernels_.end() ? nullptr : found->second;
}

std::pair<uint64_t, uint64_t> LoadedModule::variable(std::string_view name) const {
  for (const auto &[v, address] : symbols_)
    if (v->name == name)
      return {address, v->bytes};
  return {0, 0};
}

uint8_t *Emulator::host(uint64_t address, uint64_t bytes) {
  Allocation *a = memory.find(address);
  if (!a || !a->holds(address, bytes))
    return nullptr;
  return a->host + (address - a->base);
}

uint64_t Emulator::upload(const void *data, uint64_t bytes) {
  const uint64_t at = allocate(bytes);
  std::memcpy(host(at, bytes), data, bytes);
  memory.find(at)->markWritten(at, bytes);
  return at;
}

void Emulator::download(void *data, uint64_t address, uint64_t bytes) {
  if (const uint8_t *from = host(address, bytes))
    std::memcpy(data, from, bytes);
}

LaunchResult Emulator::launch(const Kernel &kernel, const LaunchShape &shape, std::vector<uint8_t> params,
                              Profile *profile, Trace *trace) {
  Grid grid{kernel, shape, std::move(params), memory, options, reports};
  grid.architecture = architecture;
  grid.id = ++launches_;
  grid.profile = profile;
  grid.trace = trace;
  LaunchResult result;
  result.ok = runGrid(grid);
  result.steps = grid.steps;
  result.reports = reports.take();
  return result;
}

} // namespace muntin::emulator
