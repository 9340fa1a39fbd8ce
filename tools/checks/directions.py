#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""directions.py [root]: who may include whom. A -> B reads "A includes B"; all that is not in the table is an error."""

import os
import re
import sys

import tree

# The longest prefix that fits a file is its row. "llvm" stands for any header of LLVM, MLIR or lld.
ALLOWED = {
    "runtime/abi": ["runtime/abi"],
    # Shares no table with the compiler, as two authors must agree; the status type is not one.
    "runtime/emulator": ["runtime/emulator", "runtime/base", "runtime/abi/Result.h"],
    "runtime": ["runtime", "muntin"],
    "dialect": ["dialect", "runtime/abi", "llvm"],
    "templates": ["templates"],
    "compiler/Reference": ["compiler/Reference", "runtime/abi"],  # shares no code with what it judges
    "compiler": ["compiler", "dialect", "templates", "runtime/abi", "llvm"],
    "tools/muntin": ["tools/muntin", "compiler/Reference", "runtime", "muntin"],
    "tools/muntin-opt": ["tools/muntin-opt", "compiler", "dialect", "templates", "runtime/abi", "llvm"],
    "tools/bench": ["tools/bench", "runtime/abi", "runtime/bundle", "muntin"],  # takes images apart, writes bundles
    "tools/examples": ["tools/examples", "muntin"],  # a user has the public headers only
    "tools": ["tools", "muntin"],
    "tests": ["tests", "compiler", "dialect", "templates", "runtime", "tools", "muntin", "llvm"],
}
# compiler/Reference serves the command and the tests; the pipeline itself must not lean on it.
FORBIDDEN = {"compiler": ["compiler/Reference"], "compiler/Reference": []}

HOUSES = ("compiler/", "dialect/", "runtime/", "templates/", "tests/", "tools/", "muntin/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]|^include\s+"([^"]+)"', re.MULTILINE)
LLVM = re.compile(r"^(llvm|mlir|lld|clang|llvm-c|mlir-c)/")


def prefix(table, path):
    fitting = [row for row in table if path.startswith(row + "/")]
    return max(fitting, key=len) if fitting else None


def target_of(path, header):
    """The name a header has in the tables, or None for the standard library, third parties and generated files."""
    if LLVM.match(header):
        return "llvm"
    if header.startswith(HOUSES):
        return header
    if "/" not in header or header.startswith("."):
        return os.path.normpath(os.path.join(os.path.dirname(path), header)) if header.startswith(".") else None
    return None


def errors_of(path, text):
    row = prefix(ALLOWED, path)
    for match in INCLUDE.finditer(text):
        header = match.group(2) or match.group(3)
        target = target_of(path, header)
        if row is None or target is None:
            continue
        allowed = any(target == entry or target.startswith(entry + "/") for entry in ALLOWED[row])
        forbidden = any(target.startswith(entry + "/") for entry in FORBIDDEN.get(row, []))
        if not allowed or forbidden:
            line = text.count("\n", 0, match.start()) + 1
            yield f'{path}:{line}: {row} must not include "{header}"; it may include {", ".join(ALLOWED[row])}'


def main():
    root = tree.root_from_arguments(sys.argv)
    paths = [path for path in tree.files(root) if path.endswith(tree.CXX + (".td",))]
    errors = [error for path in paths for error in errors_of(path, tree.read(root, path))]
    tree.finish("directions", errors, len(paths))


if __name__ == "__main__":
    main()
