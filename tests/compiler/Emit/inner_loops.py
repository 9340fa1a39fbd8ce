#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""inner_loops.py <libmuntin-compiler.so>: the inner loops of both products are what the plan asked for.

For each target, element type, head dimension and register block the compiler writes assembly, on any machine. Then
- the loop over columns holds 4 steps of rows x vectors multiply-adds, the loop over keys one (2, and one of twice the
  rows, where they would be few); where each vector has a hull of its own, so do loops of one vector;
- the loop over the keys of a window holds the probabilities of 4 queries times 4 vectors of columns, or 3 and 2 where
  there are 16 registers;
- vectors have the target's width, and no wider register occurs;
- every multiply-add with a number in memory broadcasts it, and no vector goes to the stack;
- nothing is called.
"""

import re
import sys

import assembly
import compiler_library

UNROLLED = 4  # steps of the loop over columns that are written out
QUERIES = 4  # of a block of a window's output
ACCUMULATORS = 12  # below so many, a block of values is twice as high
MASKS = {1: "full()", 2: "neighborhood(window=7x7, dilation=1x1, stride=1x1, causal=0x0)"}
# target, element types, register, registers that must not occur, multiply-add, [(block, plan of rank 1, plans of rank 2)]
AVX2_BLOCKS = [("4x3", "border,query=24,key=112", "window,query=6x4,key=12x10"),
               ("6x2", "border,query=16,key=112", "window,query=4x4,key=10x10", "window,query=4x4,key=8x10,hulls=2")]
AVX512_BLOCKS = [("8x1", "border,query=16,key=112", "window,query=4x4,key=10x10"),
                 ("8x2", "border,query=32,key=112", "window,query=8x4,key=14x10", "window,query=8x4,key=10x10,hulls=2"),
                 ("8x3", "border,query=48,key=112", "window,query=8x6,key=14x12")]
TARGETS = [("x86-64-v3", ["f32"], "ymm", "zmm", "vfmadd", AVX2_BLOCKS),
           ("x86-64-v4", ["f32"], "zmm", None, "vfmadd", AVX512_BLOCKS),
           ("avx512-bf16", ["bf16"], "zmm", None, "vdpbf16ps", AVX512_BLOCKS)]


def problems():
    for target, elements, register, forbidden, product, blocks in TARGETS:
        for element in elements:
            for columns in (64, 128):
                for block, *plans in blocks:
                    for rank, plan in zip((1, 2, 2), plans):
                        key = (f"muntin-problem-1 forward {element} rank={rank} d={columns} dv={columns} target={target} "
                               f"plan={plan},block={block} mask={MASKS[rank]}")
                        parts = sorted({int(block[-1]), 1 if "hulls=2" in plan else int(block[-1])}, reverse=True)
                        wide = [] if "window" not in plan else [4] if register == "zmm" else [3, 2]
                        yield key, shapes_of(int(block[0]), parts, wide), register, forbidden, product


def errors_of(text, shapes, register, forbidden, product):
    """What is wrong with the code of one kernel, a sentence each."""
    if re.search(r"^\s+call", text, re.MULTILINE):
        yield "it calls something"
    if forbidden and f"%{forbidden}" in text:
        yield f"it uses %{forbidden}"
    # The softmax multiplies and adds too, and has a maximum.
    loops = [loop for loop in assembly.loops_of(text) if not any("vmaxps" in line for line in loop.instructions)]
    for count in sorted({broadcasts * vectors for broadcasts, vectors in shapes}):
        wanted = {broadcasts for broadcasts, vectors in shapes if broadcasts * vectors == count}
        found = [loop for loop in loops if len(loop.multiply_adds()) == count]
        met = {len(loop.broadcasts()) for loop in found}
        if met != wanted:
            yield f"loops with {count} multiply-adds have {met} broadcasts, expected {wanted}"
        for loop in found:
            for instruction in loop.multiply_adds():
                if not instruction.startswith(product) or f"%{register}" not in instruction:
                    yield f"{loop.label}: not a {product} on %{register}: {instruction}"
            for instruction in loop.vector_spills():
                yield f"{loop.label}: a vector on the stack: {instruction}"


def shapes_of(rows, parts, wide):
    """(broadcasts, vectors) of the loops over columns and over keys, where blocks have so many vectors of queries, or
    blocks of the output so many of columns."""
    narrow = [rows * (2 if rows * part < ACCUMULATORS else 1) for part in parts]
    steps = [UNROLLED // (high // rows) for high in narrow]
    scores = [(step * rows, part) for step, part in zip(steps, parts)]
    return scores + ([(QUERIES, vectors) for vectors in wide] or list(zip(narrow, parts)))


def main():
    compiler = compiler_library.Compiler(sys.argv[1])
    count = failed = 0
    for key, *expected in problems():
        count += 1
        text = compiler.emit(key, compiler_library.EMIT_ASM).decode()
        for error in errors_of(text, *expected):
            failed += 1
            print(f"{key}: {error}", file=sys.stderr)
    print(f"{count} kernels, {failed} errors")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
