# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""exports.py LIBRARY LIST: fails, showing the difference, unless LIBRARY exports what LIST names, and needs no LLVM."""

import difflib
import subprocess
import sys

library, expected = sys.argv[1:]
lines = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
names = sorted(line.split()[-1] for line in lines.splitlines())
names = [name for name in names if not name.startswith("MUNTIN_")]  # the version's own node
want = open(expected).read().split()
if names != want:
    sys.exit("\n".join(difflib.unified_diff(want, names, expected, library, lineterm="")))
if not want:
    sys.exit("the list is empty")
loaded = subprocess.run(["ldd", library], capture_output=True, text=True, check=True).stdout
heavy = [line for line in loaded.splitlines() if any(part in line for part in ("LLVM", "MLIR", "liblld"))]
if heavy:
    sys.exit("needs LLVM:\n" + "\n".join(heavy))
