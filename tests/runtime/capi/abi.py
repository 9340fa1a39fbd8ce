# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""abi.py CLANG INCLUDE LIBRARY LIST [--write]: the binary interface of libmuntin.so, against the list of this version.

The list has every function with its symbol version, every callback, enumeration and structure as clang understands
muntin.h: a change of any of them must be meant. What the header declares and what the library exports are compared too.
"""

import difflib
import re
import subprocess
import sys


def lines(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def ask_clang(clang, include, *question):
    command = [clang, "-std=c11", f"-I{include}", "-fsyntax-only", "-include", "muntin/muntin.h", "-x", "c", "/dev/null"]
    return lines(*command, *(part for word in question for part in ("-Xclang", word)))


def exports(library):
    """Function -> symbol version."""
    symbols = [line.split()[-1] for line in lines("nm", "-D", "--defined-only", library)]
    return dict(symbol.split("@@") for symbol in symbols if "@@" in symbol)


def declarations(clang, include, versions):
    """Functions, callbacks and enumerations, each once."""
    enumeration = None
    for line in ask_clang(clang, include, "-ast-print"):
        line = re.sub(r"__attribute__\(\(.*?\)\) ", "", line.strip())
        if re.match(r"typedef enum mtn_\w+ {", line):
            enumeration = [line.removeprefix("typedef ").removesuffix(" {")]
        elif enumeration and line.startswith("}"):
            yield "\n  ".join(enumeration)
            enumeration = None
        elif enumeration:
            enumeration.append(line.rstrip(","))
        elif function := re.match(r"(?!static|typedef)[\w *]*?\b(mtn_\w+)\(.*\);$", line):
            yield f"function {line.rstrip(';')} @ {versions.pop(function[1], 'not exported')}"
        elif re.match(r"typedef .*\(\*mtn_\w+\)\(", line):
            yield line.replace("typedef", "callback", 1).rstrip(";")


def structures(clang, include):
    for record in "\n".join(ask_clang(clang, include, "-fdump-record-layouts-complete")).split("*** Dumping AST")[1:]:
        rows = [row.rstrip() for row in record.splitlines()[1:] if row.strip()]
        if "struct mtn_" in rows[0]:
            yield "\n".join([rows[0].split("|")[1].strip(), *(row.replace(" |  ", "", 1) for row in rows[1:])])


def main():
    clang, include, library, path = sys.argv[1:5]
    versions = exports(library)
    found = sorted(declarations(clang, include, versions)) + sorted(structures(clang, include))
    found += [f"exported, but not declared: {name}" for name in sorted(versions)]
    text = "\n".join(found) + "\n"
    if "--write" in sys.argv:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    with open(path, encoding="utf-8") as file:
        want = file.read()
    if text != want:
        print("\n".join(difflib.unified_diff(want.splitlines(), text.splitlines(), path, library, lineterm="")))
        sys.exit("the interface is not that of the list; --write takes it over")
    if "mtn_forward" not in text or "struct mtn_arguments" not in text or "not exported" in text or versions:
        sys.exit("the list is not whole, or header and library disagree")
    heavy = [line for line in lines("ldd", library) if any(part in line for part in ("LLVM", "MLIR", "liblld"))]
    if heavy:
        sys.exit("needs LLVM:\n" + "\n".join(heavy))


if __name__ == "__main__":
    main()
