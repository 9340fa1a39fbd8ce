# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The configuration of every lit suite; muntin_lit_suite() in CMakeLists.txt writes the site file that loads it."""

import os

import lit.formats

config.name = config.muntin_suite
config.test_format = lit.formats.ShTest(False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = config.muntin_suite_root
config.test_exec_root = config.muntin_exec_root
config.environment["PATH"] = os.pathsep.join(
    [config.muntin_bin, config.llvm_tools_dir, os.environ["PATH"]])
if "TSAN_OPTIONS" in os.environ:
    config.environment["TSAN_OPTIONS"] = os.environ["TSAN_OPTIONS"]
# MLIR's headers poison freed allocator memory, the archives they are linked with do not.
config.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "allow_user_poisoning=0")
