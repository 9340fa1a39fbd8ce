# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The problems whose PTX is looked at: every kind of mask meets every head dimension, both 16-bit types, every alignment
class and every template, though not each with each."""

MASKS = [
    (1, "full()"),
    (1, "causal()"),
    (1, "sliding(left=128, right=0)"),
    (2, "neighborhood(window=13x13, dilation=1x1, stride=1x1, causal=0x0)"),
    (2, "neighborhood(window=7x7, dilation=2x1, stride=1x1, causal=1x0)"),
    (2, "neighborhood(window=12x12, dilation=1x1, stride=4x4, causal=0x0)"),
    (3, "neighborhood(window=5x5x5, dilation=1x1x1, stride=1x1x1, causal=0x0x0)"),
    (2, "block(size=8x8)"),
    (2, "halo(size=8x8, halo=3x3)"),
    (1, "global(tokens=4)"),
    (1, "document()"),
    (1, "all_of(causal(), document())"),
    (2, "any_of(global(tokens=4), sliding(left=3x3, right=4x4))"),
    (2, "all_of(neighborhood(window=7x7, dilation=1x1, stride=1x1, causal=0x0), not(block(size=3x3)))"),
    (3, "neighborhood(window=5x5x5, dilation=2x2x2, stride=1x1x1, causal=1x0x0)"),
]
# D, Dv, the alignment of tensors without gaps.
SIZES = [(16, 16, 16), (33, 7, 2), (64, 64, 16), (20, 96, 8), (128, 128, 16), (42, 90, 4), (192, 192, 16), (80, 80, 16),
         (256, 128, 16), (256, 256, 16)]
TEMPLATES = ["online", "live", "border", "row", "unfused", "naive", "stages", "roles"]
BANDED = MASKS[3][1]
SMALL = "neighborhood(window=7x7, dilation=1x1, stride=1x1, causal=0x0)"

# Sums of f32 take twice the registers of their inputs' words, so they are asked for by themselves.
F32 = [
    (1, "causal()", (256, 256, 16)),
    (2, BANDED, (256, 256, 16)),
    (3, "neighborhood(window=5x5x5, dilation=1x1x1, stride=1x1x1, causal=0x0x0)", (256, 256, 16)),
    (1, "all_of(causal(), document())", (128, 128, 8)),
    (2, BANDED, (128, 128, 16)),
    (2, BANDED, (64, 64, 16)),
    (3, "neighborhood(window=5x5x5, dilation=1x1x1, stride=1x1x1, causal=0x0x0)", (64, 64, 8)),
    (2, "any_of(global(tokens=4), sliding(left=3x3, right=4x4))", (64, 64, 4)),
    (3, "neighborhood(window=5x5x5, dilation=1x1x1, stride=1x1x1, causal=0x0x0)", (16, 16, 16)),
    (3, "neighborhood(window=5x5x5, dilation=2x2x2, stride=1x1x1, causal=1x0x0)", (33, 7, 4)),
    (2, "block(size=8x8)", (192, 192, 16)),
]

# (rank, mask, size) of which no plan that the planner tries is clean: a warning says so, and that it does is the test.
NOT_CLEAN = []


def key_of(element, rank, size, mask, template=""):
    d, dv, align = size
    forced = f" template={template}" if template else ""
    return f"muntin-problem-1 forward {element} rank={rank} d={d} dv={dv} target=sm_80 align={align}{forced} mask={mask}"


def problems():
    """(key, alignment, template, whether the assembler has nothing to object)."""
    count = 0
    for index, (rank, mask) in enumerate(MASKS):
        for step in range(2):  # two sizes for each mask: all ten after five masks
            size = SIZES[(2 * index + index // 5 + 3 * step) % len(SIZES)]
            if (rank, mask, size) in NOT_CLEAN:
                continue
            count += 1
            yield key_of("f16" if count % 3 == 0 else "bf16", rank, size, mask), size[2], "", True
    for rank, mask, size in NOT_CLEAN:
        yield key_of("bf16", rank, size, mask), size[2], "", False
    for index, template in enumerate(TEMPLATES):
        for rank, mask, size in ((2, BANDED, (128, 128, 16)),
                                 (1, "causal()", (256, 256, 16)) if index % 2 else (1, "full()", (42, 90, 4))):
            yield key_of("f16" if index % 2 else "bf16", rank, size, mask, template), size[2], template, True
    yield key_of("f16", 2, (64, 64, 16), SMALL, "window"), 16, "window", True
    for rank, mask, size in F32:
        yield key_of("f32", rank, size, mask), size[2], "", True
    yield key_of("f32", 1, (32, 32, 16), "sliding(left=16, right=15)", "window"), 16, "window", True
    yield key_of("f32", 2, (128, 256, 16), BANDED, "naive"), 16, "naive", True
    yield key_of("f32", 1, (128, 128, 16), "document()", "row"), 16, "row", True
    # Narrower classes than rows without gaps would have.
    for align in (8, 4, 2):
        yield key_of("bf16", 2, (128, 128, align), BANDED), align, "", True
