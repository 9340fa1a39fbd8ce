#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times PyTorch SDPA, compiled FlexAttention, NATTEN and Muntin on the same numbers in one run, and prints the ratios.

Every result is first compared with attention in float64 on sampled rows; a wrong one is not timed. Each peer gets its
tensors in the layout it likes best (contiguous [B, H, N, D] for PyTorch, heads last for NATTEN and Muntin) and its masks
made beforehand: only the call is timed. Where the mask is not full, SDPA gets it as a tensor, which is what its users do.
"""
import argparse
import importlib.util
import json
import re
import statistics
import sys
import warnings

import masks
import places
from cases import CASES, ERROR_LIMITS, MOST_MASK, MOST_PAIRS, TF32_LIMIT, Problem

PEERS = ("muntin", "sdpa", "flex", "natten")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/bench-peers", description=__doc__.splitlines()[0],
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="examples:\n  tools/bench-peers\n  tools/bench-peers --cases 7x7 "
                                            "--dtypes f32 --dims 64 --threads 1 --peers muntin,flex")
    choice = lambda names: lambda text: [check_name(name, names) for name in text.split(",")]
    parser.add_argument("--device", default="cpu", type=device_name, metavar="cpu|cuda[:N]|emulator:sm_80",
                        help="where all compute; on the emulator only Muntin can, and nothing is timed; default cpu")
    parser.add_argument("--cases", metavar="REGEX", help=f"of {', '.join(CASES)}; default those of the device")
    parser.add_argument("--dtypes", default=["bf16", "f32"], type=choice(list(ERROR_LIMITS)), help="default bf16,f32")
    parser.add_argument("--dims", default=[64, 128], type=positive_list, help="head dimensions, default 64,128")
    parser.add_argument("--threads", type=positive_list, help="of the CPU, default 1,2")
    parser.add_argument("--peers", default=list(PEERS), type=choice(PEERS), help=f"default {','.join(PEERS)}")
    parser.add_argument("--seconds", default=1.0, type=float, help="time for each measurement, default 1")
    parser.add_argument("--seed", default=0, type=int)
    parser.add_argument("--library", help="libmuntin.so; default that of build/")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--check-arguments", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    kind = places.kind_of(options.device)
    try:
        options.cases = [name for name, case in CASES.items()
                         if (re.search(options.cases, name) if options.cases is not None else kind in case.heads)]
    except re.error as error:
        parser.error(f"argument --cases: {error}")
    if not options.cases:
        parser.error(f"argument --cases: matches none of {', '.join(CASES)}")
    if options.threads and kind != "cpu":
        parser.error(f"argument --threads: goes with --device cpu, got {options.device}")
    options.threads = options.threads or ([1, 2] if kind == "cpu" else [1])
    if not options.seconds > 0:
        parser.error(f"argument --seconds: expected more than 0, got {options.seconds}")
    return options


def device_name(text):
    if places.kind_of(text) not in places.KINDS:
        raise argparse.ArgumentTypeError(f"expected cpu, cuda[:N] or emulator:sm_80, got {text!r}")
    return text


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


class Skipped(Exception):
    """What cannot be compared here, and why."""


def make_call(torch, peer, problem, session, place, threads):
    """A function that does the work once and returns the result, heads first."""
    q, k, v = problem.first
    shape = (1, problem.tokens, problem.heads, problem.dim)
    if peer == "muntin":
        kernel = session.prepare(*problem.last, problem.mask.text)
        return lambda: place.forward(session, kernel, problem.last, threads).view(shape).transpose(1, 2)
    if not place.has_peers:
        raise Skipped(f"nothing but Muntin runs on {place.name}")
    if peer == "sdpa":
        return make_sdpa(torch, problem, q, k, v)
    if peer == "flex":
        return make_flex(torch, problem, q, k, v)
    if not problem.natten:
        raise Skipped("NATTEN has neighbourhoods only")
    if not importlib.util.find_spec("natten"):
        raise Skipped("NATTEN is not installed")
    import natten
    # On a CPU it runs FlexAttention, and refuses to compile it; on a GPU it chooses for itself.
    forced = {"backend": "flex-fna"} if place.kind == "cpu" else {}
    function = (natten.na1d, natten.na2d, natten.na3d)[len(problem.grid) - 1]
    return lambda: function(*problem.last, **forced, **problem.natten).reshape(shape).transpose(1, 2)


def make_sdpa(torch, problem, q, k, v):
    if not hasattr(torch.nn.functional, "scaled_dot_product_attention"):
        raise Skipped(f"PyTorch {torch.__version__} has no SDPA")
    mask = None
    if problem.mask.text != "full()":
        if problem.tokens**2 > MOST_MASK:
            raise Skipped(f"its mask would be a tensor of {problem.tokens**2 / 1e9:.1f} GB")
        mask = problem.all_allowed()
    return lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def make_flex(torch, problem, q, k, v):
    if not importlib.util.find_spec("torch.nn.attention") or \
            not importlib.util.find_spec("torch.nn.attention.flex_attention"):
        raise Skipped(f"PyTorch {torch.__version__} has no FlexAttention")
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention
    torch.compiler.reset()  # after eight problems it would fall back to a slow path without a word
    block_mask = None
    if problem.mask.text != "full()":
        mod = masks.mask_mod(problem.mask, problem.grid)
        # Compiled, it never holds the whole mask; uncompiled, some tensors of int64 for all pairs.
        create = torch.compile(create_block_mask) if problem.tokens**2 > MOST_PAIRS else create_block_mask
        block_mask = create(mod, None, None, problem.tokens, problem.tokens, device=problem.device)
    compiled = torch.compile(flex_attention, dynamic=False)
    return lambda: compiled(q, k, v, block_mask=block_mask)


def bench_one(torch, peer, problem, session, place, threads, seconds):
    row = {"case": problem.name, "dtype": problem.dtype, "head_dim": problem.dim, "threads": threads, "peer": peer}
    try:
        # Compilation counts as part of the first call, wherever a peer does it.
        first, (call, result) = place.first(
            lambda: (call := make_call(torch, peer, problem, session, place, threads), call()))
        row |= {"first_seconds": first, "pairs_kept": problem.pairs, "error": problem.error(result)}
        limit = ERROR_LIMITS[problem.dtype]
        if place.kind == "cuda" and peer != "muntin":
            limit = max(limit, TF32_LIMIT)
        row["agrees"] = row["error"] <= limit
        times = place.times(call, seconds) if row["agrees"] else []
    except Skipped as why:
        return row | {"skipped": str(why)}
    except Exception as error:  # a peer that cannot do a case is a line of the table, not the end of it
        return row | {"failed": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"}
    if not times:
        return row
    median = statistics.median(times)
    return row | {"seconds": median, "seconds_min": min(times), "runs": len(times),
                  "flops_effective": 4 * problem.pairs * problem.dim / median}


def print_table(rows):
    print(f"{'case':<18} {'type':<5} {'D':>4} {'threads':>7} {'peer':<7} {'first s':>8} {'ms':>9} {'GFLOP/s':>9} "
          f"{'error':>8} {'/ muntin':>9}")
    ours = {}
    for row in rows:
        problem = tuple(row[field] for field in ("case", "dtype", "head_dim", "threads"))
        start = f"{problem[0]:<18} {problem[1]:<5} {problem[2]:>4} {problem[3]:>7} {row['peer']:<7} "
        if "skipped" in row or "failed" in row:
            print(start + (f"skipped: {row['skipped']}" if "skipped" in row else f"FAILED {row['failed']}"))
            continue
        timed = "seconds" in row
        if timed and row["peer"] == "muntin":
            ours[problem] = row["seconds"]
        ratio = f"{row['seconds'] / ours[problem]:.2f}" if timed and problem in ours else ""
        speed = [f"{row['seconds'] * 1e3:.3f}", f"{row['flops_effective'] * 1e-9:.1f}"] if timed else ["-", "-"]
        verdict = "" if row["agrees"] else "  WRONG"
        print(f"{start}{row['first_seconds']:8.2f} {speed[0]:>9} {speed[1]:>9} {row['error']:8.1e} {ratio:>9}{verdict}")


def bench_all(torch, place, session, options):
    rows = []
    problems = [(threads, case, dtype, dim) for threads in options.threads for case in options.cases
                for dtype in options.dtypes for dim in options.dims]
    for number, (threads, case, dtype, dim) in enumerate(problems):
        torch.set_num_threads(threads)
        problem = Problem(torch, case, dtype, dim, options.seed, place)
        for peer in (name for name in PEERS if name in options.peers):
            say(f"bench-peers: {number + 1}/{len(problems)} {case} {dtype} D {dim}, {threads} thread(s): {peer}")
            rows.append(bench_one(torch, peer, problem, session, place, threads, options.seconds))
    return rows


def main():
    options = parse_arguments()
    if options.check_arguments:
        return
    warnings.filterwarnings("ignore")
    import torch
    import muntin_ctypes
    if places.kind_of(options.device) == "cuda" and not torch.cuda.is_available():
        say(f"bench-peers: PyTorch {torch.__version__} finds no GPU")
        sys.exit(3)
    session = None
    if "muntin" in options.peers:
        session = muntin_ctypes.Session(max(options.threads), options.library or muntin_ctypes.LIBRARY, options.device)
    with places.open_place(torch, options.device) as place:
        rows = bench_all(torch, place, session, options)
        device = place.describe()
    if options.json:
        print(json.dumps({"torch": torch.__version__, "device": device, "rows": rows}, indent=2))
    else:
        print(f"PyTorch {torch.__version__}, {device}")
        print_table(rows)
    wrong = [row for row in rows if row.get("agrees") is False]
    ours_failed = [row for row in rows if row["peer"] == "muntin" and "failed" in row]
    if wrong or ours_failed:
        sys.exit(f"bench-peers: {len(wrong)} results disagree with float64, {len(ours_failed)} of Muntin's calls failed")


if __name__ == "__main__":
    main()
