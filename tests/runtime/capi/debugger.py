# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""debugger.py PROGRAM COMPILER ENTRY: gdb stops in a kernel that was loaded at run time, names it, and sees its callers.

ENTRY is a regular expression for the kernel's name. Exit code 77 where there is no gdb, or it may not trace.
"""

import re
import shutil
import subprocess
import sys

program, compiler, entry = sys.argv[1:]
if not shutil.which("gdb"):
    print("SKIPPED: no gdb on this machine")
    sys.exit(77)
script = ["set debuginfod enabled off", "set environment MUNTIN_THREADS 1", "catch load kernel-0.so", "run", f"rbreak {entry}",
          "delete 1", "continue", "backtrace", "info sharedlibrary kernel-0.so", "kill"]
command = ["gdb", "-q", "-nx", "-batch"] + [part for line in script for part in ("-ex", line)]
text = subprocess.run(command + ["--args", program, compiler], capture_output=True, text=True, timeout=120)
output = text.stdout + text.stderr
if re.search("ptrace: Operation not permitted|Could not trace the inferior", output):
    print("SKIPPED: this machine does not let gdb trace")
    sys.exit(77)
for wanted in (rf"#0 .*{entry}", r"#\d+ .*\bmtn_forward\b", r"#\d+ .*\bmain\b", r"/muntin-\d+-[^/]*/kernel-0\.so"):
    if not re.search(wanted, output):
        sys.exit(f"gdb shows nothing like {wanted}:\n{output}")
