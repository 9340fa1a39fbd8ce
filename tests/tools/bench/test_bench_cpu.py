# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""test_bench_cpu.py <tools/bench-cpu>: the table, its verdicts and its plot, from a command that claims to measure."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

SCRIPT = sys.argv.pop(1) if len(sys.argv) > 1 else "tools/bench-cpu"

# Dense f32 runs at SHARE of a peak of 100 GFLOP/s, f16 at half of that; two threads are SPEEDUP times as fast.
# A plan that is forced takes three times as long.
STUB = """#!/usr/bin/env python3
import json, os, sys
line = sys.argv[1:]
def option(name):
    return line[line.index(name) + 1]
if line[0] == "devices":
    targets = [{"name": name, "supported": name in os.environ["SUPPORTED"].split(), "implemented": True, "host": False}
               for name in ("x86-64-v3", "x86-64-v4", "avx512-bf16")]
    print(json.dumps({"devices": [{"name": "cpu", "description": "A processor", "threads": 2}], "targets": targets}))
    sys.exit()
if "FAIL" in os.environ:
    sys.exit("told to fail")
share = float(os.environ["SHARE"]) * (0.5 if "--dtype" in line and option("--dtype") == "f16" else 1)
pairs = 10**8
seconds = 4 * 64 * pairs / (share * 1e11) / (float(os.environ["SPEEDUP"]) if option("--threads") == "2" else 1)
if "--plan" in line:
    assert option("--plan") == "border,query=64", "the last is the general one"
    seconds *= 3
plan = {"variants": [{"text": "border,query=16"}, {"text": "border,query=64"}]}
print(json.dumps({"seconds": seconds, "variant": "short_16", "plan": plan, "seconds_min": seconds, "predicted_seconds": None, "flops_peak": 1e11,
                  "pairs_kept": pairs, "pairs_processed": 2 * pairs, "share_of_peak": share,
                  "share_of_peak_cpu": share, "processed_share_of_peak": 2 * share,
                  "compile_seconds": float(os.environ["COMPILE"]), "stages": {"plan": 0.02, "codegen": 0.1}}))
"""


class BenchCpu(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="muntin-bench-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        stub = self.folder / "muntin"
        stub.write_text(STUB)
        stub.chmod(0o755)

    def run_table(self, *arguments, code=0, **facts):
        facts = {"SUPPORTED": "x86-64-v3", "SHARE": "0.85", "SPEEDUP": "1.95", "COMPILE": "0.2", **facts}
        done = subprocess.run([sys.executable, "-B", SCRIPT, "--muntin", str(self.folder / "muntin"), *arguments],
                              env={**os.environ, **facts}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def line(self, text, start):
        return next(line for line in text.splitlines() if line.startswith(start))

    def test_pass_and_skip(self):
        text = self.run_table("--rows", "dense.*f32 d64", "--strict")
        self.assertRegex(self.line(text, "dense"), r"0\.850 .* 0\.80 +pass$")
        self.assertIn("skipped: 1 rows for x86-64-v4, which this machine cannot execute", text)
        self.assertIn("cold compile of 1 problems: pass", text)
        if len(os.sched_getaffinity(0)) >= 2:
            self.assertRegex(text, r"two threads, dense 3136 .*: 1\.95 times one, bar 1\.9: pass")

    def test_below(self):
        text = self.run_table("--rows", "dense.*f32 d64", "--strict", code=1, SHARE="0.79")
        self.assertRegex(self.line(text, "dense"), r"0\.80 +BELOW$")
        self.run_table("--rows", "dense.*f32 d64", SHARE="0.79")  # without --strict the table is the result

    def test_part_of_f32(self):
        text = self.run_table("--rows", "window 7x7 f(16|32) d64")
        self.assertRegex(text, r"f16 +64 .*0\.425 .*0\.68 \(0\.8 of f32\) +BELOW")
        self.assertRegex(text, r"f32 +64 .*measured")

    def test_computed_pairs(self):
        text = self.run_table("--rows", "causal.*f32", SHARE="0.4")
        self.assertRegex(self.line(text, "causal"), r"0\.800 +0\.65 computed +pass$")

    def test_slow_compile_and_threads(self):
        rows = ("--rows", "dense.*f32 d64", "--strict")
        self.assertIn("OVER, 1 took more than 0.3 s", self.run_table(*rows, code=1, COMPILE="0.31"))
        if len(os.sched_getaffinity(0)) >= 2:
            self.assertIn("1.50 times one, bar 1.9: BELOW", self.run_table(*rows, code=1, SPEEDUP="1.5"))

    def test_failed_row(self):
        self.assertIn("FAILED", self.run_table("--rows", "dense.*f32 d64", "--strict", code=1, FAIL="1"))

    def test_every_target(self):
        text = self.run_table("--rows", "dense", SUPPORTED="x86-64-v3 x86-64-v4 avx512-bf16", SHARE="0.82")
        self.assertRegex(text, r"f32 +128 +x86-64-v4 .*0\.85 +BELOW")
        self.assertRegex(text, r"bf16 +128 +avx512-bf16 .*0\.80 +pass")
        self.assertNotIn("skipped: 6", text)

    def test_short_grids(self):
        numbers = self.folder / "n.json"
        text = self.run_table("--rows", "short 16 tokens", "--json", str(numbers))
        self.assertRegex(self.line(text, "16 tokens"), r"x86-64-v3 +short_16 .* 3\.00$")
        told = json.loads(numbers.read_text())
        self.assertEqual(told["rows"], [])
        self.assertAlmostEqual(told["short"][0]["ratio"], 3)
        self.run_table("--rows", "short 16 tokens", "--strict", code=1, FAIL="1")

    def test_plot_and_json(self):
        plot, numbers = self.folder / "p.svg", self.folder / "n.json"
        self.run_table("--rows", "dense.*f32 d64", "--plot", str(plot), "--json", str(numbers))
        root = xml.etree.ElementTree.parse(plot).getroot()
        circles = [part for part in root.iter() if part.tag.endswith("circle")]
        self.assertEqual(len(circles), 2 * 14)
        data = json.loads(numbers.read_text())
        self.assertEqual(data["rows"][0]["share_of_peak"], 0.85)
        self.assertEqual(len(data["plot"]), 14)
        self.assertEqual(len({circle.get("cy") for circle in circles}), 1, "all claim the same time")
        self.assertEqual(len({circle.get("cx") for circle in circles}), 2, "pairs kept and pairs computed")


if __name__ == "__main__":
    unittest.main()
