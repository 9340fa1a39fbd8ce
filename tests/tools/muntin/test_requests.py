# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exit codes and messages: what needs no compiler."""

import os
import subprocess
import unittest

from support import COMMAND, CommandTest, npy

GRID = ("--grid", "8x8")
COMMANDS = ("run", "explain", "bench")


class BadInput(CommandTest):
    """Exit code 2, and a message with field, value and bound."""

    def setUp(self):
        super().setUp()
        # Whatever is wrong is found before a compiler is wanted.
        self.environment["MUNTIN_COMPILER"] = str(self.folder / "none.so")

    def bad(self, words, *arguments):
        for command in COMMANDS:
            self.refused(2, words, command, *arguments)

    def test_masks(self):
        for mask, words in {
            "neighborhood(window=0)": ["window", "0", "1"],
            "neighborhood(window=5, dilation=2)": ["window 5", "dilation 2", "8"],
            "neighborhood(window=9)": ["9", "8"],
            "neighborhood(window=3, stride=4)": ["stride", "4", "3"],
            "neighborhood(window=3x3x3)": ["3", "2"],
            "neighborhood(window=3, window=3)": ["window", "^"],
            "neighborhood()": ["window", "^"],
            "sliding(left=1)": ["right", "^"],
            "sliding(left=-1, right=0)": ["^"],
            "sliding(left=99999999999999999999, right=0)": ["^"],
            "neighbourhood(window=3)": ["neighbourhood", "^"],
            "block(sise=8)": ["sise", "^"],
            "full() full()": ["^"],
            "full": ["^"],
            "": ["^"],
            "any_of()": ["^"],
            "causal()": ["causal", "rank"],
            "not(" * 100 + "full()" + ")" * 100: ["64"],
        }.items():
            with self.subTest(mask=mask):
                self.bad(["--mask" if "^" in words else "", *words], *GRID, "--mask", mask)

    def test_numbers(self):
        for option, value, words in (
            ("--head-dim", "0", ["--head-dim", "0", "1 to 256"]),
            ("--head-dim", "257", ["--head-dim", "257", "256"]),
            ("--value-dim", "-1", ["--value-dim", "-1", "1 to 256"]),
            ("--heads", "four", ["--heads", "four"]),
            ("--heads", "1e3", ["--heads", "1e3"]),
            ("--batch", "-1", ["--batch", "-1", "0"]),
            ("--batch", "2147483648", ["--batch", "2147483647"]),
            ("--scale", "nan", ["--scale", "nan", "finite"]),
            ("--scale", "inf", ["--scale", "inf", "finite"]),
            ("--scale", "1,5", ["--scale", "1,5"]),
            ("--dtype", "f64", ["--dtype", "f64", "bf16"]),
            ("--op", "both", ["--op", "both"]),
            ("--kv-grid", "8", ["kv_grid", "1", "2"]),
            ("--target", "x86-64-v9", ["--target", "x86-64-v9", "x86-64-v3"]),
        ):
            with self.subTest(option=option, value=value):
                self.bad(words, *GRID, option, value)

    def test_heads(self):
        self.bad(["4", "3"], *GRID, "--heads", "4", "--kv-heads", "3")
        self.bad(["4", "0"], *GRID, "--heads", "4", "--kv-heads", "0")

    def test_grids(self):
        for grid in ("", "8x", "8,8", "8x-1", "2147483648", "1x1x1x1", "8 x 8"):
            with self.subTest(grid=grid):
                self.bad(["--grid", f"'{grid}'"], "--grid", grid)
        self.bad(["--grid is missing"])
        self.bad(["bytes"], "--grid", "2147483647x2147483647x2147483647")
        self.bad(["bytes"], "--grid", "2147483647x2147483647", "--batch", "1024")

    def test_threads_and_devices(self):
        self.bad(["--threads", "0", "1"], *GRID, "--threads", "0")
        self.bad(["--device", "gpu", "cpu"], *GRID, "--device", "gpu")

    def test_lines(self):
        self.refused(2, ["--grind"], "run", *GRID, "--grind", "3")
        self.refused(2, ["--heads"], "run", *GRID, "--heads")
        self.refused(2, ["--heads"], "run", *GRID, "--heads", "2", "--heads", "4")
        self.refused(2, ["--target", "2 times"], "run", *GRID, "--target", "host", "--target", "host")
        self.refused(2, [], "fly")
        self.refused(2, [])
        self.refused(2, [], "show", *GRID)
        self.refused(2, ["--rank"], "compile")
        self.refused(2, ["--rank", "4", "1 to 3"], "compile", "--rank", "4")
        self.refused(2, ["--rank", "3", "2 axes"], "compile", "--rank", "3", *GRID)
        self.refused(2, ["--emit", "wasm", "asm"], "compile", "--rank", "1", "--emit", "wasm")
        self.refused(2, ["--seconds", "0"], "bench", *GRID, "--seconds", "0")


