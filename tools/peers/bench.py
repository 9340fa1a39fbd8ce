#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times PyTorch SDPA, compiled FlexAttention, NATTEN and Muntin on the same numbers in one run, and prints the ratios.

Every result is first compared with attention in float64 on sampled rows. Each peer gets its tensors in the layout it
likes best (contiguous [B, H, N, D] for PyTorch, heads last for NATTEN and Muntin) and its masks made beforehand: only
the call is timed. Where the mask is not full, SDPA gets it as a tensor, which is what its users do.
"""
import argparse
import json
import math
import re
import statistics
import sys
import time
import warnings

import masks

HEADS = 4
SIDE = 56
# Norm of the error over the norm of the result; two roundings of inputs' products and one of the result.
ERROR_LIMITS = {"f32": 1e-5, "bf16": 1.2e-2, "f16": 2e-3}


def window(size):
    return (SIDE, SIDE), masks.neighborhood((SIDE, SIDE), (size, size), (1, 1), (1, 1), (0, 0)), {"kernel_size": size}


CASES = {
    "56x56-13x13": lambda: window(13),
    "56x56-7x7": lambda: window(7),
    "3136-128": lambda: ((SIDE * SIDE,), masks.sliding([128], [128]), None),
    "3136-dense": lambda: ((SIDE * SIDE,), masks.full(), None),
}
PEERS = ("muntin", "sdpa", "flex", "natten")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/bench-peers", description=__doc__.splitlines()[0],
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="examples:\n  tools/bench-peers\n  tools/bench-peers --cases 7x7 "
                                            "--dtypes f32 --dims 64 --threads 1 --peers muntin,flex")
    choice = lambda names: lambda text: [check_name(name, names) for name in text.split(",")]
    parser.add_argument("--cases", default="", metavar="REGEX", help=f"of {', '.join(CASES)}; default all")
    parser.add_argument("--dtypes", default=["bf16", "f32"], type=choice(list(ERROR_LIMITS)), help="default bf16,f32")
    parser.add_argument("--dims", default=[64, 128], type=positive_list, help="head dimensions, default 64,128")
    parser.add_argument("--threads", default=[1, 2], type=positive_list, help="default 1,2")
    parser.add_argument("--peers", default=list(PEERS), type=choice(PEERS), help=f"default {','.join(PEERS)}")
    parser.add_argument("--seconds", default=1.0, type=float, help="time for each measurement, default 1")
    parser.add_argument("--seed", default=0, type=int)
    parser.add_argument("--library", help="libmuntin.so; default that of build/")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--check-arguments", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    try:
        options.cases = [name for name in CASES if re.search(options.cases, name)]
    except re.error as error:
        parser.error(f"argument --cases: {error}")
    if not options.cases:
        parser.error(f"argument --cases: matches none of {', '.join(CASES)}")
    if not options.seconds > 0:
        parser.error(f"argument --seconds: expected more than 0, got {options.seconds}")
    return options


def check_name(name, names):
    if name not in names:
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(names)}, got {name!r}")
    return name


def positive_list(text):
    try:
        values = [int(part) for part in text.split(",")]
    except ValueError:
        values = [0]
    if min(values) < 1:
        raise argparse.ArgumentTypeError(f"expected numbers of at least 1 with commas between, got {text!r}")
    return values


def say(text):
    print(text, file=sys.stderr, flush=True)


class Problem:
    """Tensors in both layouts, and what the right answer is on some rows."""

    def __init__(self, torch, case, dtype, dim, seed):
        self.torch, self.case, self.dtype, self.dim = torch, case, dtype, dim
        self.grid, self.mask, self.natten = CASES[case]()
        self.tokens = math.prod(self.grid)
        kind = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}[dtype]
        generator = torch.Generator().manual_seed(seed)
        self.last = [torch.randn((1, *self.grid, HEADS, dim), generator=generator).to(kind) for _ in "qkv"]
        self.first = [x.reshape(1, self.tokens, HEADS, dim).transpose(1, 2).contiguous() for x in self.last]
        rows = torch.arange(self.tokens)
        mod = masks.mask_mod(self.mask, self.grid)
        self.allowed = mod(0, 0, rows[:, None], rows[None, :]).expand(self.tokens, self.tokens).contiguous()
        self.pairs = int(self.allowed.sum()) * HEADS
        self.sample = torch.randperm(self.tokens, generator=generator)[:256]
        q, k, v = (x[0].double() for x in self.first)
        scores = (q[:, self.sample] @ k.mT / math.sqrt(dim)).masked_fill(~self.allowed[self.sample], -math.inf)
        self.expected = scores.softmax(-1) @ v

    def error(self, out):
        """`out` heads first."""
        rows = out[0][:, self.sample].double()
        return float((rows - self.expected).norm() / self.expected.norm())


def make_call(torch, peer, problem, session, threads):
    """A function that does the work once and returns the result, heads first."""
    q, k, v = problem.first
    shape = (1, problem.tokens, HEADS, problem.dim)
    if peer == "muntin":
        kernel = None

        def forward():
            nonlocal kernel
            kernel = kernel or session.prepare(*problem.last, problem.mask.text)
            out = torch.empty_like(problem.last[0])  # the peers allocate theirs too
            return kernel.run(*problem.last, out, threads=threads).view(shape).transpose(1, 2)
        return forward
    if peer == "sdpa":
        mask = None if problem.mask.text == "full()" else problem.allowed
        return lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    if peer == "flex":
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention
        torch.compiler.reset()  # after eight problems it would fall back to a slow path without a word
        block_mask = None
        if problem.mask.text != "full()":
            mod = masks.mask_mod(problem.mask, problem.grid)
            block_mask = create_block_mask(mod, None, None, problem.tokens, problem.tokens, device="cpu")
        compiled = torch.compile(flex_attention, dynamic=False)
        return lambda: compiled(q, k, v, block_mask=block_mask)
    if not problem.natten:
        return None
    import natten  # on a CPU it runs FlexAttention, and refuses to compile it
    return lambda: natten.na2d(*problem.last, backend="flex-fna", **problem.natten).reshape(shape).transpose(1, 2)


def measure(call, seconds):
    """(seconds of the first call, its result, [seconds of later calls]); at least 5 of them unless they are very slow."""
    begin = time.perf_counter()
    result = call()
    first = time.perf_counter() - begin
    if first < seconds:
        call()
    times = []
    while not times or (sum(times) < seconds and len(times) < 200) or (len(times) < 5 and sum(times) < 5 * seconds):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return first, result, times


def bench_one(torch, peer, problem, session, threads, seconds):
    row = {"case": problem.case, "dtype": problem.dtype, "head_dim": problem.dim, "threads": threads, "peer": peer}
    try:
        call = make_call(torch, peer, problem, session, threads)
        if call is None:
            return None
        first, result, times = measure(call, seconds)
    except Exception as error:  # a peer that cannot do a case is a line of the table, not the end of it
        return row | {"failed": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"}
    median = statistics.median(times)
    return row | {"first_seconds": first, "seconds": median, "seconds_min": min(times), "runs": len(times),
                  "pairs_kept": problem.pairs,
                  "flops_effective": 4 * problem.pairs * problem.dim / median, "error": problem.error(result)}


def print_table(rows):
    print(f"{'case':<12} {'type':<5} {'D':>4} {'threads':>7} {'peer':<7} {'first s':>8} {'ms':>9} {'GFLOP/s':>8} "
          f"{'error':>8} {'/ muntin':>9}")
    ours = {}
    for row in rows:
        problem = tuple(row[field] for field in ("case", "dtype", "head_dim", "threads"))
        start = f"{problem[0]:<12} {problem[1]:<5} {problem[2]:>4} {problem[3]:>7} {row['peer']:<7} "
        if "failed" in row:
            print(start + "FAILED " + row["failed"])
            continue
        if row["peer"] == "muntin":
            ours[problem] = row["seconds"]
        ratio = f"{row['seconds'] / ours[problem]:9.2f}" if problem in ours else f"{'':>9}"
        verdict = "" if row["agrees"] else "  WRONG"
        print(f"{start}{row['first_seconds']:8.2f} {row['seconds'] * 1e3:9.2f} {row['flops_effective'] * 1e-9:8.1f} "
              f"{row['error']:8.1e} {ratio}{verdict}")


def main():
    options = parse_arguments()
    if options.check_arguments:
        return
    warnings.filterwarnings("ignore")
    import torch
    import muntin_ctypes
    session = None
    if "muntin" in options.peers:
        session = muntin_ctypes.Session(max(options.threads), options.library or muntin_ctypes.LIBRARY)
    rows = []
    problems = [(threads, case, dtype, dim) for threads in options.threads for case in options.cases
                for dtype in options.dtypes for dim in options.dims]
    for number, (threads, case, dtype, dim) in enumerate(problems):
        torch.set_num_threads(threads)
        problem = Problem(torch, case, dtype, dim, options.seed)
        for peer in (name for name in PEERS if name in options.peers):
            say(f"bench-peers: {number + 1}/{len(problems)} {case} {dtype} D {dim}, {threads} thread(s): {peer}")
            row = bench_one(torch, peer, problem, session, threads, options.seconds)
            if row:
                row["agrees"] = "error" in row and row["error"] <= ERROR_LIMITS[dtype]
                rows.append(row)
    if options.json:
        print(json.dumps({"torch": torch.__version__, "rows": rows}, indent=2))
    else:
        print_table(rows)
    wrong = [row for row in rows if "error" in row and not row["agrees"]]
    ours_failed = [row for row in rows if row["peer"] == "muntin" and "failed" in row]
    if wrong or ours_failed:
        sys.exit(f"bench-peers: {len(wrong)} results disagree with float64, {len(ours_failed)} of Muntin's calls failed")


if __name__ == "__main__":
    main()
