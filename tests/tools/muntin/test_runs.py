# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the commands do with a kernel, shown with a compiler library that compiles nothing: its kernel writes
scale * (sum of the rows of v) and the number of keys as LSE."""

import os
import struct
import sys
import unittest

FAKE = os.path.abspath(sys.argv.pop(2)) if len(sys.argv) > 2 else ""

from support import CommandTest, npy, read_npy


def half(value):
    return struct.unpack("<H", struct.pack("<e", value))[0]


class Runs(CommandTest):
    def setUp(self):
        super().setUp()
        self.environment["MUNTIN_COMPILER"] = FAKE

    def flags(self, v, shape):
        """q and k of zeros, v as given."""
        self.write("q.npy", npy(shape))
        self.write("k.npy", npy(shape))
        self.write("v.npy", v)
        return ["--q", "q.npy", "--k", "k.npy", "--v", "v.npy"]

    def test_files_round_trip(self):
        numbers = [0.5, -1.0, 2.0, 8.0]
        flags = self.flags(npy((1, 2, 1, 2), data=struct.pack("<4f", *numbers)), (1, 2, 1, 8))
        self.text("run", *flags, "--scale", "2", "--out", "o.npy", "--lse", "l.npy")
        self.assertEqual(self.files(), ["k.npy", "l.npy", "o.npy", "q.npy", "v.npy"])
        self.assertEqual(read_npy(self.folder / "o.npy"), ((1, 2, 1, 2), (5.0, 14.0, 5.0, 14.0)))
        self.assertEqual(read_npy(self.folder / "l.npy"), ((1, 2, 1), (2.0, 2.0)))

    def test_files_are_converted(self):
        bf16 = struct.pack("<4H", 0x3F00, 0xBF80, 0x4000, 0x4100)  # 0.5, -1, 2, 8
        f16 = struct.pack("<4H", *map(half, (0.5, -1.0, 2.0, 8.0)))
        for descr, data in (("<V2", bf16), ("<f2", f16)):
            for version in (1, 2, 3):
                flags = self.flags(npy((1, 2, 1, 2), descr, data, version=version), (1, 2, 1, 8))
                self.text("run", *flags, "--dtype", "f32", "--scale", "1", "--out", "o.npy")
                self.assertEqual(read_npy(self.folder / "o.npy")[1], (2.5, 7.0, 2.5, 7.0), descr)

    def test_random_is_fixed_by_the_seed(self):
        outputs = []
        for seed in ("1", "1", "2"):
            text = self.text("run", "--grid", "5", "--random", seed, "--out", "o.npy")
            self.assertIn(f"seed {seed}", text)
            outputs.append(read_npy(self.folder / "o.npy"))
        self.assertEqual(outputs[0], outputs[1])
        self.assertNotEqual(outputs[0], outputs[2])
        self.assertEqual(self.json("run", "--grid", "5")["seed"], 0)

    def test_json_keys(self):
        run = self.json("run", "--grid", "5", "--heads", "2")
        self.assertEqual(run["plan"], {"template": "fake"})
        self.assertIsNone(run["max_relative_error"])
        self.assertGreater(run["compile_seconds"], 0)
        self.assertGreater(run["run_seconds"], 0)
        bench = self.json("bench", "--grid", "5", "--heads", "2", "--threads", "1", "--seconds", "0.05")
        self.assertEqual((bench["pairs_kept"], bench["pairs_processed"]), (50, 50))
        self.assertEqual(bench["threads"], 1)
        self.assertLessEqual(bench["seconds_min"], bench["seconds"])
        self.assertGreater(bench["flops_peak"], 1e9)
        self.assertAlmostEqual(bench["flops_effective"] * bench["seconds"], 50 * 2 * 128, delta=1e-6)
        self.assertAlmostEqual(bench["share_of_peak"], bench["flops_effective"] / bench["flops_peak"])
        self.assertGreater(bench["share_of_peak_cpu"], 0)
        self.assertGreater(bench["compile_seconds"], 0)

    def test_variant_of_the_grid(self):
        self.assertEqual(self.json("run", "--grid", "4")["variant"], "few")
        self.assertEqual(self.json("run", "--grid", "5")["variant"], "general")

    def test_check_fails(self):
        done = self.muntin("run", "--grid", "5", "--check", "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("wrong", done.stderr)
        self.assertIn('"pass": false', done.stdout)

    def test_check_passes(self):
        """Without queries there is nothing to be wrong."""
        run = self.json("run", "--grid", "0", "--check")
        self.assertTrue(run["pass"])
        self.assertEqual(run["max_relative_error"], 0)

    def test_empty_files(self):
        self.text("run", "--grid", "0x3", "--heads", "2", "--out", "o.npy", "--lse", "l.npy")
        self.assertEqual(read_npy(self.folder / "o.npy"), ((1, 0, 3, 2, 64), ()))
        self.assertEqual(read_npy(self.folder / "l.npy"), ((1, 0, 3, 2), ()))

    def test_defect(self):
        """Exit code 4 names the stage and a reproducer; no output file appears."""
        for command in ("run", "bench"):
            self.refused(4, ["stage lower", "reproducer", "/nowhere/reproducer.mlir"], command, "--grid", "5", "--plan", "fail")
        self.refused(4, ["stage lower"], "run", "--grid", "5", "--plan", "fail", "--out", "o.npy", "--lse", "l.npy")
        self.refused(4, ["stage lower"], "compile", "--rank", "1", "--plan", "fail", "--emit", "asm", "-o", "k.s")
        self.refused(4, ["stage lower"], "compile", "--rank", "1", "--plan", "fail")
        self.assertEqual(self.files(), [])

    def test_emit(self):
        text = self.text("compile", "--rank", "1", "--emit", "llvm")
        self.assertIn("muntin-problem-1 forward f32 rank=1", text)
        both = self.text("compile", "--rank", "1", "--emit", "asm", "--target", "x86-64-v3", "--target", "x86-64-v4")
        self.assertRegex(both, "# muntin-problem-1 .* target=x86-64-v3 ")
        self.assertRegex(both, "# muntin-problem-1 .* target=x86-64-v4 ")
        self.assertEqual(self.text("compile", "--rank", "1", "--emit", "object", "-o", "k.o"), "")
        self.assertIn("muntin-problem-1", (self.folder / "k.o").read_text())
        self.assertEqual(self.files(), ["k.o"])
        for stage in ("attn", "tile", "llvm", "asm"):
            self.assertTrue(self.text("compile", "--rank", "1", "--emit", stage))

    def test_summary(self):
        text = self.text("compile", "--rank", "1")
        self.assertIn("variants  few, general", text)
        summary = self.json("compile", "--rank", "1", "--target", "x86-64-v3", "--target", "x86-64-v4")["compilations"]
        self.assertEqual([one["target"] for one in summary], ["x86-64-v3", "x86-64-v4"])
        self.assertGreater(summary[0]["image_bytes"], 0)

    def test_plan_without_json_is_a_defect(self):
        self.refused(4, ["plan", "JSON"], "explain", "--grid", "5")
        self.refused(4, ["plan", "JSON"], "show", "plan", "--rank", "1")


if __name__ == "__main__":
    unittest.main()
