//===- ApiTest.cpp - the C interface of the compiler library ---------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compile.h"

#include "runtime/abi/Image.h"

#include "gtest/gtest.h"

#include <thread>

namespace muntin::testing {

TEST(CompilerApi, Version) { EXPECT_EQ(mtnc_abi_version(), MTNC_ABI_VERSION); }

TEST(CompilerApi, BadKeysNameWhatTheyExpect) {
  struct {
    std::string key, message;
  } const cases[] = {
      {"", "expected 'muntin-problem-1', got ''"},
      {"muntin-problem-9 forward", "expected 'muntin-problem-1', got 'muntin-problem-9'"},
      {"muntin-problem-1 forward f32 rank=1 d=8 dv=8 target=x86-64-v3 mask=cousal()", "cousal"},
      {"muntin-problem-1 forward f32 rank=1 d=8 dv=8 target=z80 mask=causal()", "z80"},
      {"muntin-problem-1 forward f32 rank=1 d=8 dv=8 target=x86-64-v3 plan=window mask=causal()", "plan"},
      {"muntin-problem-1 forward f32 rank=1 d=8 dv=8 target=x86-64-v3 template=window mask=full()", "template"},
  };
  for (const auto &[key, message] : cases) {
    SCOPED_TRACE(key);
    Compiled compiled = compile(key);
    EXPECT_EQ(compiled.code, StatusCode::InvalidArgument);
    EXPECT_NE(compiled.message.find(message), std::string::npos) << compiled.message;
    EXPECT_TRUE(compiled.bytes.empty());
  }
}

TEST(CompilerApi, TargetsOfLaterVersionsAreRefused) {
  Compiled compiled = compile("muntin-problem-1 forward f32 rank=1 d=8 dv=8 target=sm_90a mask=causal()");
  EXPECT_EQ(compiled.code, StatusCode::NotInThisVersion);
  EXPECT_NE(compiled.message.find("sm_90a"), std::string::npos) << compiled.message;
}

TEST(CompilerApi, KeysNeedNoEnd) {
  std::string key = kSmallKey;
  mtnc_result result;
  mtnc_compile((key + "garbage").c_str(), key.size(), nullptr, &result); // no options: an image
  ASSERT_EQ(result.status, 0) << result.message;
  EXPECT_EQ(result.message, nullptr);
  EXPECT_EQ(std::string(result.bytes, result.size), compile(key).bytes);
  mtnc_free(&result);
  EXPECT_EQ(result.bytes, nullptr);
  mtnc_free(&result); // twice is harmless
}

TEST(CompilerApi, OptionsOfOlderCallersAreShorter) {
  mtnc_options options{};
  options.struct_size = offsetof(mtnc_options, dump_dir);
  options.emit = MTNC_EMIT_PLAN;
  options.dump_dir = reinterpret_cast<const char *>(1); // beyond struct_size: must not be read
  Compiled compiled = compile(kSmallKey, options);
  EXPECT_EQ(compiled.code, StatusCode::Ok) << compiled.message;
  EXPECT_EQ(compiled.bytes.front(), '{');
}

TEST(CompilerApi, EveryOutput) {
  struct {
    mtnc_emit emit;
    const char *contains;
  } const cases[] = {{MTNC_EMIT_ATTN, "attn.forward"},
                     {MTNC_EMIT_TILE, "tile.dot"},
                     {MTNC_EMIT_LLVM, "define void"},
                     {MTNC_EMIT_ASM, "vfmadd"},
                     {MTNC_EMIT_OBJECT, "\x7f"
                                        "ELF"},
                     {MTNC_EMIT_PLAN, "candidates"}};
  for (const auto &[emit, contains] : cases) {
    Compiled compiled = compile(kSmallKey, emit);
    EXPECT_EQ(compiled.code, StatusCode::Ok) << compiled.message;
    EXPECT_NE(compiled.bytes.find(contains), std::string::npos) << contains;
  }
}

/// The same bytes: from this thread, from it again, and from eight at once.
TEST(CompilerApi, TheSameBytesFromEveryThread) {
  const std::string once = compile(kSmallKey).bytes;
  ASSERT_TRUE(deserializeImage(once)) << deserializeImage(once).status().message();
  EXPECT_TRUE(once == compile(kSmallKey).bytes);
  std::vector<std::string> all(8);
  std::vector<std::thread> threads;
  for (std::string &bytes : all)
    threads.emplace_back([&bytes] { bytes = compile(kSmallKey).bytes; });
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &bytes : all)
    EXPECT_TRUE(bytes == once);
}

} // namespace muntin::testing
