#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Muntin against attention that nobody here wrote, on random problems: NATTEN for neighbourhoods (plain, causal, dilated,
strided; 1-D to 3-D; grouped heads), FlexAttention, uncompiled, for every other mask and their combinations, and
scikit-image for the demo.

The oracles compute in float32 on inputs already rounded to the problem's type, so the limits are those of
`muntin run --check` and a little for the oracle's own rounding. Each problem follows from its seed alone.
"""
import argparse
import dataclasses
import itertools
import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

import masks

# (norm of the error over norm of the result per batch and head, the same below 64 elements, absolute error of LSE)
LIMITS = {"f32": (5e-6, 5e-6, 2e-5), "f16": (5e-4, 5e-4, 1e-4), "bf16": (4e-3, 8e-3, 5e-3)}
ORACLES = ("natten", "flex", "skimage")
ROOT = pathlib.Path(__file__).resolve().parents[2]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/test-oracles", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", choices=ORACLES, action="append", help="only this one; may be repeated")
    parser.add_argument("--problems", type=int, default=100, metavar="N", help="random problems for each; default 100")
    parser.add_argument("--seed", type=int, default=0, help="of the first problem, the next has the next; default 0")
    parser.add_argument("--verbose", action="store_true", help="name each problem before it runs")
    parser.add_argument("--library", help="libmuntin.so; default that of build/")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--check-arguments", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.problems < 1:
        parser.error(f"argument --problems: expected at least 1, got {options.problems}")
    options.oracle = options.oracle or list(ORACLES)
    return options


@dataclasses.dataclass
class Problem:
    oracle: str
    seed: int
    dtype: str
    batch: int
    heads: int
    kv_heads: int
    grid: tuple
    kv_grid: tuple
    dim: int
    value_dim: int
    scale: float
    mask: masks.Mask
    natten: dict = None

    def __str__(self):
        grids = " -> ".join("x".join(map(str, grid)) for grid in dict.fromkeys((self.grid, self.kv_grid)))
        return (f"{self.mask.text}, grid {grids}, {self.dtype}, batch {self.batch}, heads {self.heads}/{self.kv_heads}, "
                f"D {self.dim}/{self.value_dim}, scale {self.scale:.4g}")


def random_grid(rng, rank):
    return tuple(rng.randint(1, {1: 400, 2: 30, 3: 11}[rank]) for _ in range(rank))


def natten_problem(seed):
    rng = random.Random(f"natten {seed}")
    rank = rng.randint(1, 3)
    grid = tuple(max(2, extent) for extent in random_grid(rng, rank))
    dilation = [rng.randint(1, min(4, extent // 2)) for extent in grid]
    window = [rng.randint(2, min(extent // d, 40 if rank == 1 else 9)) for extent, d in zip(grid, dilation)]
    stride = [rng.choice([1, rng.randint(1, w)]) for w in window]
    causal = [rng.random() < 0.3 for _ in grid]
    dim, kv_heads = rng.choice([8, 16, 32, 64, 128]), rng.randint(1, 2)
    options = {"kernel_size": tuple(window), "dilation": tuple(dilation), "stride": tuple(stride),
               "is_causal": tuple(causal)}
    return Problem("natten", seed, rng.choice(["f32", "f32", "bf16", "f16"]), rng.randint(1, 2),
                   kv_heads * rng.randint(1, 2), kv_heads, grid, grid, dim, dim,
                   rng.choice([dim**-0.5, 0.3, -0.3]),  # NATTEN takes 0 for "the default"
                   masks.neighborhood(grid, window, dilation, stride, causal), options)


def flex_problem(seed):
    rng = random.Random(f"flex {seed}")
    rank = rng.randint(1, 3)
    grid = random_grid(rng, rank)
    kv_grid = random_grid(rng, rank) if rng.random() < 0.2 else grid
    dim, kv_heads = rng.choice([1, 3, 8, 16, 32, 50, 64, 80, 128]), rng.randint(1, 2)
    return Problem("flex", seed, rng.choice(["f32", "f32", "bf16", "f16"]), rng.randint(1, 2),
                   kv_heads * rng.randint(1, 2), kv_heads, grid, kv_grid, dim, rng.choice([dim, 1, 24, 64]),
                   rng.choice([dim**-0.5, 0.3, -0.3, 0.0]), masks.random_mask(rng, grid))


def make_tensors(torch, problem):
    """q, k, v in the problem's type, heads last; segments and kv_segments, or None."""
    generator = torch.Generator().manual_seed(problem.seed)
    kind = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}[problem.dtype]
    shapes = [(problem.grid, problem.heads, problem.dim), (problem.kv_grid, problem.kv_heads, problem.dim),
              (problem.kv_grid, problem.kv_heads, problem.value_dim)]
    tensors = [torch.randn((problem.batch, *grid, heads, dim), generator=generator).to(kind)
               for grid, heads, dim in shapes]
    if not problem.mask.needs_segments:
        return *tensors, None, None
    segments = [torch.randint(-1, 3, (problem.batch, math.prod(grid)), generator=generator, dtype=torch.int32)
                for grid in (problem.grid, problem.kv_grid)]
    return *tensors, segments[0], segments[0] if problem.grid == problem.kv_grid else segments[1]


