# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What tools/bench-cpu measures, and the bars: the least share of the peak of the same instruction, one thread."""

from dataclasses import dataclass
from typing import Optional

DENSE = ("dense 3136", "3136", "full()")
WINDOW_13 = ("56x56 window 13x13", "56x56", "neighborhood(window=13x13)")
WINDOW_7 = ("56x56 window 7x7", "56x56", "neighborhood(window=7x7)")
BAND = ("3136 sliding 128", "3136", "sliding(left=128, right=128)")
BOX = ("16x32x32 window 5x9x9", "16x32x32", "neighborhood(window=5x9x9)")
DILATED = ("56x56 window 7x7 dilation 2", "56x56", "neighborhood(window=7x7, dilation=2x2)")
CAUSAL = ("causal 3136", "3136", "causal()")


@dataclass(frozen=True)
class Row:
    name: str
    grid: str
    mask: str
    dtype: str
    dim: int
    target: str
    bar: Optional[float] = None  # share of peak, of the pairs kept
    of_f32: Optional[float] = None  # or: a part of what f32 reaches on the same problem and target
    processed: Optional[float] = None  # or: share of peak, of the pairs computed

    def arguments(self):
        return ["--grid", self.grid, "--mask", self.mask, "--dtype", self.dtype, "--head-dim", str(self.dim), "--heads",
                "4", "--target", self.target]


def shares(problem, dtype, target, bars):
    """One row per head dimension; a bar may be None: measured only."""
    return [Row(*problem, dtype, dim, target, bar=bar) for dim, bar in bars.items()]


def walks(dtype, target):
    """Problems judged by the pairs they compute: whatever these are, they must run near the peak."""
    return [Row(*problem, dtype, dim, target, processed=0.65)
            for problem, dim in ((BOX, 64), (DILATED, 64), (CAUSAL, 128))]


def widened(dtype, target):
    """Types without products of their own are widened to f32, whose peak is theirs."""
    return shares(DENSE, dtype, target, {64: 0.75, 128: 0.75}) + [
        Row(*problem, dtype, dim, target, of_f32=0.8) for problem in (WINDOW_13, WINDOW_7) for dim in (64, 128)]


def rows_of(target):
    if target == "avx512-bf16":
        return (shares(DENSE, "bf16", target, {64: 0.77, 128: 0.80}) +
                shares(WINDOW_13, "bf16", target, {64: 0.44, 128: 0.44}) +
                shares(WINDOW_7, "bf16", target, {64: 0.29, 128: 0.27}) +
                shares(BAND, "bf16", target, {64: 0.56, 128: 0.60}) + walks("bf16", target))
    wide = target == "x86-64-v4"
    bars = [{64: 0.80, 128: 0.85}, {64: 0.44, 128: 0.41}, {64: 0.29, 128: 0.26}, {64: 0.62, 128: 0.62}]
    if not wide:  # the one bar for AVX2 is that of dense f32
        bars = [{64: 0.80, 128: 0.80}] + [{64: None, 128: None}] * 3
    f32 = [row for problem, bar in zip((DENSE, WINDOW_13, WINDOW_7, BAND), bars)
           for row in shares(problem, "f32", target, bar)]
    return f32 + walks("f32", target) + widened("f16", target) + widened("bf16", target)


# Grids that are short on an axis, which have kernels of their own: (name, grid, mask, heads)
SHORT = (("16 tokens", "16", "full()", 64),
         ("32 tokens, causal", "32", "causal()", 64),
         ("1x3136 sliding 3", "1x3136", "sliding(left=3, right=3)", 4),
         ("2x1568 sliding 3", "2x1568", "sliding(left=3, right=3)", 4),
         ("4x784 sliding 8", "4x784", "sliding(left=8, right=8)", 4),
         ("784x2 halo 8, 3", "784x2", "halo(size=8x8, halo=3)", 4),
         ("1x1568 dense", "1x1568", "full()", 4),
         ("392x4 dense", "392x4", "full()", 4),
         ("1 frame of 56x56, sliding 1x3x3", "1x56x56", "sliding(left=1x3x3, right=1x3x3)", 4),
         ("1 frame of 56x56, all frames before", "1x56x56", "sliding(left=infx3x3, right=0x3x3)", 4),
         ("2 frames of 40x40, all frames before", "2x40x40", "sliding(left=infx3x3, right=0x3x3)", 4),
         ("1 frame of 32x32, dense", "1x32x32", "full()", 4))


def short_arguments(short, target):
    """Of a row of SHORT, f32 or the pairs that the target multiplies."""
    _, grid, mask, heads = short
    return ["--grid", grid, "--mask", mask, "--heads", str(heads), "--dtype",
            "bf16" if target == "avx512-bf16" else "f32", "--target", target]


TARGETS = ("x86-64-v3", "x86-64-v4", "avx512-bf16")