class BadFiles(CommandTest):
    def setUp(self):
        super().setUp()
        self.environment["MUNTIN_COMPILER"] = str(self.folder / "none.so")
        self.good = npy((1, 4, 4, 2, 8))
        for name in "qkv":
            self.write(name + ".npy", self.good)

    def bad(self, words, *more, **replaced):
        names = {name: name + ".npy" for name in "qkv"}
        for name, data in replaced.items():
            names[name] = self.write("bad.npy", data) if data is not None else "missing.npy"
        before = self.files()
        flags = [part for name in "qkv" for part in ("--" + name, names[name])]
        self.refused(2, words, "run", *flags, *more, "--out", "out.npy", "--lse", "lse.npy")
        self.assertEqual(self.files(), before, "no output file, whole or partial")

    def test_files(self):
        self.bad(["--q", "missing.npy", "No such file"], q=None)
        self.bad(["--k", "bad.npy", "truncated", "wants 1024", "holds 1000"], k=self.good[:-24])
        self.bad(["--v", "not a NumPy file"], v=b"hello")
        self.bad(["--q", "Fortran order"], q=npy((1, 4, 4, 2, 8), order=True))
        self.bad(["--q", "object dtype"], q=npy((1, 4, 4, 2, 8), "|O"))
        self.bad(["--q", "big-endian"], q=npy((1, 4, 4, 2, 8), ">f4"))
        self.bad(["--q", "'<f8'"], q=npy((1, 4, 4, 2, 8), "<f8"))
        self.bad(["--q", "int32"], q=npy((1, 4, 4, 2, 8), "<i4"))
        self.bad(["--q", "10737418240", "holds 4"], q=npy((1, 2684354560, 1, 1, 1), data=b"1234"))
        self.bad(["--q", "overflows"], q=npy((2**40, 2**40, 1, 1, 1), data=b""))

    def test_shapes(self):
        self.bad(["--k", "4 dimensions"], k=npy((1, 4, 2, 8)))
        self.bad(["head dimension", "--k", "16", "8"], k=npy((1, 4, 4, 2, 16)))
        self.bad(["batch", "--v", "2", "1"], v=npy((2, 4, 4, 2, 8)))
        self.bad(["grid extent", "--v", "5", "4"], v=npy((1, 4, 5, 2, 8)))
        self.bad(["number of heads", "--v", "1", "2"], v=npy((1, 4, 4, 1, 8)))
        self.bad(["f32", "bf16", "--dtype"], v=npy((1, 4, 4, 2, 8), "<V2"))

    def test_options_disagree(self):
        self.bad(["--grid", "4x5", "4x4"], "--grid", "4x5")
        self.bad(["--heads", "3", "2"], "--heads", "3")
        self.bad(["--head-dim", "16", "8"], "--head-dim", "16")
        self.bad(["--random"], "--random", "1")
        self.bad(["--segments", "document()"], "--segments", "q.npy")
        self.refused(2, ["--k is missing"], "run", "--q", "q.npy")

    def test_segments(self):
        document = ("--mask", "document()")
        self.bad(["--segments", "f32", "int32"], *document, "--segments", "q.npy")
        self.write("s.npy", npy((1, 15), "<i4"))
        self.bad(["--segments", "(1, 15)", "(1, 16)"], *document, "--segments", "s.npy")

    def test_large_sparse_file(self):
        """More than any memory, without a block on the disk: refused before it is read."""
        head = npy((1, 2**41, 1, 1, 1), data=b"")
        self.write("large.npy", head)
        try:
            os.truncate(self.folder / "large.npy", len(head) + 4 * 2**41)
        except OSError:
            self.skipTest("the file system has no files of 8 TiB")
        self.refused(3, ["--q", "memory"], "run", "--q", "large.npy", "--k", "k.npy", "--v", "v.npy")

    def test_places(self):
        self.refused(2, ["--out and --lse", "x.npy"], "run", *GRID, "--out", "x.npy", "--lse", "x.npy")
        flags = [part for name in "qkv" for part in ("--" + name, name + ".npy")]
        for place in ("no/such/folder/out.npy", "."):
            self.refused(2, ["--out", "cannot be written"], "run", *flags, "--out", place)
        self.assertEqual(self.files(), ["k.npy", "q.npy", "v.npy"])


