# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `muntin compile`, `explain` and `show` say of GPUs, with assemblers that are scripts."""

import unittest

from support import CommandTest

# What passes for an assembler: the smallest thing that passes for a cubin, and kernels that are clean.
CUBIN_WRITER = r"""[ $1 = --version ] && exit
printf '\177ELF\002' > kernel.cubin; head -c 13 /dev/zero >> kernel.cubin
printf '\276' >> kernel.cubin; head -c 45 /dev/zero >> kernel.cubin
for k in $(sed -n 's/.*\.entry \([^(]*\).*/\1/p' kernel.ptx); do
echo "ptxas info    : Compiling entry function '$k' for '$2'"
echo "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads"
echo "ptxas info    : Used 77 registers"
done"""


class Gpus(CommandTest):
    def test_the_assembler_is_named(self):
        self.environment["MUNTIN_PTXAS"] = "off"
        self.assertIn("assembler  none", self.text("devices"))
        self.assertIsNone(self.json("devices")["assembler"])
        self.environment["MUNTIN_PTXAS"] = self.fake_ptxas("echo 'release 13.0, V13.0.88'")
        self.assertEqual(self.json("devices")["assembler"], "ptxas 13.0.88, " + self.environment["MUNTIN_PTXAS"])
        self.environment["MUNTIN_PTXAS"] = "/nowhere/ptxas"
        self.assertIn("none: assembler: ptxas is '/nowhere/ptxas'", self.text("devices"))

    def test_an_assembler_that_fails(self):
        options = ("--dtype", "bf16", "--target", "sm_80")
        problem = ("--rank", "1", *options)
        for script, words in (("kill -9 $$", ["assemble", "signal 9"]), ("echo spam", ["wrote no cubin", "spam"])):
            self.environment["MUNTIN_PTXAS"] = self.fake_ptxas(script)
            self.refused(3, [self.environment["MUNTIN_PTXAS"], *words], "compile", *problem)
        self.environment["MUNTIN_PTXAS"] = "/nowhere/ptxas"
        self.refused(3, ["/nowhere/ptxas"], "compile", *problem)
        self.environment["MUNTIN_PTXAS"] = "off"
        self.refused(3, ["cubin", "MUNTIN_PTXAS"], "compile", *problem, "--emit", "cubin", "-o", "k.cubin")
        plan = self.json("explain", *options, "--grid", "64")
        self.assertIsNone(plan["assembly"])
        self.assertIn("no: this machine has no assembler", self.text("explain", *options, "--grid", "64"))

    def test_cubins(self):
        self.environment["MUNTIN_PTXAS"] = self.fake_ptxas(CUBIN_WRITER)
        gpu = ("--rank", "1", "--dtype", "bf16", "--target", "sm_80")
        asked = ("--cubin", "sm_80,sm_90,sm_100")
        made = self.json("compile", *gpu, *asked)["compilations"][0]
        kinds = [("cubin", "sm_80"), ("cubin", "sm_90"), ("cubin", "sm_100"), ("ptx", "sm_80")]
        self.assertEqual([(binary["kind"], binary["target"]) for binary in made["binaries"]], kinds)
        self.assertIn("cubin sm_80 (64 bytes), cubin sm_90 (64 bytes), cubin sm_100 (64 bytes), ptx sm_80 (",
                      self.text("compile", *gpu, *asked))
        self.text("compile", *gpu, "--target", "x86-64-v3", *asked, "-o", "kernels.mtn")
        kernels = {kernel["target"]: kernel for kernel in self.json("show", "bundle", "kernels.mtn")["kernels"]}
        self.assertEqual(kernels["sm_80"]["binaries"], made["binaries"])
        self.assertEqual([binary["kind"] for binary in kernels["x86-64-v3"]["binaries"]], ["shared object"])
        self.assertIn("cubin sm_100 (64 bytes)", self.text("show", "bundle", "kernels.mtn"))
        explain = ("explain", "--grid", "64", "--dtype", "bf16", "--target", "sm_80")
        told = self.json(*explain, *asked)
        self.assertEqual([one["architecture"] for one in [told["assembly"], *told["other_assemblies"]]],
                         ["sm_80", "sm_90", "sm_100"])
        text = self.text(*explain, *asked)
        for architecture in ("sm_80", "sm_90", "sm_100"):
            self.assertIn(f"for {architecture}: 64 bytes", text)
        self.text("compile", *gpu, "--cubin", "sm_90a", "--emit", "cubin", "-o", "k.cubin")
        self.assertEqual((self.folder / "k.cubin").stat().st_size, 64)

    def test_key_boxes_of_more_keys_than_a_row_of_mask_words(self):
        for mask, grid, plan in (
            ("neighborhood(window=2x1x65)", "5x5x150", "window,query=1x1x64,key=2x1x128,warps=4,stages=1"),
            ("neighborhood(window=2x65, causal=0x1)", "12x75", "border,query=1x64,key=2x128,warps=4,stages=1"),
            ("sliding(left=15xinfx2, right=20x31x1)", "7x13x3", "stages,query=1x4x8,key=2x4x32,warps=2,stages=1")):
            told = self.json("run", "--check", "--grid", grid, "--mask", mask, "--dtype", "bf16", "--head-dim", "16",
                             "--device", "emulator:sm_80", "--plan", plan)
            self.assertLess(told["max_relative_error"], 4e-3, mask)

    def test_cubins_that_cannot_be(self):
        gpu = ("compile", "--rank", "1", "--dtype", "bf16", "--target", "sm_80")
        for text in ("sm_75", "80", "sm_8", "sm_90b", "sm_1000", "sm_90,", "", "gfx90a"):
            self.refused(2, ["cubin is ", "expected architectures from sm_80 on"], *gpu, "--cubin", text)
        self.refused(2, ["cubin is 'sm_90', which stands twice"], *gpu, "--cubin", "sm_90,sm_80,sm_90")
        for command in (("compile", "--rank", "1"), ("explain", "--grid", "9")):
            self.refused(2, ["--cubin is 'sm_80', but no target is a GPU"], *command, "--cubin", "sm_80")
        self.environment["MUNTIN_PTXAS"] = self.fake_ptxas(
            "[ $2 = -arch=sm_80 ] || { echo \"ptxas fatal   : Value 'sm_999' is not defined for option 'gpu-name'\"; exit 1; }\n" +
            CUBIN_WRITER)
        self.refused(3, ["cubin is 'sm_999'", "may be too old", "gpu-name"], *gpu, "--cubin", "sm_80,sm_999")
        self.refused(2, ["cubin is 'sm_80,sm_90', expected one"], *gpu, "--cubin", "sm_80,sm_90", "--emit", "cubin",
                     "-o", "k.cubin")
        self.environment["MUNTIN_PTXAS"] = "off"
        self.refused(3, ["cubin is 'sm_80'", "nvidia-cuda-nvcc", "MUNTIN_PTXAS"], *gpu, "--cubin", "sm_80")

    def test_rooflines(self):
        self.environment["MUNTIN_PTXAS"] = "off"
        problem = ("--dtype", "bf16", "--head-dim", "128", "--target", "sm_80")
        dense = self.json("explain", "--grid", "4096", *problem)
        rows = {row["machine"]: row for row in dense["rooflines"]}
        self.assertLessEqual({"A100", "A40", "L40", "H100", "H200"}, set(rows))
        self.assertEqual(rows["A100"]["bound_by"], "products")
        self.assertAlmostEqual(rows["A100"]["bound_seconds"], 4096**2 * 256 / (1024 * 108 * 1.41e9), delta=1e-9)
        self.assertAlmostEqual(rows["A100"]["predicted_seconds"], dense["predicted_seconds"], delta=1e-9)
        for row in rows.values():
            self.assertGreater(row["predicted_seconds"], row["bound_seconds"])
            self.assertGreater(row["resident_warps"], 0)
        window = self.json("explain", "--grid", "4096", *problem, "--mask", "sliding(left=1, right=0)")
        a100 = window["rooflines"][0]
        self.assertEqual(a100["bound_by"], "memory")
        self.assertAlmostEqual(a100["bound_seconds"], window["bytes"] / 2.039e12, delta=1e-9)
        text = self.text("explain", "--grid", "4096", *problem)
        for word in ("candidate ", "wins", "The winner has", "H200", "warps/SM"):
            self.assertIn(word, text)
        self.assertEqual(self.json("explain", "--grid", "64")["rooflines"], [])

    def test_rooflines_of_hopper(self):
        """The formulas of compiler/Plan/README.md, with the numbers of NVIDIA's data sheets."""
        self.environment["MUNTIN_PTXAS"] = "off"
        clocks, products = 132 * 1.83e9, 0.62 * 2048
        pairs, queries = 4096**2 * 3, 4096 * 3

        def rows(*problem):
            told = self.json("explain", "--grid", "4096", "--heads", "3", "--target", "sm_80", *problem)
            return told, {row["machine"]: row for row in told["rooflines"]}

        told, dense = rows("--dtype", "bf16", "--head-dim", "128")
        for machine in ("H100", "H200"):
            self.assertEqual(dense[machine]["bound_by"], "products")
            self.assertAlmostEqual(dense[machine]["bound_seconds"], pairs * 256 / products / clocks, delta=1e-9)
            plan = told["plan"]
            cycles = (plan["predicted_product_cycles"] * 1024 / products + plan["predicted_softmax_cycles"] +
                      plan["predicted_box_cycles"])
            self.assertAlmostEqual(dense[machine]["predicted_seconds"], queries * cycles / clocks, delta=1e-9)
        # f32: three products of tf32 at half the rate. Few columns: exponentials. A narrow window: memory.
        _, single = rows("--dtype", "f32", "--head-dim", "128")
        self.assertAlmostEqual(single["H100"]["bound_seconds"], 6 * dense["H100"]["bound_seconds"], delta=1e-9)
        _, thin = rows("--dtype", "bf16", "--head-dim", "8")
        for machine, scale in (("A100", 108 * 1.41e9), ("H200", clocks)):
            self.assertEqual(thin[machine]["bound_by"], "exponentials")
            self.assertAlmostEqual(thin[machine]["bound_seconds"], pairs / 16 / scale, delta=1e-9)
        told, window = rows("--dtype", "bf16", "--head-dim", "128", "--mask", "sliding(left=1, right=0)")
        for machine, bandwidth in (("H100", 3.35e12), ("H200", 4.8e12)):
            self.assertEqual(window[machine]["bound_by"], "memory")
            self.assertAlmostEqual(window[machine]["bound_seconds"], told["bytes"] / bandwidth, delta=1e-12)

    def test_explain_says_what_a_launch_would_refuse(self):
        self.environment["MUNTIN_PTXAS"] = "off"
        row = ("explain", "--dtype", "bf16", "--target", "sm_80", "--template", "row", "--grid")
        room = self.json(*row, "9")["plan"]["capacity"]
        for keys in (room, room + 1):
            told = self.json(*row, keys)
            refused = told["launch_refused"]
            self.assertEqual(refused is None, keys == room, refused)
            self.assertEqual(told["predicted_seconds"] is None, keys > room)
            self.assertEqual(told["rooflines"][0]["predicted_seconds"] is None, keys > room)
            # What is told is what happens.
            done = self.muntin("run", *row[1:3], *row[5:], keys, "--device", "emulator:sm_80")
            self.assertEqual(done.returncode, 2 if keys > room else 0, done.stderr)
        self.assertIn(f"room for {room}; --template online", self.text(*row, room + 1))

    def test_explain_says_what_the_assembler_said(self):
        explain = ("explain", "--grid", "512", "--dtype", "bf16", "--target", "sm_80")
        self.environment["MUNTIN_PTXAS"] = "off"
        free = self.json(*explain)
        self.assertIn("The winner has", self.text(*explain))
        # The first plan spills: the next wins, with more clocks, and the first says why it did not.
        note = self.folder / "spilt"
        self.environment["MUNTIN_PTXAS"] = self.fake_ptxas(
            f"[ -e {note} ] && n=0 || n=24\n" + CUBIN_WRITER.replace(" 0 bytes", " $n bytes") +
            f"\ntouch {note}")
        text = self.text(*explain)
        self.assertIn(f"{free['plan']['text']} ", text)
        self.assertRegex(text, "refused: ptxas spills 24 bytes of [a-z0-9_]+ \\(24 stored, 24 loaded\\)")
        self.assertIn("more clocks than one that was tried later or not at all", text)
        self.assertRegex(text, "77 registers, 0 bytes of stack, 0 \\+ 0 spilled")
        self.assertNotIn("NOT CLEAN", text)
        # All of them do, and lose performance: the least bad is kept, and says so.
        self.environment["MUNTIN_PTXAS"] = self.fake_ptxas(
            CUBIN_WRITER.replace(" 0 bytes", " 8 bytes") + "\necho 'ptxas info    : (C7510) Potential Performance Loss: odd'")
        text = self.text(*explain)
        self.assertRegex(text, "NOT CLEAN +ptxas spills 8 bytes of")
        self.assertRegex(text, "77 registers, 8 bytes of stack, 8 \\+ 8 spilled")
        self.assertIn("(C7510) Potential Performance Loss: odd", text)

    def test_shared_memory(self):
        self.environment["MUNTIN_PTXAS"] = "off"
        gpu = ("--grid", "512", "--dtype", "bf16", "--head-dim", "256", "--target", "sm_80")
        plan = self.json("explain", *gpu)
        self.assertLessEqual(plan["plan"]["shared_bytes"], 99 * 1024)
        forced = ("--plan", "stages,query=128,key=32,warps=8,stages=4")
        self.refused(2, ["plan", "196608", "101376"], "explain", *gpu, *forced)
        self.assertEqual(self.json("explain", *gpu, *forced, "--shared", "192K")["plan"]["shared_bytes"], 192 * 1024)
        lifted = self.json("explain", *gpu, "--shared", "163K")
        self.assertIn("shared=166912", lifted["plan"]["problem"])
        self.assertEqual(lifted["plan"]["problem"], self.json("explain", *gpu, "--shared", "166912")["plan"]["problem"])
        for value in ("0", "1023", "228K", "K", "-1", "99M", "9999999999999999999"):
            self.refused(2, ["shared", "expected"], "explain", *gpu, "--shared", value)
        self.refused(2, ["shared", "65536"], "explain", "--grid", "64", "--shared", "64K")  # a CPU has none
        # Kernels that want more than a device has are refused by it: the emulator's sm_80 lets a block have 163 KiB.
        self.refused(3, ["shared memory", "196608", "166912"], "run", "--grid", "512", "--dtype", "bf16", "--head-dim", "256",
                     "--device", "emulator:sm_80", "--shared", "227K", *forced)

    def fake_ptxas(self, script):
        path = self.folder / "ptxas"
        path.write_text("#!/bin/sh\n" + script + "\n")
        path.chmod(0o700)
        return str(path)


if __name__ == "__main__":
    unittest.main()
