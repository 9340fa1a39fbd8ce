//===- State.cpp - what the driver library keeps --------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/State.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace muntin::emulator::driver {

Driver &Driver::get() {
  static Driver *driver = new Driver; // never destroyed: other libraries may call to the very end
  return *driver;
}

std::vector<Context *> &contextStack() {
  thread_local std::vector<Context *> stack;
  return stack;
}

bool setAsync(Driver &driver, std::string_view text) {
  if (text == "late" || text == "eager") {
    driver.options.async = text == "late" ? AsyncMode::Late : AsyncMode::Eager;
    return true;
  }
  if (!text.starts_with("random:"))
    return false;
  text.remove_prefix(7);
  uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size())
    return false;
  driver.options.async = AsyncMode::Random;
  driver.options.seed = seed;
  driver.random.seed(seed);
  return true;
}

bool setCheck(Driver &driver, std::string_view text) {
  if (text != "memory" && text != "race" && text != "off")
    return false;
  driver.options.check = text == "memory" ? CheckLevel::Memory : text == "race" ? CheckLevel::Race : CheckLevel::Off;
  return true;
}

static void complain(const char *name, const char *value, const char *expected) {
  std::fprintf(stderr, "muntin-emulator: %s is '%s', expected %s; ignored\n", name, value, expected);
}

void readEnvironment(Driver &driver) {
  if (const char *v = std::getenv("MUNTIN_EMULATOR"))
    driver.deviceList = v;
  if (const char *v = std::getenv("MUNTIN_EMULATOR_ASYNC"); v && !setAsync(driver, v))
    complain("MUNTIN_EMULATOR_ASYNC", v, "late, eager or random:SEED");
  if (const char *v = std::getenv("MUNTIN_EMULATOR_CHECK"); v && !setCheck(driver, v))
    complain("MUNTIN_EMULATOR_CHECK", v, "memory, race or off");
  if (const char *v = std::getenv("MUNTIN_EMULATOR_STEPS")) {
    char *end = nullptr;
    const uint64_t steps = std::strtoull(v, &end, 10);
    if (end == v || *end || steps == 0)
      complain("MUNTIN_EMULATOR_STEPS", v, "a number above 0");
    else
      driver.options.stepLimit = steps;
  }
  if (const char *v = std::getenv("MUNTIN_EMULATOR_REPORT"))
    driver.reports.writeTo(v);
  if (const char *v = std::getenv("MUNTIN_EMULATOR_PROFILE"))
    driver.profilePath = v;
  if (const char *v = std::getenv("MUNTIN_THREADS"))
    driver.options.threads = static_cast<unsigned>(std::max(0l, std::strtol(v, nullptr, 10)));
}

CUresult Driver::initialise() {
  if (initialised)
    return CUDA_SUCCESS;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c")) {
    lastMessage = "the emulator needs a processor with AVX2, FMA and F16C";
    return CUDA_ERROR_NO_DEVICE;
  }
  readEnvironment(*this);
  devices.clear();
  for (std::string_view rest = deviceList; !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view name = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const DeviceModel *model = findModel(name);
    if (!model) {
      lastMessage = "MUNTIN_EMULATOR names '" + std::string(name) + "', expected sm_80 or sm_90a";
      std::fprintf(stderr, "muntin-emulator: %s\n", lastMessage.c_str());
      return CUDA_ERROR_NO_DEVICE;
    }
    devices.push_back({model});
    defaultPools.push_back(std::make_unique<MemoryPool>(MemoryPool{static_cast<int>(devices.size() - 1)}));
  }
  if (devices.empty())
    return CUDA_ERROR_NO_DEVICE;
  initialised = true;
  return CUDA_SUCCESS;
}

CUresult Driver::current(Context *&context) {
  auto &stack = contextStack();
  if (stack.empty() || !stack.back())
    return CUDA_ERROR_INVALID_CONTEXT;
  if (!contexts.count(stack.back()))
    return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  context = stack.back();
  return context->error;
}

Entry::Entry(bool needsContext) : lock(Driver::get().mutex) {
  Driver &driver = Driver::get();
  if (!driver.initialised)
    status = CUDA_ERROR_NOT_INITIALIZED;
  else if (driver.inHostFunction)
    status = CUDA_ERROR_NOT_PERMITTED;
  else if (needsContext)
    status = driver.current(context);
}

Stream *Driver::resolve(Context &context, CUstream stream) {
  const auto value = reinterpret_cast<uintptr_t>(stream);
  if (value <= 1)
    return &context.defaultStream;
  if (value == 2)
    return &context.perThreadStream;
  return context.streams.count(stream) ? stream : nullptr;
}

CUresult Driver::drainOne(Stream &stream) {
  if (stream.queue.empty())
    return CUDA_SUCCESS;
  std::function<CUresult()> work = std::move(stream.queue.front());
  stream.queue.pop_front();
  Context &context = *stream.context;
  if (context.error != CUDA_SUCCESS)
    return context.error; // nothing runs after a fault
  const CUresult status = work();
  if (status != CUDA_SUCCESS && context.error == CUDA_SUCCESS)
    context.error = status;
  return context.error;
}

CUresult Driver::drain(Stream &stream) {
  while (!stream.queue.empty())
    drainOne(stream);
  return stream.context->error;
}

CUresult Driver::drainForDefault(Context &context) {
  for (Stream *s : context.streams)
    if (!(s->flags & 1))
      drain(*s);
  drain(context.perThreadStream);
  return drain(context.defaultStream);
}

CUresult Driver::drainAll(Context &context) {
  for (Stream *s : context.streams)
    drain(*s);
  drain(context.perThreadStream);
  return drain(context.defaultStream);
}

CUresult Driver::enqueue(Stream &stream, std::function<CUresult()> work) {
  constexpr size_t LongestQueue = 4096;
  Context &context = *stream.context;
  // The default stream and streams that synchronise with it: each runs what the other has queued before.
  if (&stream == &context.defaultStream) {
    for (Stream *s : context.streams)
      if (!(s->flags & 1))
        drain(*s);
    drain(context.perThreadStream);
  } else if (!(stream.flags & 1)) {
    drain(context.defaultStream);
  }
  stream.queue.push_back(std::move(work));
  const bool now = options.async == AsyncMode::Eager || (options.async == AsyncMode::Random && random() % 2 == 0) ||
                   stream.queue.size() > LongestQueue;
  if (now)
    drain(stream);
  return CUDA_SUCCESS; // a fault shows at the next call
}

void Driver::destroy(Context *context) {
  if (context->error == CUDA_SUCCESS)
    drainAll(*context);
  for (Stream *s : context->streams)
    delete s;
  for (Event *e : context->events)
    delete e;
  for (ModuleHandle *m : context->modules)
    delete m;
  for (const CUdeviceptr p : context->allocations)
    memory.release(p);
  contexts.erase(context);
  delete context;
}

} // namespace muntin::emulator::driver
