# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The commands with the real compiler: every problem here is compiled, run and checked."""

import json
import pathlib
import random
import shlex
import struct
import unittest

from support import COMMAND, CommandTest, npy, read_npy

WINDOW = ("--grid", "12x12", "--mask", "neighborhood(window=5x5)")


class Run(CommandTest):
    def check(self, *arguments):
        run = self.json("run", "--check", *arguments)
        self.assertTrue(run["pass"])
        self.assertLessEqual(run["max_relative_error"], run["limit_relative_error"])
        self.assertEqual(run["rows_checked"], run["rows"])
        return run

    def test_masks(self):
        for mask in ("full()", "causal()", "sliding(left=5, right=inf)", "block(size=7)", "halo(size=8, halo=3)",
                     "global(tokens=3)", "neighborhood(window=5, dilation=3, stride=2, causal=1)",
                     "all_of(causal(), document())", "any_of(sliding(left=2, right=2), global(tokens=1))",
                     "not(block(size=4))"):
            with self.subTest(mask=mask):
                run = self.check("--grid", "37", "--mask", mask, "--heads", "2")
                self.assertIn("template", run["plan"])

    def test_dtypes_ranks_and_heads(self):
        for dtype in ("f32", "f16", "bf16"):
            self.check(*WINDOW, "--dtype", dtype, "--heads", "4", "--kv-heads", "2", "--head-dim", "40", "--value-dim",
                       "24")
        self.check("--grid", "5x6x7", "--mask", "neighborhood(window=3x3x3)", "--batch", "2", "--scale", "-0.3")
        self.check("--grid", "9", "--kv-grid", "14", "--scale", "0")

    def test_no_key_and_no_query(self):
        self.check("--grid", "5", "--kv-grid", "0", "--mask", "causal()")
        self.check("--grid", "9", "--mask", "all_of(causal(), not(causal()))")
        self.check("--grid", "0x5", "--mask", "neighborhood(window=3x3)")

    def test_uniform_weights(self):
        """Scores of zero make the mean of the values; LSE is the logarithm of their number."""
        zeros = npy((1, 4, 1, 8))
        self.write("q.npy", zeros)
        self.write("k.npy", zeros)
        self.write("v.npy", npy((1, 4, 1, 1), data=struct.pack("<4f", 1, 2, 3, 6)))
        files = ("--q", "q.npy", "--k", "k.npy", "--v", "v.npy", "--out", "o.npy", "--lse", "l.npy")
        self.text("run", *files, "--mask", "causal()")
        shape, out = read_npy(self.folder / "o.npy")
        self.assertEqual(shape, (1, 4, 1, 1))
        for got, expected in zip(out, (1, 1.5, 2, 3)):
            self.assertAlmostEqual(got, expected, places=5)
        for got, expected in zip(read_npy(self.folder / "l.npy")[1], (0, 0.693147, 1.098612, 1.386294)):
            self.assertAlmostEqual(got, expected, places=5)

    def test_threads_change_no_bit(self):
        outputs = []
        for threads in ("1", "2"):
            self.text("run", *WINDOW, "--heads", "3", "--threads", threads, "--out", "o.npy")
            outputs.append((self.folder / "o.npy").read_bytes())
        self.assertEqual(*outputs)

    def test_a_vector_without_queries(self):
        """Two vectors with a hull each, stacked on the first axis: at its end a box may have rows for one of them only."""
        plans = [("x86-64-v3", "f32", "window,query=4x4,key=6x8,hulls=2,block=6x2,pack=none")]
        for per in ("task", "head"):
            plans.append(("avx512-bf16-on-v3", "bf16",
                          "window,query=8x4,key=8x8,hulls=2,block=8x2,pack=pairs,per=" + per))
        for target, dtype, plan in plans:
            for grid in ("13x17", "10x5", "8x5", "5x5"):
                with self.subTest(target=target, grid=grid, plan=plan):
                    self.check("--grid", grid, "--heads", "2", "--head-dim", "24", "--target", target, "--dtype", dtype,
                               "--mask", "neighborhood(window=5x5)", "--plan", plan)

    def test_templates(self):
        for template in ("row", "unfused", "online", "live", "border", "stages", "roles", "window"):
            with self.subTest(template=template):
                self.assertEqual(self.check(*WINDOW, "--template", template)["plan"]["template"], template)
        self.refused(2, ["template", "spiral"], "run", *WINDOW, "--template", "spiral")


