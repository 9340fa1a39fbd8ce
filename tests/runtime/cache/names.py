# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""names.py MUNTIN perf|gdb: both show a kernel that came from the disk cache by the name of its function, in the file of
its entry. Exit code 77 where the tool is missing or may not do its work."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PROBLEM = ["run", "--grid", "64x64", "--heads", "8", "--head-dim", "32", "--mask", "neighborhood(window=9x9)",
           "--target", "x86-64-v3", "--threads", "1"]
FUNCTION = "muntin_f32_d32_neighborhood.*_forward"  # gdb has its own way with double underscores


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(77)


def run(command, folder):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "MUNTIN_CACHE": "rw", "MUNTIN_CACHE_DIR": str(folder / "cache")})
    return done.returncode, done.stdout + done.stderr


def ask_perf(command, folder):
    data = str(folder / "samples")
    code, text = run(["perf", "record", "-q", "-F", "20000", "-e", "cpu-clock", "-o", data, *command], folder)
    if code != 0:
        skip(f"perf cannot record here: {text[:200]}")
    return run(["perf", "report", "-i", data, "--stdio", "--sort", "dso,symbol"], folder)[1]


def ask_gdb(command, folder):
    # A breakpoint in the kernel before it was compared with its entry would be a difference.
    steps = ["set debuginfod enabled off", "set breakpoint pending on", "break runTasks", "run", f"rbreak {FUNCTION}",
             "delete 1", "continue", "info symbol $pc", "kill"]
    text = run(["gdb", "-q", "-nx", "-batch", *(part for step in steps for part in ("-ex", step)), "--args", *command],
               folder)[1]
    if re.search("ptrace: Operation not permitted|Could not trace the inferior", text):
        skip("gdb may not trace here")
    return text


def main():
    command, tool = [sys.argv[1], *PROBLEM], sys.argv[2]
    if not shutil.which(tool):
        skip(f"there is no {tool}")
    with tempfile.TemporaryDirectory(prefix="muntin-names-") as name:
        folder = pathlib.Path(name)
        code, text = run(command, folder)
        if code == 3:
            skip(text)
        entry, = (folder / "cache").glob("*.kernel")
        shown = {"perf": ask_perf, "gdb": ask_gdb}[tool](command, folder)
    for wanted in (FUNCTION, re.escape(entry.name)):
        if not re.search(wanted, shown):
            sys.exit(f"{tool} shows nothing like {wanted}:\n{shown[:4000]}")


if __name__ == "__main__":
    main()
