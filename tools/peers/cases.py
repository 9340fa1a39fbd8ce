# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The problems that are timed, their tensors, and what the right answer is on some rows."""
import dataclasses
import math

import masks

SIDE = 56
# Norm of the error over the norm of the result; two roundings of inputs' products and one of the result.
ERROR_LIMITS = {"f32": 1e-5, "bf16": 1.2e-2, "f16": 2e-3}
TF32_LIMIT = 2e-3  # of peers on a GPU, which may multiply f32 as tf32; Muntin does not
MOST_ROWS, MOST_SCORES = 256, 1 << 28  # of the reference: float64, 2 GiB
MOST_PAIRS = 1 << 26  # of one step of counting, some int64 tensors of 512 MiB
MOST_MASK = 1 << 30  # elements of a mask as a tensor, which SDPA widens to its own type


@dataclasses.dataclass
class Case:
    grid: tuple
    mask: masks.Mask
    heads: dict  # by the kind of device that takes the case unless others are named
    natten: dict = None


def window(grid, size, heads):
    rank = len(grid)
    mask = masks.neighborhood(grid, size, (1,) * rank, (1,) * rank, (0,) * rank)
    return Case(grid, mask, heads, {"kernel_size": size})


CASES = {
    "56x56-13x13": window((SIDE, SIDE), (13, 13), {"cpu": 4, "cuda": 24}),
    "56x56-7x7": window((SIDE, SIDE), (7, 7), {"cpu": 4, "cuda": 24}),
    "3136-128": Case((SIDE * SIDE,), masks.sliding([128], [128]), {"cpu": 4, "cuda": 24}),
    "3136-dense": Case((SIDE * SIDE,), masks.full(), {"cpu": 4, "cuda": 24}),
    # Those that NATTEN's authors publish figures of.
    "32768-2048": window((32768,), (2048,), {"cuda": 1}),
    "256x256-80x80": window((256, 256), (80, 80), {"cuda": 24}),
    "30x48x80-18x24x24": window((30, 48, 80), (18, 24, 24), {"cuda": 24}),
    "12x10-5x5": window((12, 10), (5, 5), {"emulator": 2}),
}


class Problem:
    """Tensors in both layouts, on the device where PyTorch computes."""

    def __init__(self, torch, name, dtype, dim, seed, place):
        case = CASES[name]
        self.torch, self.name, self.dtype, self.dim = torch, name, dtype, dim
        self.grid, self.mask, self.natten = case.grid, case.mask, case.natten
        self.heads = case.heads.get(place.kind, min(case.heads.values()))
        self.tokens = math.prod(self.grid)
        self.device = place.torch_device
        kind = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}[dtype]
        generator = torch.Generator().manual_seed(seed)  # of the CPU: the same numbers everywhere
        self.last = [torch.randn((1, *self.grid, self.heads, dim), generator=generator).to(self.device, kind)
                     for _ in "qkv"]
        self.first = [x.reshape(1, self.tokens, self.heads, dim).transpose(1, 2).contiguous() for x in self.last]
        rows = min(MOST_ROWS, MOST_SCORES // (self.tokens * self.heads))
        self.sample = torch.randperm(self.tokens, generator=generator)[:rows].to(self.device)
        self.pairs = self.heads * self.count_pairs()
        self.expected = self.attend(self.sample)

    def allowed(self, queries):
        """Which keys each of `queries` may see: a tensor of bool."""
        keys = self.torch.arange(self.tokens, device=self.device)
        mod = masks.mask_mod(self.mask, self.grid)
        return mod(0, 0, queries[:, None], keys[None, :]).expand(len(queries), self.tokens)

    def all_allowed(self):
        return self.allowed(self.torch.arange(self.tokens, device=self.device)).contiguous()

    def count_pairs(self):
        step = max(1, MOST_PAIRS // self.tokens)
        rows = self.torch.arange(self.tokens, device=self.device)
        return sum(int(self.allowed(some).sum()) for some in rows.split(step))

    def attend(self, rows):
        """The definition, in float64."""
        q, k, v = (x[0].double() for x in self.first)
        scores = (q[:, rows] @ k.mT / math.sqrt(self.dim)).masked_fill(~self.allowed(rows), -math.inf)
        return scores.softmax(-1) @ v

    def error(self, out):
        """`out` heads first."""
        return float((out[0][:, self.sample].double() - self.expected).norm() / self.expected.norm())
