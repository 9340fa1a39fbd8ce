# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`muntin compile` into bundles and `muntin show bundle`, with a compiler library that compiles nothing."""

import json
import os
import shutil
import subprocess
import sys
import unittest

FAKE = os.path.abspath(sys.argv.pop(2)) if len(sys.argv) > 2 else ""

from support import CommandTest

TARGETS = ("--target", "x86-64-v3", "--target", "x86-64-v4")
PROBLEMS = [{"rank": 1, "head-dim": 8}, {"mask": "sliding(left=3, right=0)", "rank": 1, "dtype": "f16"},
            {"mask": "neighborhood(window=7x7)", "value-dim": 16, "head-dim": "32"}]


class Bundles(CommandTest):
    def setUp(self):
        super().setUp()
        self.environment |= {"MUNTIN_COMPILER": FAKE}

    def problems(self, name="problems.json", content=None):
        return self.write(name, json.dumps(PROBLEMS if content is None else content).encode())

    def bundle(self, *arguments, name="kernels.mtn"):
        self.text("compile", *arguments, "-o", name)
        return (self.folder / name).read_bytes()

    def keys(self, name="kernels.mtn"):
        return [kernel["key"] for kernel in self.json("show", "bundle", name)["kernels"]]

    def test_problems_times_targets(self):
        made = self.json("compile", "--problems", self.problems(), *TARGETS, "-o", "kernels.mtn")
        self.assertEqual((made["bundle"], len(made["kernels"])), ("kernels.mtn", 6))
        self.assertEqual(made["bytes"], (self.folder / "kernels.mtn").stat().st_size)
        shown = self.json("show", "bundle", "kernels.mtn")
        self.assertEqual([kernel["key"] for kernel in shown["kernels"]], made["kernels"])
        self.assertEqual(sorted(made["kernels"]), made["kernels"])
        first = next(kernel for kernel in shown["kernels"] if kernel["dtype"] == "f16")
        self.assertEqual((first["target"], first["rank"], first["head_dim"], first["mask"], first["plan"]),
                         ("x86-64-v3", 1, 64, "sliding(left=3, right=0)", {"template": "fake"}))
        self.assertTrue(all(kernel["compressed"] and kernel["damage"] is None for kernel in shown["kernels"]))
        self.assertLess(shown["packed_bytes"], shown["image_bytes"])
        table = self.text("show", "bundle", "kernels.mtn").splitlines()
        self.assertEqual(len(table), 8)
        self.assertIn("neighborhood(window=7x7", "".join(table))
        self.assertIn("6 kernels", table[-1])

    def test_same_bytes_in_any_order(self):
        whole = self.bundle("--problems", self.problems(), *TARGETS)
        turned = self.problems("turned.json", PROBLEMS[::-1] + PROBLEMS[:1])
        self.assertEqual(whole, self.bundle("--problems", turned, *TARGETS[2:], *TARGETS[:2], name="other.mtn"))

    def test_repeated_options_are_every_combination(self):
        self.bundle("--rank", "1", "--head-dim", "8", "--head-dim", "16", "--dtype", "f32", "--dtype", "f16", *TARGETS)
        keys = self.keys()
        self.assertEqual(len(keys), 8)
        for words in ("f16 rank=1 d=16 dv=16 target=x86-64-v4", "f32 rank=1 d=8 dv=8 target=x86-64-v3"):
            self.assertTrue(any(words in key for key in keys), keys)

    def test_options_fill_what_a_problem_leaves_out(self):
        self.bundle("--problems", self.problems(), "--dtype", "bf16", "--target", "x86-64-v3")
        self.assertEqual([key.split()[2] for key in self.keys()], ["bf16", "bf16", "f16"])

    def test_several_files(self):
        more = self.problems("more.json", [{"rank": 3}])
        self.bundle("--problems", self.problems(), "--problems", more, "--target", "x86-64-v3")
        self.assertEqual(len(self.keys()), 4)

    def test_embed(self):
        bundle = self.bundle("--rank", "1", "--embed", "my_kernels", "--target", "x86-64-v3")
        self.assertEqual(self.files(), ["kernels.mtn", "my_kernels.c", "my_kernels.h"])
        program = b"""#include "my_kernels.h"
#include <stdio.h>
int main(void) { return fwrite(my_kernels, 1, my_kernels_size, stdout) != my_kernels_size; }
"""
        self.write("main.c", program)
        for compiler in (["clang-22", "-std=c11"], ["clang++-22", "-std=c++20", "-x", "c++"]):
            if not shutil.which(compiler[0]):
                self.skipTest(f"no {compiler[0]}")
            subprocess.run([*compiler, "-Wall", "-Wextra", "-pedantic", "-Werror", "main.c", "my_kernels.c", "-o", "main"],
                           cwd=self.folder, check=True)
            self.assertEqual(subprocess.run(["./main"], cwd=self.folder, capture_output=True, check=True).stdout, bundle)

    def test_damage_is_found(self):
        whole = bytearray(self.bundle("--problems", self.problems(), "--target", "x86-64-v3"))
        whole[-1] ^= 1
        self.write("damaged.mtn", bytes(whole))
        done = self.muntin("show", "bundle", "damaged.mtn", "--json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not match its checksum", done.stderr)
        self.assertEqual([kernel["damage"] is None for kernel in json.loads(done.stdout)["kernels"]], [True, True, False])
        self.write("cut.mtn", bytes(whole[:-1]))
        self.refused(1, ["bundle cut.mtn", "bytes, expected"], "show", "bundle", "cut.mtn")
        self.write("foreign.mtn", b"PK" * 100)
        self.refused(1, ["does not begin with MUNTINBU"], "show", "bundle", "foreign.mtn")
        self.refused(2, ["absent.mtn"], "show", "bundle", "absent.mtn")

    def test_bad_requests(self):
        compile = ("compile", "-o", "kernels.mtn")
        for content, words in (({}, "is a object"), ([], "empty list"), ([1], "problem 1: is a number"),
                               ([{"rank": 1}, {"windw": 3}], "problem 2: has a field 'windw'"),
                               ([{"rank": 1.5}], "rank is a number"), ([{"mask": ["full()"]}], "mask is a array")):
            self.refused(2, ["--problems p.json", words], *compile, "--problems", self.problems("p.json", content))
        self.write("no.json", b"[{")
        self.refused(2, ["--problems no.json: is no JSON"], *compile, "--problems", "no.json")
        self.refused(2, ["--problems nowhere.json"], *compile, "--problems", "nowhere.json")
        self.refused(2, ["problem 2", "--head-dim is '300'"], *compile, "--rank", "1", "--head-dim", "8", "--head-dim", "300")
        self.refused(2, ["--embed is 'a-b'"], *compile, "--rank", "1", "--embed", "a-b")
        self.refused(2, ["-o is missing"], "compile", "--rank", "1", "--emit", "bundle")
        self.refused(2, ["--embed is given without a bundle"], "compile", "--rank", "1", "--embed", "a")
        self.refused(2, ["is one file, but 2 kernels"], "compile", "--rank", "1", *TARGETS, "--emit", "object")
        self.refused(4, ["told to fail"], *compile, "--rank", "1", "--plan", "fail")
        self.assertNotIn("kernels.mtn", self.files())


if __name__ == "__main__":
    unittest.main()