class Compile(CommandTest):
    def test_stages(self):
        for stage, words in {"attn": "attn.forward", "tile": "tile.dot", "llvm": "define", "asm": ".text"}.items():
            with self.subTest(stage=stage):
                text = self.text("compile", "--rank", "2", "--mask", "neighborhood(window=5)", "--emit", stage, "-o", "-")
                self.assertIn(words, text)

    def test_every_target(self):
        for target in self.json("devices")["targets"]:
            if target["implemented"]:
                gpu = target["name"].startswith("sm_")
                self.text("compile", "--rank", "1", "--mask", "causal()", "--dtype", "bf16", "--target", target["name"],
                          "--emit", "ptx" if gpu else "object", "-o", "k.o")
                code = (self.folder / "k.o").read_bytes()
                if gpu:
                    self.assertIn(f".target {target['name']}".encode(), code)
                    self.assertIn(b"mma.sync", code)
                else:
                    self.assertEqual(code[:4], b"\x7fELF")

    def test_stages_of_the_other_kind(self):
        problem = ("compile", "--rank", "1", "--dtype", "bf16")
        self.refused(2, ["ptx", "asm"], *problem, "--target", "x86-64-v3", "--emit", "ptx")
        self.refused(2, ["object", "cubin", "ptx"], *problem, "--target", "sm_80", "--emit", "object", "-o", "k.o")
        self.refused(2, ["cubin", "object"], *problem, "--emit", "cubin", "-o", "k.o")

    def test_summary(self):
        summary = self.json("compile", "--rank", "1", "--mask", "causal()")["compilations"][0]
        self.assertIn("template", summary["plan"])
        self.assertIn("codegen", summary["stages"])
        self.assertGreaterEqual(len(summary["variants"]), 1)


class Explain(CommandTest):
    def test_keys(self):
        told = self.json("explain", "--grid", "56x56", "--mask", "neighborhood(window=7x7)", "--heads", "4")
        self.assertEqual(told["pairs_kept"], 4 * 56 * 56 * 49)
        self.assertGreaterEqual(told["pairs_processed"], told["pairs_kept"])
        self.assertLess(told["pairs_processed"], 4 * told["pairs_kept"])
        self.assertGreater(told["predicted_seconds"], 0)
        self.assertEqual(told["flops"], told["pairs_kept"] * 256)
        self.assertIn("query_box", told["plan"])

    def test_unions_are_sparse(self):
        told = self.json("explain", "--grid", "4096", "--mask", "any_of(sliding(left=16, right=16), global(tokens=4))")
        self.assertLess(told["pairs_processed"], 4096 * 4096 / 8)

    def test_text(self):
        text = self.text("explain", *WINDOW)
        for word in ("plan", "variant", "for --grid 12x12", "pairs kept", "pairs computed", "GFLOP", "predicted"):
            self.assertIn(word, text)

    def test_every_variant_is_shown_and_that_of_the_grid_is_named(self):
        problem = ("--mask", "sliding(left=5, right=5)", "--dtype", "f32", "--target", "x86-64-v3")
        for grid, name in (("2x40", "short_2xN"), ("40x2", "short_Nx2"), ("3x40", "general"), ("1x1", "short_2xN")):
            text = self.text("explain", "--grid", grid, *problem)
            self.assertIn(f"{name} for --grid {grid}", text)
            for line in ("short_2xN: grids up to 2xN, window,", "short_Nx2: grids up to Nx2, window,",
                         "general: all other grids, window,"):
                self.assertIn(line, text)
            told = self.json("explain", "--grid", grid, *problem)
            self.assertEqual(told["variant"], name)
            variants = {variant["name"]: variant for variant in told["plan"]["variants"]}
            self.assertEqual(list(variants), ["short_2xN", "short_Nx2", "general"])
            self.assertEqual(told["plan"]["text"], variants[name]["text"])
        self.assertEqual([variant["longest_grid"] for variant in variants.values()], [[2, None], [None, 2], []])
        forced = self.json("explain", "--grid", "2x40", *problem, "--plan", variants["short_2xN"]["text"])
        self.assertEqual([variant["name"] for variant in forced["plan"]["variants"]], ["general"])
        self.assertEqual(forced["plan"]["text"], variants["short_2xN"]["text"])

    def test_targets_that_do_not_run_here(self):
        for target in self.json("devices")["targets"]:
            if target["implemented"] and not target["supported"]:
                told = self.json("explain", *WINDOW, "--dtype", "bf16", "--target", target["name"])
                self.assertIsNone(told["pairs_processed"])
                self.assertIn("query_box", told["plan"])


