//===- StagesTest.cpp - dumps, overrides and reproducers -------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compile.h"

#include "gtest/gtest.h"

namespace muntin::testing {

static mtnc_options withFolders(mtnc_emit emit, const char *dump, const char *override) {
  mtnc_options options{};
  options.struct_size = sizeof options;
  options.emit = emit;
  options.dump_dir = dump;
  options.override_dir = override;
  return options;
}

static std::filesystem::path stageFile(const TemporaryFolder &folder, const char *stage) {
  return folder.path / ("muntin_f32_d8_causal___" + std::string(stage) + ".mlir");
}

TEST(CompilerStages, EveryStageIsDumpedAndTimed) {
  TemporaryFolder folder;
  Compiled compiled = compile(kSmallKey, withFolders(MTNC_EMIT_IMAGE, folder.path.c_str(), nullptr));
  ASSERT_EQ(compiled.code, StatusCode::Ok) << compiled.message;
  EXPECT_EQ(compiled.bytes, compile(kSmallKey).bytes) << "dumping changes nothing";
  for (auto [stage, contains] : {std::pair("template", "// --- kernel"),
                                 {"tile", "func.func @count"},
                                 {"cpu", "cpu.arguments"},
                                 {"llvm", "llvm.func @forward"}})
    EXPECT_NE(readFile(stageFile(folder, stage)).find(contains), std::string::npos) << stage;
  EXPECT_EQ(compiled.stages, (std::vector<std::string>{"start", "plan", "schedule", "tile", "cpu", "llvm", "translate",
                                                       "codegen", "link", "image"}));
}

TEST(CompilerStages, AStageIsReadBack) {
  TemporaryFolder dumped, edited;
  ASSERT_EQ(compile(kSmallKey, withFolders(MTNC_EMIT_LLVM, dumped.path.c_str(), nullptr)).code, StatusCode::Ok);
  std::string text = readFile(stageFile(dumped, "llvm"));
  writeFile(stageFile(edited, "llvm"), text);
  const Compiled same = compile(kSmallKey, withFolders(MTNC_EMIT_LLVM, nullptr, edited.path.c_str()));
  EXPECT_EQ(same.bytes, compile(kSmallKey, MTNC_EMIT_LLVM).bytes) << "an untouched stage changes nothing";
  for (size_t at; (at = text.find("@count")) != std::string::npos;)
    text.replace(at, 6, "@edited");
  writeFile(stageFile(edited, "llvm"), text);
  const Compiled changed = compile(kSmallKey, withFolders(MTNC_EMIT_LLVM, nullptr, edited.path.c_str()));
  EXPECT_NE(changed.bytes.find("_edited("), std::string::npos) << changed.message;
}

TEST(CompilerStages, AFailingOverrideLeavesAReproducer) {
  TemporaryFolder folder;
  writeFile(stageFile(folder, "template"), "func.func @forward() { tile.nonsense }");
  Compiled compiled = compile(kSmallKey, withFolders(MTNC_EMIT_IMAGE, nullptr, folder.path.c_str()));
  EXPECT_EQ(compiled.code, StatusCode::CompileFailed);
  EXPECT_NE(compiled.message.find("nonsense"), std::string::npos) << compiled.message;
  ASSERT_FALSE(compiled.reproducer.empty());
  const std::string reproducer = readFile(compiled.reproducer);
  EXPECT_NE(reproducer.find(kSmallKey), std::string::npos);
  EXPECT_NE(reproducer.find("func.func @forward"), std::string::npos);
  std::filesystem::remove(compiled.reproducer);
}

TEST(CompilerStages, AFolderThatCannotBeWritten) {
  Compiled compiled = compile(kSmallKey, withFolders(MTNC_EMIT_IMAGE, "/dev/null/no", nullptr));
  EXPECT_EQ(compiled.code, StatusCode::IoError);
  EXPECT_NE(compiled.message.find("/dev/null/no"), std::string::npos) << compiled.message;
}

} // namespace muntin::testing
