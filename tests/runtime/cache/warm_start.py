# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""warm_start.py FIRST_RESULT MUNTIN: a process whose kernel is on the disk maps the entry itself, and nothing of LLVM; nor
does one whose kernel is in a bundle."""

import os
import re
import subprocess
import sys
import tempfile

LLVM = re.compile(r"libmuntin-compiler|lib(LLVM|MLIR|lld|clang)", re.IGNORECASE)


def mapped(folder, *bundle, **environment):
    """Lines of /proc/self/maps of a process that has had its first result."""
    done = subprocess.run([sys.argv[1], *bundle, "maps"], capture_output=True, text=True, check=True,
                          env={**os.environ, "MUNTIN_CACHE": "rw", "MUNTIN_CACHE_DIR": folder, **environment})
    return done.stdout.splitlines()


def code_of(lines, folder):
    return [line for line in lines if folder in line and line.endswith(".kernel") and " r-xp " in line]


def main():
    with tempfile.TemporaryDirectory(prefix="muntin-warm-") as base:
        folder = os.path.join(base, "cache")
        cold = mapped(folder)
        assert any(LLVM.search(line) for line in cold), "the first process compiles: this test would see LLVM"
        assert not code_of(cold, folder)
        for environment in ({}, {"MUNTIN_CACHE": "ro"}, {"MUNTIN_COMPILER": "/nowhere/libmuntin-compiler.so"}):
            warm = mapped(folder, **environment)
            llvm = [line for line in warm if LLVM.search(line)]
            assert not llvm, f"{environment}: mapped\n" + "\n".join(llvm)
            assert len(code_of(warm, folder)) == 1, f"{environment}: the entry is not mapped:\n" + "\n".join(warm)
        path = os.path.join(base, "kernels.mtn")
        subprocess.run([sys.argv[2], "compile", "--mask", "neighborhood(window=5x5)", "-o", path], check=True,
                       capture_output=True)
        shipped = mapped(os.path.join(base, "none"), "bundle", path)
        assert not [line for line in shipped if LLVM.search(line)], "\n".join(shipped)


if __name__ == "__main__":
    main()
