# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`muntin cache`, with a compiler library that compiles nothing: what it says of a folder that other processes filled."""

import os
import sys
import unittest

FAKE = os.path.abspath(sys.argv.pop(2)) if len(sys.argv) > 2 else ""

from support import CommandTest

TARGET = ("--target", "x86-64-v3")


class Cache(CommandTest):
    def setUp(self):
        super().setUp()
        self.environment |= {"MUNTIN_COMPILER": FAKE, "MUNTIN_CACHE": "rw", "MUNTIN_CACHE_DIR": "cache"}

    def run_problem(self, *options):
        return self.muntin("run", "--grid", "8", *TARGET, *options)

    def entries(self):
        return sorted((self.folder / "cache").glob("*.kernel"))

    def stat(self):
        return self.json("cache", "stat")

    def test_empty(self):
        path = str(self.folder / "cache")
        self.assertEqual(self.text("cache", "path"), path + "\n")
        stat = self.stat()
        self.assertEqual({k: stat[k] for k in ("path", "entries", "bytes", "hits", "misses", "evictions", "limit")},
                         {"path": path, "entries": 0, "bytes": 0, "hits": 0, "misses": 0, "evictions": 0, "limit": 2**30})
        self.assertEqual(self.text("cache", "list"), "no entries\n")
        self.assertEqual(self.text("cache", "verify"), "0 of 0 entries are good\n")
        for part in ("gc", "clear"):
            self.assertEqual(self.json("cache", part), {"removed": 0})
        self.assertFalse(os.path.exists(path), "looking makes no folder")

    def test_numbers_over_processes(self):
        for head_dim in (8, 8, 16, 8):
            self.run_problem("--head-dim", head_dim)
        stat = self.stat()
        self.assertEqual((stat["hits"], stat["misses"], stat["compiles"], stat["entries"]), (2, 2, 2, 2))
        self.assertEqual(stat["misses_by_reason"],
                         {"absent": 2, "damaged": 0, "version": 0, "foreign": 0, "unreadable": 0})
        self.assertEqual(stat["bytes"], sum(path.stat().st_size for path in self.entries()))
        listed = self.json("cache", "list")["entries"]
        self.assertEqual([entry["file"] for entry in listed], [path.name for path in self.entries()])
        self.assertEqual({entry["key"].split()[4] for entry in listed}, {"d=8", "d=16"})
        self.assertIn(" d=16 ", self.text("cache", "list"))
        self.assertIn("2: 2 absent", self.text("cache", "stat"))
        self.assertEqual(self.json("cache", "clear"), {"removed": 2})
        self.assertEqual(self.entries(), [])

    def test_verify_names_what_is_damaged(self):
        self.run_problem("--head-dim", 8)
        self.run_problem("--head-dim", 16)
        good, bad = self.entries()
        bytes_of_bad = bytearray(bad.read_bytes())
        bytes_of_bad[100] ^= 1
        bad.write_bytes(bytes_of_bad)
        (bad.parent / ("0" * 32 + "-" + "0" * 32 + ".kernel")).write_bytes(good.read_bytes())
        done = self.muntin("cache", "verify")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{bad}: entry: checksum does not match", done.stdout)
        self.assertIn("holds the entry of another key", done.stdout)
        self.assertIn("1 of 3 entries are good", done.stdout)
        self.assertNotIn(good.name, done.stdout)
        self.assertIn(f"{bad.name} (damaged)", self.text("cache", "list"))
        for head_dim in (8, 16):  # one of the two is replaced
            self.run_problem("--head-dim", head_dim)
        self.assertEqual(self.stat()["misses_by_reason"]["damaged"], 1)
        self.assertEqual(self.muntin("cache", "verify").stdout.splitlines()[-1], "2 of 3 entries are good")

    def test_gc(self):
        for head_dim in (8, 16, 24):
            self.run_problem("--head-dim", head_dim)
        newest = max(self.entries(), key=lambda path: path.stat().st_mtime_ns)
        self.environment["MUNTIN_CACHE_LIMIT"] = str(newest.stat().st_size)
        self.assertEqual(self.text("cache", "gc"), "removed 2 entries\n")
        self.assertEqual(self.entries(), [newest])
        self.assertEqual(self.stat()["evictions"], 2)

    def why(self, *options):
        return self.json("cache", "why", *TARGET, *options)

    def test_why(self):
        self.assertEqual(self.why("--rank", 1)["reason"], "the cache has no entry that can be used")
        self.run_problem("--mask", "causal()")
        self.run_problem("--mask", "sliding(left=3, right=0)", "--head-dim", 32, "--value-dim", 8)
        there = self.why("--rank", 1, "--mask", "all_of(causal(), full())")
        self.assertTrue(there["cached"])
        self.assertIn(there["path"], map(str, self.entries()))
        self.assertIn("cached    yes", self.text("cache", "why", there["key"]))
        near = self.why("--rank", 1, "--mask", "sliding(left=4, right=0)", "--head-dim", 32)
        self.assertEqual((near["cached"], near["path"]), (False, None))
        self.assertEqual(near["nearest"]["differences"],
                         [{"field": "value-dim", "asked": "32", "cached": "8"},
                          {"field": "mask", "asked": "sliding(left=4, right=0)", "cached": "sliding(left=3, right=0)"}])
        text = self.text("cache", "why", near["key"])
        self.assertIn("the nearest differs in 2 fields", text)
        self.assertIn("asked 32, cached 8", text)

    def test_why_of_another_compiler_and_of_none(self):
        self.run_problem()
        self.environment["MUNTIN_COMPILER"] = "/nowhere/libmuntin-compiler.so"
        none = self.why("--rank", 1)
        self.assertTrue(none["cached"])
        self.assertIn("newest entry", none["reason"])
        other = self.folder / "other.so"
        note = bytes.fromhex("040000001400000003000000") + b"GNU\0"
        library = bytearray(open(FAKE, "rb").read())
        library[library.index(note) + len(note)] ^= 1
        other.write_bytes(library)
        self.environment["MUNTIN_COMPILER"] = str(other)
        rebuilt = self.why("--rank", 1)
        self.assertFalse(rebuilt["cached"])
        self.assertIn("another build of the compiler", rebuilt["reason"])
        self.assertEqual([d["field"] for d in rebuilt["nearest"]["differences"]], ["compiler"])

    def test_why_of_damage(self):
        self.run_problem()
        os.truncate(self.entries()[0], 10)
        self.assertIn("damaged", self.why("--rank", 1)["reason"])

    def test_refusals(self):
        self.refused(2, [], "cache", "sell")
        self.refused(2, ["KEY", "muntin-problem-1"], "cache", "why", "nonsense")
        self.refused(2, ["--head-dim", "0"], "cache", "why", "--rank", 1, "--head-dim", 0)
        self.environment["MUNTIN_CACHE_LIMIT"] = "much"
        self.refused(2, ["MUNTIN_CACHE_LIMIT", "much"], "cache", "stat")
        del self.environment["MUNTIN_CACHE_LIMIT"]
        (self.folder / "cache").mkdir()
        (self.folder / "cache").chmod(0o777)
        self.refused(2, ["others may write", "chmod 700"], "cache", "stat")
        self.environment |= {"MUNTIN_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": ""}
        self.refused(3, ["MUNTIN_CACHE_DIR"], "cache", "path")


if __name__ == "__main__":
    unittest.main()