class Emulator(CommandTest):
    def test_run(self):
        told = self.json("run", *WINDOW, "--dtype", "bf16", "--device", "emulator:sm_80", "--check")
        self.assertTrue(told["pass"])
        self.assertEqual(told["target"], "sm_80")
        self.assertGreaterEqual(told["plan"]["warps"], 1)

    def test_what_was_cached_without_an_assembler_is_used_where_there_is_one(self):
        self.environment |= {"MUNTIN_CACHE": "rw", "MUNTIN_CACHE_DIR": "cache", "MUNTIN_PTXAS": "off"}
        problem = ("run", *WINDOW, "--dtype", "bf16", "--device", "emulator:sm_80")
        self.assertIsNone(self.json(*problem)["plan"]["assembly"])
        broken = self.folder / "ptxas"
        broken.write_text("#!/bin/sh\nexit 9\n")
        broken.chmod(0o700)
        self.environment["MUNTIN_PTXAS"] = str(broken)
        self.assertIsNone(self.json(*problem)["plan"]["assembly"])  # nothing was compiled, so nothing failed
        self.environment["MUNTIN_CACHE"] = "off"
        self.refused(3, ["exit code 9", str(broken)], *problem)

    def executed(self, *arguments):
        """Whether a run on the emulator multiplies matrices; it meets no bank twice."""
        self.environment["MUNTIN_EMULATOR_PROFILE"] = str(self.folder / "profile.json")
        (self.folder / "profile.json").unlink(missing_ok=True)
        self.text("run", *arguments)
        del self.environment["MUNTIN_EMULATOR_PROFILE"]
        launches = [json.loads(line) for line in (self.folder / "profile.json").read_text().splitlines()]
        self.assertEqual(sum(launch["wavefronts_extra"] for launch in launches), 0)
        return any("mma" in launch["executed"] for launch in launches)

    def test_f32_errs_like_a_cpu(self):
        """Three products of split numbers err like one of f32. One of tf32, which the CPU's of numbers without their last
        13 bits is, errs a hundred times as much."""
        shape, count, rng = (1, 96, 1, 32), 96 * 32, random.Random(6)
        files = []
        for name in "qkv":
            words = struct.unpack(f"<{count}I", struct.pack(f"<{count}f", *(rng.gauss(0, 1) for _ in range(count))))
            self.write(f"{name}.npy", npy(shape, data=struct.pack(f"<{count}I", *words)))
            self.write(f"{name}_cut.npy", npy(shape, data=struct.pack(f"<{count}I", *(w & ~0x1fff for w in words))))
            files += [f"--{name}", f"{name}.npy"]
        cpu = self.json("run", *files, "--check", "--out", "cpu.npy")["max_relative_error"]
        gpu = self.json("run", *files, "--check", "--device", "emulator:sm_80")["max_relative_error"]
        self.text("run", *(f.replace(".npy", "_cut.npy") for f in files), "--out", "cut.npy")
        whole, cut = (read_npy(self.folder / f"{name}.npy")[1] for name in ("cpu", "cut"))
        tf32 = (sum((x - y) ** 2 for x, y in zip(whole, cut)) / sum(x * x for x in whole)) ** 0.5
        self.assertLess(gpu, 2 * cpu)
        self.assertGreater(tf32, 100 * gpu)

    def test_baselines(self):
        here = (*WINDOW, "--dtype", "bf16", "--device", "emulator")
        for template, part in (("row", "row,"), ("unfused", "unfused,"), ("naive", "engine=fma")):
            with self.subTest(template=template):
                told = self.json("run", *here, "--template", template, "--check")
                self.assertTrue(told["pass"])
                self.assertIn(part, told["plan"]["text"])
                told = self.json("explain", *here, "--template", template)
                self.assertEqual(told["pairs_processed"] % 256, 0)
                # Scores of whole query boxes and key boxes, 4 bytes each.
                scores = 4 * told["pairs_processed"] if template != "row" else 0
                self.assertEqual(told["workspace_bytes"], scores)
                self.assertEqual(self.executed(*here, "--template", template), template != "naive")
        # Scores in shared memory, in registers, and one key too many for them.
        rows = "row,query=8x8,key=4x8,warps=4,stages=1"
        self.assertTrue(self.json("run", *here, "--plan", rows, "--check")["pass"])
        small = ("run", "--mask", "full()", "--dtype", "f16", "--device", "emulator", "--plan", rows + ",capacity=32")
        self.assertTrue(self.json(*small, "--grid", "4x8", "--check")["pass"])
        self.refused(2, ["kv_grid 4x9", "is 64, expected at most 32"], *small, "--grid", "4x9")
        self.refused(2, ["a multiple of the key box's 32"], "run", *here, "--plan", rows + ",capacity=33")
        self.refused(2, ["kv_grid 70000", "expected at most 17179869184"], "run", "--grid", "70000", "--dtype", "f16",
                     "--device", "emulator", "--template", "unfused")

    def test_explain(self):
        text = self.text("explain", *WINDOW, "--dtype", "bf16", "--device", "emulator")
        for word in ("shared memory", "registers", "clocks/query", "no GPU has confirmed"):
            self.assertIn(word, text)
        told = self.json("explain", *WINDOW, "--dtype", "bf16", "--device", "emulator")
        self.assertGreaterEqual(told["pairs_processed"], told["pairs_kept"])

    def test_plan(self):
        plan = "border,query=8x8,key=4x8,warps=4,stages=1"
        told = self.json("run", *WINDOW, "--dtype", "f16", "--device", "emulator", "--plan", plan, "--check")
        self.assertEqual(told["plan"]["text"], plan)
        self.assertTrue(told["pass"])
        for spoilt, words in (("key=3x8", "powers of two"), ("query=8x16", "16 tokens"), ("stages=2", "one stage")):
            field = spoilt.split("=")[0]
            other = ",".join(spoilt if item.startswith(field) else item for item in plan.split(","))
            self.refused(2, ["plan", words], "run", *WINDOW, "--dtype", "f16", "--device", "emulator", "--plan", other)

    def test_resident_blocks(self):
        # 189 tasks in turn on the 108 multiprocessors that the emulator says it has, and each task in its own block.
        problem = ["run", "--grid", "1000", "--mask", "sliding(left=9, right=20)", "--batch", "3", "--head-dim", "16",
                   "--dtype", "bf16", "--device", "emulator", "--check", "--plan"]
        plan = "stages,query=16,key=16,warps=1,stages=2"
        told = [self.json(*problem, text) for text in (plan, plan + ",resident=1")]
        self.assertEqual(told[1]["plan"]["resident"], 1)
        self.assertTrue(told[1]["pass"])
        self.assertEqual(told[1]["max_relative_error"], told[0]["max_relative_error"])
        self.refused(2, ["plan", "resident", "32"], *problem, plan + ",resident=33")
        bound = self.json(*problem, plan + ",registers=64")
        self.assertEqual((bound["plan"]["registers"], bound["pass"]), (64, True))
        self.refused(2, ["plan", "registers are 32 to 255"], *problem, plan + ",registers=256")

    def test_bench(self):
        # The device of a GPU on the emulator's library: its times say nothing, and are there.
        library = next(pathlib.Path(COMMAND).resolve().parent.parent.rglob("libmuntin-emulator.so"))
        self.environment["MUNTIN_CUDA_LIBRARY"] = str(library)
        for template in ("border", "unfused"): # without a workspace and with one
            told = self.json("bench", *WINDOW, "--dtype", "bf16", "--device", "cuda", "--template", template, "--seconds",
                             "0.01")
            self.assertEqual(told["pairs_kept"], 144 * 25)
            self.assertLessEqual(told["seconds_min"], told["seconds"])
            self.assertGreater(told["seconds_min"], 0)
            self.assertIsNone(told["flops_peak"])

    def test_machines_that_cannot(self):
        """Each reason has its own message, and exit code 3."""
        def refused(words, library, answers=""):
            self.environment |= {"MUNTIN_CUDA_LIBRARY": str(library), "FAKE_DRIVER": answers}
            self.refused(3, words, "run", *WINDOW, "--dtype", "bf16", "--device", "cuda")

        refused(["there is no CUDA driver", "none.so"], self.folder / "none.so")
        library = next(pathlib.Path(COMMAND).resolve().parent.parent.rglob("libFakeDriver.so"))
        # cuInit's code, the driver's CUDA version, compute capability, shared memory, the code of loading, local memory.
        refused(["finds no device", "libFakeDriver.so"], library, "100,13000,8,0,166912,0,0")
        refused(["device cuda:0 has compute capability 7.5, expected at least 8.0"], library, "0,13000,7,5,65536,0,0")
        refused(["too old", "CUDA 11.4", "UNSUPPORTED_PTX_VERSION"], library, "0,11040,8,0,166912,222,0")
        refused(["bytes of shared memory, the device cuda:0 has 1000"], library, "0,13000,8,0,1000,0,0")