class NotYet(CommandTest):
    """What the contract names and nobody has built: exit code 2, and it says so."""

    def not_yet(self, *arguments):
        self.refused(2, ["not in this version"], *arguments)

    def test_backward(self):
        for command in COMMANDS:
            self.not_yet(command, *GRID, "--op", "backward")
        self.not_yet("compile", "--rank", "2", "--op", "backward")

    def test_devices(self):
        self.refused(2, ["--device is emulator:sm_80", "knows no time"], "bench", *GRID, "--device", "emulator:sm_80")
        self.not_yet("run", *GRID, "--dtype", "bf16", "--device", "emulator:sm_90a")
        self.not_yet("run", *GRID, "--template", "naive")  # on a CPU

    def test_targets(self):
        for target in ("sm_90a", "amx"):
            self.not_yet("run", *GRID, "--target", target)
            self.not_yet("compile", "--rank", "2", "--target", target)

    def test_emit(self):
        self.refused(2, ["expected one, or --emit bundle"], "compile", "--rank", "2", "--emit", "object", "--target",
                     "x86-64-v3", "--target", "x86-64-v4")

    def test_masks(self):
        for mask in ("block_list()", "predicate()"):
            self.not_yet("run", *GRID, "--mask", mask)


class Machine(CommandTest):
    """Exit code 3: this machine cannot do it."""

    def test_no_compiler(self):
        self.environment["MUNTIN_COMPILER"] = str(self.folder / "none.so")
        for command in ("run", "bench", "explain"):
            self.refused(3, ["none.so"], command, "--grid", "8")
        self.refused(3, ["none.so"], "compile", "--rank", "1")
        self.assertEqual(self.files(), [])

    def test_no_memory(self):
        self.refused(3, ["memory", "TiB"], "run", "--grid", "1000000x1000", "--heads", "1000")

    def test_missing_instructions(self):
        for target in self.json("devices")["targets"]:
            if target["implemented"] and not target["supported"]:
                self.refused(3, [target["name"], "cannot execute"], "run", *GRID, "--target", target["name"])

    def test_full_disk(self):
        if os.path.exists("/dev/full"):
            with open("/dev/full", "w") as full:
                self.assertEqual(self.muntin("show", "mask", "--grid", "8", stdout=full).returncode, 2)

    def test_reader_goes_away(self):
        process = subprocess.Popen([COMMAND, "show", "mask", "--grid", "64x64"], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        process.stdout.close()
        self.assertEqual(process.wait(timeout=120), 2)


class Help(CommandTest):
    def test_commands_teach(self):
        self.assertIn("muntin run --grid", self.text("--help"))
        for command in ("run", "compile", "explain", "bench", "devices"):
            text = self.text(command, "--help")
            self.assertIn("Examples:", text)
            self.assertIn("muntin " + command, text)
        for part in ("mask", "tiles", "plan"):
            self.assertIn("muntin show " + part, self.text("show", part, "--help"))
        self.assertRegex(self.text("--version"), r"^muntin \d+\.\d+\.\d+\n$")

    def test_devices(self):
        text = self.text("devices")
        self.assertIn("x86-64-v3", text)
        self.assertIn("emulator:sm_80", text)
        devices = self.json("devices")
        self.assertEqual(devices["devices"][0]["name"], "cpu")
        self.assertGreaterEqual(devices["devices"][0]["threads"], 1)
        self.assertLessEqual(sum(target["host"] for target in devices["targets"]), 1)


if __name__ == "__main__":
    unittest.main()
