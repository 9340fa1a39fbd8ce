# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""bench.py SOURCE LIBMUNTIN: what gpu-check runs on a GPU, on the emulator, where Muntin's results must agree with float64
and the peers are skipped by name. Exit code 77: neither this Python nor that of tools/bench-peers has PyTorch."""
import json
import pathlib
import subprocess
import sys


def find_pytorch(source):
    for python in (source / ".deps" / "peers" / "bin" / "python", pathlib.Path(sys.executable)):
        if python.exists() and subprocess.run([python, "-c", "import torch"], capture_output=True).returncode == 0:
            return python
    print("peers: SKIPPED: no PyTorch here")
    sys.exit(77)


def main():
    source, library = map(pathlib.Path, sys.argv[1:3])
    command = [find_pytorch(source), "-B", source / "tools" / "peers" / "bench.py", "--library", library, "--json"]

    def bench(*options):
        done = subprocess.run([*command, "--dims", "16", *options], stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)["rows"]

    rows = bench("--device", "emulator:sm_80", "--dtypes", "bf16,f32")
    ours = [row for row in rows if row["peer"] == "muntin"]
    assert len(ours) == 2 and len(rows) == 8, rows
    assert all(row["agrees"] and "seconds" not in row for row in ours), ours
    assert all("skipped" in row for row in rows if row["peer"] != "muntin"), rows
    rows = bench("--cases", "12x10", "--dtypes", "f32", "--threads", "1", "--seconds", "0.01")
    assert any(row["peer"] == "muntin" and "skipped" not in row for row in rows), rows
    for row in rows:
        assert "skipped" in row or (row["agrees"] and row["seconds"] > 0), row


if __name__ == "__main__":
    main()