class ShowAndBench(CommandTest):
    def test_tiles_as_planned(self):
        shown = self.json("show", "tiles", *WINDOW)
        planned = self.json("show", "plan", *WINDOW)
        # What has a key list of its own is shown: the query box, or one of the two vectors it is stacked from.
        rows, *rest = planned["query_box"]
        self.assertEqual(shown["query_box"], [rows // planned["hulls"], *rest])
        self.assertEqual(shown["key_box"], planned["key_box"])
        self.assertEqual(shown["all"]["pairs_kept"], 144 * 25)

    def test_plan_can_be_forced(self):
        planned = self.json("show", "plan", *WINDOW)
        other = next(one for one in planned["candidates"] if one["text"] != planned["text"] and "refused" not in one)
        self.assertEqual(self.json("run", "--check", *WINDOW, "--plan", other["text"])["plan"]["text"], other["text"])
        self.refused(2, ["plan"], "run", *WINDOW, "--plan", "sideways")

    def test_bench(self):
        bench = self.json("bench", *WINDOW, "--threads", "1", "--seconds", "0.05")
        self.assertGreater(bench["predicted_seconds"], 0)
        self.assertGreater(bench["share_of_peak"], 0)
        self.assertIn("codegen", bench["stages"])
        self.assertEqual(bench["pairs_kept"], 144 * 25)


class Examples(CommandTest):
    """What --help shows is run."""

    def test_help(self):
        for name in "qkv":
            self.write(name + ".npy", npy((1, 300, 2, 16)))
        ran = 0
        for command in ([], ["run"], ["compile"], ["show"], ["show", "mask"], ["show", "tiles"], ["show", "plan"], ["explain"],
                        ["bench"], ["devices"]):
            for line in self.text(*command, "--help").splitlines():
                if line.startswith("  muntin ") and "COMMAND" not in line:
                    with self.subTest(line=line):
                        self.text(*shlex.split(line)[1:])
                    ran += 1
        self.assertGreater(ran, 15)
        self.assertLessEqual({"o.npy", "lse.npy", "mask.svg", "k.s", "kernel.o"}, set(self.files()))


if __name__ == "__main__":
    unittest.main()
