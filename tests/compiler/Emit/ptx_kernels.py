#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ptx_kernels.py <libmuntin-compiler.so>: what the PTX of kernels says of itself, and what ptxas says of it.

Everywhere: the products are mma.sync, copies are as wide as the alignment, nothing lives in local memory, and the scores
do not go through memory. Where ptxas is found (MUNTIN_PTXAS, PATH, /usr/local/cuda): it accepts the text, and reports no
spills, no stack, no potential performance loss (C75xx), and at most 255 registers. Without it that part is skipped, and
says so.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import compiler_library

ARCHITECTURES = ["sm_80", "sm_86", "sm_89", "sm_90", "sm_100"]
WINDOW = "neighborhood(window=13x13, dilation=1x1, stride=1x1, causal=0x0)"
# fields between target and mask, mask
PROBLEMS = [
    ("bf16 rank=2 d=128 dv=128 target=sm_80 align=16", WINDOW),
    ("f16 rank=2 d=64 dv=64 target=sm_80 align=16", WINDOW),
    ("bf16 rank=1 d=256 dv=256 target=sm_80 align=16", "sliding(left=128, right=0)"),
    ("bf16 rank=3 d=33 dv=7 target=sm_80 align=2", "neighborhood(window=5x5x5, dilation=2x2x2, stride=1x1x1, causal=1x0x0)"),
    ("f16 rank=2 d=20 dv=192 target=sm_80 align=8", "any_of(global(tokens=4), sliding(left=3x3, right=4x4))"),
    ("bf16 rank=1 d=96 dv=96 target=sm_80 align=4", "all_of(causal(), document())"),
    ("bf16 rank=2 d=64 dv=64 target=sm_80 align=16 template=window",
     "neighborhood(window=7x7, dilation=1x1, stride=1x1, causal=0x0)"),
    ("bf16 rank=1 d=64 dv=64 target=sm_80 align=16 template=online", "full()"),
    ("bf16 rank=2 d=128 dv=128 target=sm_80 align=16 template=row", WINDOW),
    ("f16 rank=2 d=256 dv=256 target=sm_80 align=16 template=unfused", WINDOW),
    ("bf16 rank=3 d=40 dv=24 target=sm_80 align=4 template=naive",
     "neighborhood(window=5x5x5, dilation=2x1x1, stride=1x1x1, causal=0x0x0)"),
    ("f16 rank=1 d=256 dv=256 target=sm_80 align=16 template=naive", "causal()"),
    ("f32 rank=2 d=128 dv=256 target=sm_80 align=16 template=naive", WINDOW),
    ("f32 rank=1 d=128 dv=128 target=sm_80 align=16 template=row", "document()"),
    ("f32 rank=1 d=256 dv=256 target=sm_80 align=16", "sliding(left=128, right=0)"),
    ("f32 rank=1 d=128 dv=128 target=sm_80 align=8", "all_of(causal(), document())"),
    ("f32 rank=2 d=128 dv=128 target=sm_80 align=16", WINDOW),
    ("f32 rank=2 d=64 dv=64 target=sm_80 align=4", "any_of(global(tokens=4), sliding(left=3x3, right=4x4))"),
    ("f32 rank=3 d=16 dv=16 target=sm_80 align=16",
     "neighborhood(window=5x5x5, dilation=1x1x1, stride=1x1x1, causal=0x0x0)"),
    ("f32 rank=1 d=32 dv=32 target=sm_80 align=16 template=window", "sliding(left=16, right=15)"),
]


def find_ptxas():
    for path in (os.environ.get("MUNTIN_PTXAS"), shutil.which("ptxas"), "/usr/local/cuda/bin/ptxas"):
        if path and os.access(path, os.X_OK):
            return path
    return None


def errors_of(text, align, template, shape):
    """What is wrong with the PTX of one problem, a sentence each."""
    if ".local" in text:
        yield "it uses local memory"
    if re.search(r"^\s+call", text, re.MULTILINE):
        yield "it calls something"
    if template == "naive":
        if "mma.sync" in text or "ldmatrix" in text or "fma.rn.f32" not in text:
            yield "it is to multiply and add single numbers"
    elif f"mma.sync.aligned.{shape}" not in text:
        yield "it multiplies no matrices"
    copies = set(re.findall(r"cp\.async\.(c[ag])\.shared\.global.*?\], (\d+)", text))
    wanted = {16: {("cg", "16")}, 8: {("ca", "8")}, 4: {("ca", "4")}, 2: set()}[align]
    if copies != wanted:
        yield f"its copies are {sorted(copies)}, expected {sorted(wanted)}"
    first, last = text.find("mma.sync"), text.rfind("mma.sync")
    keeps = template in ("row", "unfused", "naive")  # scores in memory: that is their idea
    if align != 2 and not keeps and "st.shared" in text[first:last]:  # narrow copies are loads and stores
        yield "something is stored between the products"


def complaints_of(ptxas, path, architecture):
    done = subprocess.run([ptxas, "-v", f"-arch={architecture}", path, "-o", os.devnull], capture_output=True, text=True)
    told = done.stdout + done.stderr
    if done.returncode:
        yield f"ptxas for {architecture}: {told.strip().splitlines()[-1]}"
        return
    for stack, stores, loads in re.findall(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", told):
        if (stack, stores, loads) != ("0", "0", "0"):
            yield f"for {architecture}: {stack} bytes of stack, {stores} stored and {loads} loaded for spills"
    if re.search(r"C75\d\d", told):
        yield f"for {architecture}: " + re.search(r".*C75\d\d.*", told).group(0)


def main():
    compiler, ptxas = compiler_library.Compiler(sys.argv[1]), find_ptxas()
    if not ptxas:
        print("SKIPPED: there is no ptxas; what it would say of the kernels is not known")
    count = 0
    for index, (fields, mask) in enumerate(PROBLEMS):
        key = f"muntin-problem-1 forward {fields} mask={mask}"
        text = compiler.emit(key, compiler_library.EMIT_ASM).decode()
        template = re.search(r"template=(\w+)|$", key).group(1)
        errors = list(errors_of(text, int(re.search(r"align=(\d+)", key).group(1)), template,
                                "m16n8k8." if fields.startswith("f32") else "m16n8k16."))
        if ptxas:
            with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
                file.write(text)
                file.flush()
                # Registers differ little from one architecture to another: each problem for the first, one for all.
                for architecture in ARCHITECTURES if index == 1 else ARCHITECTURES[:1]:
                    errors += complaints_of(ptxas, file.name, architecture)
        for error in errors:
            print(f"error: {key}\n  {error}")
        count += len(errors)
    print(f"ptx: {len(PROBLEMS)} problems looked at, {count} errors")
    sys.exit(1 if count else 0)


main()
