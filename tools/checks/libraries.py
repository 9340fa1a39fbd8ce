#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""libraries.py <build folder>/lib: what the built libraries need and export.

libmuntin.so           needs no LLVM, names no symbol of LLVM, exports mtn_* only
libmuntin-compiler.so  carries its LLVM inside: needs no LLVM library, exports mtnc_* only
libmuntin-emulator.so  needs no LLVM and not the runtime
"""

import os
import re
import subprocess
import sys

LLVM_LIBRARY = re.compile(r"lib(LLVM|MLIR|lld|clang|Polly)", re.IGNORECASE)
# _ZTH, the initializer of a thread-local variable, is a weak reference in every user of the variable and defined nowhere
# if there is nothing to run: it is in the table and never bound.
LLVM_SYMBOL = re.compile(r"^_Z(?!TH)\w*?[NK](4llvm|4mlir|3lld)|^LLVM[A-Z]|^mlir[A-Z]")
# What a linker defines in any shared object.
LINKER_SYMBOLS = {"_init", "_fini", "__bss_start", "_edata", "_end", "__start___sancov_guards", "__stop___sancov_guards"}
EXPORTS = {"libmuntin.so": r"mtn_\w+", "libmuntin-compiler.so": r"mtnc_\w+", "libmuntin-emulator.so": r"(cu|mtn_emulator_)\w+"}


def lines(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def needed(path):
    return [line.split("[")[1].rstrip("]") for line in lines("readelf", "-d", path) if "(NEEDED)" in line]


def symbols(path, *options):
    return [line.split()[-1].split("@")[0] for line in lines("nm", "-D", *options, path) if line.strip()]


def errors_of(path, name):
    for library in needed(path):
        if LLVM_LIBRARY.match(library):
            yield f"{name} needs {library}"
        if name == "libmuntin-emulator.so" and library.startswith("libmuntin"):
            yield f"{name} needs {library}: a driver library stands alone"
    for symbol in symbols(path, "--undefined-only"):
        if LLVM_SYMBOL.match(symbol):
            yield f"{name} wants LLVM's symbol {symbol}"
    exported = [symbol for symbol in symbols(path, "--defined-only") if symbol not in LINKER_SYMBOLS]
    if not exported:
        yield f"{name} exports nothing"
    strange = [symbol for symbol in exported if not re.fullmatch(EXPORTS[name], symbol)]
    if strange:
        yield f"{name} exports {len(strange)} symbols other than {EXPORTS[name]}, among them {', '.join(strange[:3])}"


def main():
    folder = sys.argv[1]
    present = [name for name in EXPORTS if os.path.exists(os.path.join(folder, name))]
    errors = [error for name in present for error in errors_of(os.path.join(folder, name), name)]
    for error in errors:
        print(f"error: {error}")
    missing = [name for name in sys.argv[2:] if name not in present]
    for name in missing:
        print(f"error: {folder} has no {name}")
    print(f"libraries: {', '.join(present) or 'none'}; {len(errors) + len(missing)} errors")
    sys.exit(1 if errors or missing else 0)


if __name__ == "__main__":
    main()
