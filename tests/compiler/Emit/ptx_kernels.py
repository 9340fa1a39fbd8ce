#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ptx_kernels.py <libmuntin-compiler.so> [--every]: what the PTX of kernels says of itself, and what ptxas says of it.

Everywhere: the products are mma.sync, copies are as wide as the alignment, nothing lives in local memory, the scores do not
go through memory, and .version is the lowest that the instructions need. Where an assembler is found, the compiler has none
of its plans objected to: no spills, no stack, no potential performance loss (C75xx); and ptxas says the same of the same
text for another architecture, where the key's checksum says so, or with --every for each that it knows. Without one that
part is skipped, and says so.
"""

import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

import compiler_library
import ptx_problems

OTHER_ARCHITECTURES = ["sm_86", "sm_89", "sm_90", "sm_100"]  # the compiler's own run was for sm_80
VERSION = ".version 7.0"  # cp.async and mma.sync of bf16


def find_ptxas():
    for path in (os.environ.get("MUNTIN_PTXAS"), shutil.which("ptxas"), "/usr/local/cuda/bin/ptxas"):
        if path and os.access(path, os.X_OK):
            return path
    return None


def errors_of(text, align, template, shape):
    """What is wrong with the PTX of one problem, a sentence each."""
    if VERSION not in text:
        yield f"expected {VERSION}, got {text[text.find('.version'):][:12]}"
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


def other_architectures(key, architectures):
    """Each of the others for an eighth of the problems, always the same ones; none for the other half."""
    number = zlib.crc32(key.encode())
    return [] if number % 2 else [architectures[number // 2 % len(architectures)]]


def look_at(compiler, ptxas, architectures, problem):
    """Errors of one problem."""
    key, align, template, clean = problem
    outcome = compiler.compile(key, compiler_library.EMIT_ASM, ptxas or "off")
    text = outcome.output.decode()
    shape = "m16n8k8." if " f32 " in key else "m16n8k16."
    errors = list(errors_of(text, align, template, shape))
    if not clean:
        return errors + ([] if not ptxas or "ptxas spills" in outcome.warning else
                         ["it is clean now: take it from NOT_CLEAN in ptx_problems.py"])
    if outcome.warning:
        errors.append(outcome.warning)
    if ptxas and architectures:
        with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
            file.write(text)
            file.flush()
            for architecture in architectures:
                errors += complaints_of(ptxas, file.name, architecture)
    return errors


def known_architectures(ptxas):
    """Those of the list that this ptxas knows."""
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(f"{VERSION}\n.target sm_80\n.address_size 64\n")
        file.flush()
        return [name for name in OTHER_ARCHITECTURES
                if ptxas and not subprocess.run([ptxas, f"-arch={name}", file.name, "-o", os.devnull],
                                                capture_output=True).returncode] or ["sm_80"]


def main():
    compiler, ptxas = compiler_library.Compiler(sys.argv[1]), find_ptxas()
    if not ptxas:
        print("SKIPPED: there is no ptxas; what it would say of the kernels is not known")
    architectures = known_architectures(ptxas)
    problems = list(ptx_problems.problems())
    count = 0
    every = "--every" in sys.argv[2:]
    others = [architectures if every else other_architectures(problem[0], architectures) for problem in problems]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = [pool.submit(look_at, compiler, ptxas, other, problem) for other, problem in zip(others, problems)]
        for problem, result in zip(problems, results):
            for error in result.result():
                print(f"error: {problem[0]}\n  {error}")
                count += 1
    met = ", ".join(f"{number} for {name}" for name, number in sorted(collections.Counter(sum(others, [])).items()))
    print(f"ptx: {len(problems)} problems looked at, all for sm_80, {met}; {count} errors")
    sys.exit(1 if count else 0)


main()