def ask_natten(torch, problem, q, k, v, segments, kv_segments):
    import natten
    function = (natten.na1d, natten.na2d, natten.na3d)[len(problem.grid) - 1]
    return function(q, k, v, scale=problem.scale, backend="flex-fna", return_lse=True, **problem.natten)


def ask_flex(torch, problem, q, k, v, segments, kv_segments):
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention
    queries, keys = math.prod(problem.grid), math.prod(problem.kv_grid)
    mod = masks.mask_mod(problem.mask, problem.grid, problem.kv_grid, segments, kv_segments)
    block_mask = create_block_mask(mod, problem.batch, None, queries, keys, device="cpu")
    first = [x.flatten(1, -3).transpose(1, 2) for x in (q, k, v)]
    out, lse = flex_attention(*first, block_mask=block_mask, scale=problem.scale, enable_gqa=True, return_lse=True)
    return out.transpose(1, 2), lse.transpose(1, 2)


def judge(torch, problem, out, lse, expected, expected_lse):
    """(largest error over its limit, what is wrong or None). Tensors [batch, tokens, heads, dim] and without dim."""
    limit, small_limit, lse_limit = LIMITS[problem.dtype]
    out, expected = out.double(), expected.double()
    if out[0, :, 0].numel() < 64:
        limit = small_limit
    size = expected.norm(dim=(1, 3))
    difference = (out - expected).norm(dim=(1, 3))
    ratio = float(torch.where(size > 0, difference / size, torch.where(difference > 0, math.inf, 0.0)).max())
    if not ratio <= limit:
        return ratio / limit, f"relative error {ratio:.1e}, limit {limit:.1e}"
    empty = expected_lse == -math.inf
    if not torch.equal(empty, lse == -math.inf):
        return math.inf, f"{int((empty != (lse == -math.inf)).sum())} rows differ in whether they have a key"
    worst = float((lse - expected_lse).masked_fill(empty, 0).abs().max())
    if not worst <= lse_limit:
        return worst / lse_limit, f"error of LSE {worst:.1e}, limit {lse_limit:.1e}"
    return max(ratio / limit, worst / lse_limit), None


def run_random(torch, session, problem):
    q, k, v, segments, kv_segments = make_tensors(torch, problem)
    tokens = (problem.batch, math.prod(problem.grid), problem.heads)
    out = torch.full((problem.batch, *problem.grid, problem.heads, problem.value_dim), math.nan, dtype=q.dtype)
    lse = torch.full(out.shape[:-1], math.nan)
    session.forward(q, k, v, out, problem.mask.text, lse=lse, segments=segments, kv_segments=kv_segments,
                    scale=problem.scale)
    ask = {"natten": ask_natten, "flex": ask_flex}[problem.oracle]
    expected, expected_lse = ask(torch, problem, q.float(), k.float(), v.float(), segments, kv_segments)
    return judge(torch, problem, out.view(*tokens, -1), lse.view(tokens), expected.reshape(*tokens, -1),
                 expected_lse.reshape(tokens))


