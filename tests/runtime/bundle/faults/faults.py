# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""faults.py WORKER FAULTS: a process that opens a bundle and runs its kernel, while every single allocation and every
single call on its files fails in turn: the result is right, or the run is refused with a reason."""

import os
import subprocess
import sys
import tempfile

WORKER, SHIM = map(os.path.abspath, sys.argv[1:3])
HANG = 200  # whoever measures may stop us meanwhile
RIGHT, REFUSED = 0, 4


def main():
    with tempfile.TemporaryDirectory(prefix="muntin-faults-") as folder:
        bundle, count = os.path.join(folder, "kernels.mtn"), os.path.join(folder, "count")
        subprocess.run([WORKER, "make", bundle], check=True)

        def run(faults, allowed):
            environment = os.environ | {"LD_PRELOAD": SHIM, "FAULTS": faults, "FAULTS_FOLDER": folder,
                                        "FAULTS_COUNT": count, "TMPDIR": folder}
            done = subprocess.run([WORKER, "run", bundle], env=environment, capture_output=True, text=True, timeout=HANG,
                                  check=False)
            assert done.returncode in allowed, f"{faults}: ended with {done.returncode}:\n{done.stderr}"
            return done.returncode

        run("none", [RIGHT])
        with open(count, encoding="utf-8") as file:
            calls, allocations = map(int, file.read().split())
        assert calls > 5 and allocations > 20, (calls, allocations)
        run("short", [RIGHT])
        run("errors", [REFUSED])
        ends = {RIGHT: 0, REFUSED: 0}
        for faults in [f"error {call}" for call in range(1, calls + 1)] + [
                f"{kind} {allocation}" for kind in ("memory", "starve") for allocation in range(1, allocations + 1)]:
            ends[run(faults, [RIGHT, REFUSED])] += 1
        left = [name for name in os.listdir(folder) if name not in ("kernels.mtn", "count")]
        print(f"{calls} calls and {allocations} allocations failed: {ends[REFUSED]} runs were refused, {ends[RIGHT]} right; "
              f"{len(left)} folders left behind")


if __name__ == "__main__":
    main()
