#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torture.py WORKER FAULTS COMPILER COMMAND [--long] [--seed N] [SCENARIO...]: does to the disk cache what machines do.

Each scenario runs MuntinCacheWorker (a process that asks for kernels and judges every result), often many at once, and
kills, damages and starves them. Whatever is done: no result is wrong, nothing hangs, no half entry is left, and the
next process finds a cache that works. WORKER and so on are built files; tools/torture-cache knows where they are. COMMAND
may be none: then entries are not read once more by `muntin cache verify`. The short form does the same less often."""

import argparse
import os
import random
import sys
import time

import crowds
import damages
from shop import Failure, Shop, Skipped

SCENARIOS = crowds.SCENARIOS + damages.SCENARIOS


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tools", nargs=4, metavar="FILE")
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_intermixed_args()
    print(f"seed {options.seed}{', long' if options.long else ''}", flush=True)
    chosen = [s for s in SCENARIOS if not options.scenarios or s.__name__ in options.scenarios]
    if len(chosen) < len(options.scenarios):
        sys.exit(f"scenarios are {', '.join(s.__name__ for s in SCENARIOS)}")
    failed = 0
    for scenario in chosen:
        shop = Shop([tool if tool == "none" else os.path.abspath(tool) for tool in options.tools],
                    f"{options.seed} {scenario.__name__}", options.long)
        start = time.monotonic()
        try:
            verdict = f"ok   {scenario(shop) or ''}".rstrip()
        except Skipped as reason:
            verdict = f"SKIPPED: {reason}"
        except Failure as failure:
            failed += 1
            again = f"--seed {options.seed}{' --long' if options.long else ''} {scenario.__name__}"
            verdict = f"FAILED: {failure}\n  again: {again}"
        finally:
            shop.close()
        print(f"{scenario.__name__:<18} {time.monotonic() - start:6.1f} s  {verdict}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