def run_skimage():
    """The demo program against scikit-image: [(name, error over limit, what is wrong or None)].

    Its exact mode drops weights under exp(-5) and takes exponentials from a fast approximation that is off by -4 to +2
    percent, so the mean over a picture is what can be held; once as in the demo, once with h so large that nothing is
    dropped. (denoise itself holds each pixel to rounding, against the definition.)"""
    sys.path.insert(0, str(ROOT / "tools" / "examples"))
    import compare_skimage
    results = []
    limit = 1.5e-3  # 4e-4 to 8e-4 measured
    for image, h in itertools.product(("camera.png", "chelsea.jpg"), (0.08, 2.0)):
        with tempfile.TemporaryDirectory() as folder:
            command = [ROOT / "build" / "examples" / "denoise", ROOT / "tools" / "examples" / "images" / image, "--size",
                       "96", "--h", str(h), "--repeats", "1", "--arrays", folder, "--report", f"{folder}/report.json",
                       "--before", f"{folder}/before.png", "--after", f"{folder}/after.png"]
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if done.returncode != 0:
                results.append((f"{image}, h {h}", math.inf, done.stderr.strip().splitlines()[-1]))
                continue
            report = json.loads(pathlib.Path(folder, "report.json").read_text())
            value = compare_skimage.compare(folder, report, modes=["exact"])["exact"]["mean_difference"]
        wrong = None if value <= limit else f"mean difference {value:.1e}, limit {limit:.1e}"
        results.append((f"{image}, h {h}", value / limit, wrong))
    return results


def run_oracle(torch, session, oracle, options):
    """One row of the summary."""
    row = {"oracle": oracle, "problems": 0, "worst_over_limit": 0.0, "failures": []}

    def note(name, ratio, wrong):
        row["problems"] += 1
        if ratio < math.inf:  # not a number to compare with where nothing came out
            row["worst_over_limit"] = max(row["worst_over_limit"], ratio)
        if wrong:
            row["failures"].append(f"{name}: {wrong}")
            print(f"test-oracles: WRONG {name}: {wrong}", file=sys.stderr, flush=True)

    if oracle == "skimage":
        for result in run_skimage():
            note(*result)
        return row
    for number in range(options.problems):
        seed = options.seed + number
        problem = {"natten": natten_problem, "flex": flex_problem}[oracle](seed)
        replay = f"--oracle {oracle} --problems 1 --seed {seed}: {problem}"
        if options.verbose:
            print(f"test-oracles: {replay}", file=sys.stderr, flush=True)
        try:
            note(replay, *run_random(torch, session, problem))
        except Exception as error:
            note(replay, math.inf, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")
        if (number + 1) % 20 == 0:
            print(f"test-oracles: {oracle} {number + 1}/{options.problems}", file=sys.stderr, flush=True)
    return row


def main():
    options = parse_arguments()
    if options.check_arguments:
        return
    warnings.filterwarnings("ignore")
    import torch
    import muntin_ctypes
    torch.set_num_threads(2)
    session = muntin_ctypes.Session(library=options.library or muntin_ctypes.LIBRARY)
    rows = [run_oracle(torch, session, oracle, options) for oracle in options.oracle]
    if options.json:
        print(json.dumps({"seed": options.seed, "rows": rows}, indent=2))
    else:
        print(f"{'oracle':<8} {'problems':>8} {'wrong':>6} {'worst error / limit':>20}   seeds from {options.seed}")
        for row in rows:
            print(f"{row['oracle']:<8} {row['problems']:>8} {len(row['failures']):>6} {row['worst_over_limit']:>20.2f}")
    sys.exit(1 if any(row["failures"] for row in rows) else 0)


if __name__ == "__main__":
    main()
