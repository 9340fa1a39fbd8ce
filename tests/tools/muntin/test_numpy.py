# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files that NumPy wrote are read, and files that we write NumPy reads. Shown with the compiler library that compiles
nothing: out is scale times the sum of the values."""

import os
import sys
import unittest

FAKE = os.path.abspath(sys.argv.pop(2)) if len(sys.argv) > 2 else ""

from support import CommandTest

try:
    import numpy
except ImportError:
    numpy = None


@unittest.skipIf(numpy is None, "NumPy is not installed: nobody but ourselves has written these files")
class NumPy(CommandTest):
    def setUp(self):
        super().setUp()
        self.environment["MUNTIN_COMPILER"] = FAKE

    def save(self, name, array):
        numpy.save(self.folder / name, array)

    def run_sum(self, values, *more):
        self.save("q.npy", numpy.zeros((2, 3, 4, 8), numpy.float32))
        self.save("k.npy", numpy.zeros((2, 5, 2, 8), numpy.float32))
        self.save("v.npy", values)
        return self.muntin("run", "--q", "q.npy", "--k", "k.npy", "--v", "v.npy", "--dtype", "f32", "--scale", "1",
                           "--out", "o.npy", *more)

    def expect_sum(self, values, wide):
        done = self.run_sum(values)
        self.assertEqual(done.returncode, 0, done.stderr)
        out = numpy.load(self.folder / "o.npy")
        self.assertEqual((out.dtype, out.shape), (numpy.float32, (2, 3, 4, 6)))
        sums = numpy.repeat(wide.sum(axis=1, keepdims=True), 2, axis=2)  # query heads 0, 1 read head 0
        numpy.testing.assert_allclose(out, numpy.broadcast_to(sums, out.shape), rtol=1e-5, atol=1e-5)

    def test_types(self):
        values = numpy.random.default_rng(1).standard_normal((2, 5, 2, 6)).astype(numpy.float32)
        self.expect_sum(values, values)
        self.expect_sum(values.astype(numpy.float16), values.astype(numpy.float16).astype(numpy.float32))
        # bfloat16 as ml_dtypes saves it: two raw bytes, the upper half of an f32.
        bits = values.view(numpy.uint32) & 0xFFFF0000
        self.expect_sum((bits >> 16).astype(numpy.uint16).view("V2"), bits.view(numpy.float32))

    def test_refused(self):
        good = numpy.zeros((2, 5, 2, 6), numpy.float32)
        for values, words in (
            (numpy.asfortranarray(good), "Fortran"),
            (good.astype(object), "object"),
            (good.astype(">f4"), "big-endian"),
            (good.astype(numpy.float64), "<f8"),
            (numpy.zeros((2, 5, 2, 6), [("a", "<f4")]), "structured"),
            (good > 0, "|b1"),
        ):
            done = self.run_sum(values)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
