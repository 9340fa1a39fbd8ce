//===- Harness.cpp - runs small PTX texts in tests ------------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/emulator/Harness.h"

#include "runtime/emulator/ptx/Types.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace muntin::emulator::test {

std::string header(unsigned architecture) {
  return architecture >= 90 ? ".version 8.3\n.target sm_90a\n.address_size 64\n"
                            : ".version 8.3\n.target sm_80\n.address_size 64\n";
}

static const std::string &ptxasPath() {
  static const std::string path = [] {
    const char *given = std::getenv("MUNTIN_PTXAS");
    const std::string candidate = given ? given : "ptxas";
    if (std::system((candidate + " --version > /dev/null 2>&1").c_str()) == 0)
      return candidate;
    std::fprintf(stderr, "\n*** SKIPPED: no ptxas here, the tests' PTX texts are not assembled ***\n\n");
    return std::string();
  }();
  return path;
}

void assemble(const std::string &text, unsigned architecture) {
  if (ptxasPath().empty())
    return;
  const std::string base =
      (std::filesystem::temp_directory_path() / ("muntin-emulator-" + std::to_string(getpid()))).string();
  std::ofstream(base + ".ptx") << text;
  const std::string arch = architecture >= 90 ? "sm_90a" : "sm_80";
  const int status = std::system(
      (ptxasPath() + " -O0 -arch=" + arch + " " + base + ".ptx -o /dev/null > " + base + ".log 2>&1").c_str());
  std::ifstream log(base + ".log");
  const std::string said((std::istreambuf_iterator<char>(log)), {});
  EXPECT_EQ(status, 0) << "ptxas refuses:\n" << said << text;
  std::filesystem::remove(base + ".ptx");
  std::filesystem::remove(base + ".log");
}

/// "pred" inputs are loaded as u32 and compared with 0.
static std::string loadInput(const std::string &name, const std::string &type, unsigned offset) {
  if (type.empty())
    return "";
  const std::string at = "[%in+" + std::to_string(offset) + "]";
  if (type == "pred")
    return "  ld.global.u32 %w, " + at + ";\n  setp.ne.u32 %" + name + ", %w, 0;\n";
  return "  ld.global." + type + " %" + name + ", " + at + ";\n";
}

static std::string registerType(const std::string &type) {
  const Type t = typeNamed(type);
  return t == Type::Pred  ? "pred"
         : bitsOf(t) == 8 ? "b16"
         : isFloat(t) && bitsOf(t) >= 32 && type.find("x2") == std::string::npos && type != "tf32"
             ? type
             : "b" + std::to_string(bitsOf(t));
}

/// The bits that are loaded and stored for a type.
static std::string memoryType(const std::string &type) {
  const Type t = typeNamed(type);
  return type.empty() || t == Type::Pred                ? type
         : isFloat(t) && type != "f32" && type != "f64" ? "b" + std::to_string(bitsOf(t))
                                                        : type;
}

std::string moduleFor(const Form &f, unsigned architecture) {
  std::string text = header(architecture) + ".visible .entry k(.param .u64 in, .param .u64 out)\n{\n";
  for (const auto &[name, type] : {std::pair("d", f.d), std::pair("a", f.a), std::pair("b", f.b), std::pair("c", f.c)})
    if (!type.empty())
      text += "  .reg ." + registerType(type) + " %" + name + ";\n";
  text +=
      "  .reg .u32 %t, %u, %w;\n  .reg .u64 %in, %out;\n  .reg .pred %p, %q;\n  .reg .b16 %h<4>;\n  .reg .b32 %r<8>;\n"
      "  .reg .b64 %rd<8>;\n  mov.u32 %t, %tid.x;\n  mov.u32 %u, %ctaid.x;\n  mad.lo.u32 %t, %u, 32, %t;\n"
      "  ld.param.u64 %in, [in];\n  ld.param.u64 %out, [out];\n  mad.wide.u32 %in, %t, 24, %in;\n"
      "  mad.wide.u32 %out, %t, 8, %out;\n";
  text += loadInput("a", memoryType(f.a), 0) + loadInput("b", memoryType(f.b), 8) + loadInput("c", memoryType(f.c), 16);
  text += "  " + f.body + "\n";
  if (f.d == "pred")
    text += "  selp.u32 %w, 1, 0, %d;\n  st.global.u32 [%out], %w;\n";
  else
    text += "  st.global." + memoryType(f.d) + " [%out], %d;\n";
  return text + "  ret;\n}\n";
}

