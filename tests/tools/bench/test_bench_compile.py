# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""test_bench_compile.py <tools/bench-compile>: rows, shares, bars and the bundle, from a command that claims to compile."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = sys.argv.pop(1) if len(sys.argv) > 1 else "tools/bench-compile"

# Spends SPENT seconds of processor time on each call; it assembles unless MUNTIN_PTXAS is off.
STUB = """#!/usr/bin/env python3
import json, os, sys, time
line = sys.argv[1:]
assert os.environ["MUNTIN_CACHE"] == "off"
assembles = os.environ.get("MUNTIN_PTXAS") != "off" and "NO_ASSEMBLER" not in os.environ
while time.process_time() < float(os.environ["SPENT"]):
    pass
if "--emit" in line:
    print("x" * 2047)
elif "--problems" in line:
    json.load(open(line[line.index("--problems") + 1]))
    print(json.dumps({"bytes": 3 * 2**20}))
else:
    stages = {"codegen": 0.25} | ({"assemble": 0.75} if assembles else {})
    print(json.dumps({"compilations": [{"stages": stages}]}))
"""


class BenchCompile(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.stub = self.folder / "muntin"
        self.stub.write_text(STUB)
        self.stub.chmod(0o700)

    def bench(self, *arguments, spent="0", code=0, **environment):
        out = self.folder / "out.json"
        # No nvcc on this PATH; where the toolkit is in its usual place there is a ratio all the same.
        done = subprocess.run([sys.executable, "-B", SCRIPT, "--muntin", self.stub, "--runs", "1", "--json", out, *arguments],
                              env={**os.environ, "SPENT": spent, **environment}, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout, json.loads(out.read_text())

    def test_rows_and_bundle(self):
        text, told = self.bench("--rows", "^bf16 D 128")
        self.assertEqual(len(told["rows"]), 1)
        self.assertIn("assemble 75 %, codegen 25 %", text)
        self.assertIn("2 KiB of PTX", text)
        self.assertEqual(told["rows"][0]["ptx_bytes"], 2048)
        self.assertEqual(told["bundle"]["problems"], 100)
        self.assertAlmostEqual(told["bundle"]["per_minute"], 6000 / told["bundle"]["wall_seconds"])
        self.assertIn("3.0 MiB", text)

    def test_bars(self):
        text, told = self.bench("--no-bundle", "--rows", "bf16", "--strict", spent="0.3", code=1)
        self.assertIn("above their bars: bf16 D 128", text)
        self.assertGreaterEqual(told["rows"][0]["ptx_seconds"], 0.3)
        self.assertNotIn("bundle", told)

    def test_without_an_assembler(self):
        text, told = self.bench("--no-bundle", "--rows", "f32", NO_ASSEMBLER="1")
        self.assertNotIn("cubin", text)
        self.assertNotIn("cubin_seconds", told["rows"][0])


if __name__ == "__main__":
    unittest.main()
