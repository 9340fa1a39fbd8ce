#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""dialects.py labels [root], dialects.py examples <muntin-opt> [root]: what the descriptions of operations promise.

labels     each constraint of a description, (attention_c3), is named in the dialect's C++ where it is verified, and in a
           test below tests/dialect that breaks it: one grep leads from the law to the code to the proof. A constraint
           that ODS itself holds says so after the label: "(held by ODS)".
examples   each operation's description has an example, ```mlir ... ```, that parses, verifies and survives a round trip.
           Lines that begin with `// hidden:` are set-up: they are part of the program, not of the lesson.
"""

import os
import re
import subprocess
import sys
import textwrap

import tree

# def Attn_ForwardOp : ... Op<Attn_Dialect, "forward" ... { body
OPERATION = re.compile(r'^def (\w+Op)\s*:\s*[^;{]*?"(\w+)".*?(?=^def |^class |\Z)', re.DOTALL | re.MULTILINE)
EXAMPLE = re.compile(r"^[ ]*```mlir\n(.*?)^[ ]*```", re.DOTALL | re.MULTILINE)
LABEL = re.compile(r"\((\w+_c\d+)\)([^\n]*(?:\n(?!\s*[*-] )[^\n(]+)?)")
DESCRIPTION = re.compile(r"let description = \[\{(.*?)\}\]", re.DOTALL)


def descriptions(root):
    """Yields (path, operation, mnemonic, description or "")."""
    for path in tree.files(root):
        if path.startswith("dialect/") and path.endswith(".td"):
            for match in OPERATION.finditer(tree.read(root, path)):
                found = DESCRIPTION.search(match.group(0))
                yield path, match.group(1), match.group(2), found.group(1) if found else ""


def labels(root):
    """(errors, labels seen)"""
    paths = tree.files(root)
    errors, seen = [], set()
    for path, operation, mnemonic, description in descriptions(root):
        folder = os.path.dirname(path)
        code = "\n".join(tree.read(root, p) for p in paths if p.startswith(folder + "/") and p.endswith(".cpp"))
        tests = "\n".join(tree.read(root, p) for p in paths if p.startswith(f"tests/{folder}/"))
        if re.search(r"\(C\d+\)", description):
            errors.append(f"{path}: {operation}: a constraint without a name of its own, (C1); write ({mnemonic}_c1)")
        for label, text in LABEL.findall(description):
            seen.add(label)
            if "held by ODS" not in text and not re.search(rf"\b{label}\b", code):
                errors.append(f"{path}: {operation}: {label} is not named where it is verified in {folder}/*.cpp")
            if not re.search(rf"\b{label}\b", tests):
                errors.append(f"{path}: {operation}: no test below tests/{folder} names {label}")
    return errors, len(seen)


def program_of(example):
    lines = textwrap.dedent(example).splitlines()
    return "".join(re.sub(r"^(\s*)// hidden: ?", r"\1", line) + "\n" for line in lines)


def round_trip(opt, program):
    """What is wrong with a program, or "". Printed once and read again it must print the same."""
    printed = []
    for text in (program, None):
        done = subprocess.run([opt, "-"], input=printed[0] if text is None else text, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            return f"exit code {done.returncode}: {done.stderr.strip()}"
        printed.append(done.stdout)
    return "" if printed[0] == printed[1] else "does not survive a round trip"


def examples(root, opt):
    """(errors, examples run)"""
    errors, count = [], 0
    for path, operation, mnemonic, description in descriptions(root):
        found = EXAMPLE.findall(description)
        if not any(f".{mnemonic}" in example for example in found):
            errors.append(f"{path}: {operation}: no example of {mnemonic} in its description")
        for example in found:
            count += 1
            program = program_of(example)
            wrong = round_trip(opt, program)
            if wrong:
                errors.append(f"{path}: {operation}: {wrong}\n{textwrap.indent(program, '    ')}")
    return errors, count


def main():
    if sys.argv[1] == "labels":
        errors, seen = labels(tree.root_from_arguments(sys.argv[1:]))
    else:
        errors, seen = examples(tree.root_from_arguments(sys.argv[2:]), sys.argv[2])
    tree.finish(sys.argv[1], errors, seen)


if __name__ == "__main__":
    main()