std::vector<uint64_t> evaluate(const Form &form, const std::vector<Inputs> &inputs, unsigned architecture) {
  const std::string text = moduleFor(form, architecture);
  assemble(text, architecture);
  Session run(text, architecture);
  if (!run.loaded()) {
    ADD_FAILURE() << run.error << "\n" << form.body;
    return {};
  }
  const auto blocks = static_cast<uint32_t>((inputs.size() + 31) / 32);
  std::vector<Inputs> padded = inputs;
  padded.resize(size_t(blocks) * 32);
  const uint64_t in = run.upload(padded), out = run.upload(std::vector<uint64_t>(padded.size()));
  const LaunchResult result = run.launch("k", {{blocks, 1, 1}, {32, 1, 1}}, Params().add(in).add(out));
  EXPECT_TRUE(result.ok) << form.body << (result.reports.empty() ? "" : result.reports[0].sentence());
  std::vector<uint64_t> values = run.download<uint64_t>(out, inputs.size());
  const unsigned bits = form.d == "pred" ? 32 : bitsOf(typeNamed(form.d));
  for (uint64_t &v : values)
    v &= bits >= 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
  return values;
}

std::vector<uint64_t> edges(const std::string &type) {
  if (type.empty())
    return {0};
  if (type == "pred")
    return {0, 1};
  if (type == "f32")
    return {0,          0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0x40490fdb, 0x7f7fffff,
            0xff7fffff, 0x00800000, 0x80800000, 0x00000001, 0x807fffff, 0x7f800000, 0xff800000,
            0x7fc00000, 0x33800000, 0x3f800001, 0x4b000001, 0xc2c80000, 0x3eaaaaab};
  if (type == "f64")
    return {0,
            1ull << 63,
            0x3ff0000000000000,
            0xbff8000000000000,
            0x400921fb54442d18,
            0x7fefffffffffffff,
            0x0010000000000000,
            1,
            0x7ff0000000000000,
            0xfff0000000000000,
            0x7ff8000000000000,
            0x3fd5555555555555,
            0x3ff0000000000001,
            0xc059000000000000};
  if (type == "f16")
    return {0,      0x8000, 0x3c00, 0xbc00, 0x3555, 0x7bff, 0xfbff, 0x0400,
            0x0001, 0x83ff, 0x7c00, 0xfc00, 0x7e00, 0x3c01, 0x6400, 0x1400};
  if (type == "bf16")
    return {0,      0x8000, 0x3f80, 0xbf80, 0x3eab, 0x7f7f, 0xff7f, 0x0080,
            0x0001, 0x807f, 0x7f80, 0xff80, 0x7fc0, 0x3f81, 0x4300, 0x3b80};
  const unsigned bits = bitsOf(typeNamed(type));
  const uint64_t mask = bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1, top = uint64_t(1) << (bits - 1);
  std::vector<uint64_t> values = {0,
                                  1,
                                  2,
                                  3,
                                  5,
                                  7,
                                  13,
                                  31,
                                  32,
                                  33,
                                  63,
                                  100,
                                  top,
                                  top - 1,
                                  top + 1,
                                  mask,
                                  mask - 1,
                                  mask - 6,
                                  0x5a & mask,
                                  0x12345678deadbeef & mask,
                                  0xfedcba9876543210 & mask,
                                  0x0101010180808080 & mask};
  return values;
}

std::vector<Inputs> pairs(const std::string &a, const std::string &b, const std::string &c) {
  std::vector<Inputs> all;
  for (const uint64_t x : edges(a))
    for (const uint64_t y : edges(b))
      for (const uint64_t z : edges(c))
        all.push_back({x, y, z});
  return all;
}

void check(const Form &form, const Expected &expected, unsigned architecture) {
  const std::vector<Inputs> inputs = pairs(form.a, form.b, form.c);
  const std::vector<uint64_t> got = evaluate(form, inputs, architecture);
  unsigned wrong = 0;
  for (size_t i = 0; i < got.size() && wrong < 4; ++i) {
    const uint64_t want = expected(inputs[i][0], inputs[i][1], inputs[i][2]);
    if (got[i] == want)
      continue;
    ++wrong;
    ADD_FAILURE() << form.body << std::hex << " a=0x" << inputs[i][0] << " b=0x" << inputs[i][1] << " c=0x"
                  << inputs[i][2] << ": got 0x" << got[i] << ", expected 0x" << want;
  }
}

Session::Session(std::string text, unsigned architecture, Options options) : emulator(architecture, options) {
  auto loadedModule = emulator.load(text);
  if (loadedModule)
    module = *loadedModule;
  else
    error = loadedModule.status().message();
}

LaunchResult Session::launch(const std::string &kernel, LaunchShape shape, std::vector<uint8_t> params) {
  const auto k = module->kernel(kernel);
  if (!k) {
    ADD_FAILURE() << "no kernel " << kernel;
    return {};
  }
  return emulator.launch(*k, shape, std::move(params));
}

} // namespace muntin::emulator::test
