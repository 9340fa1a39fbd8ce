# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures of masks and tiles against rules written here."""

import unittest
import xml.etree.ElementTree

from support import CommandTest

GRID = ("--grid", "8x8")


class ShowMask(CommandTest):
    def test_band(self):
        text = self.text("show", "mask", "--grid", "4", "--mask", "sliding(left=1, right=0)")
        self.assertEqual(text.splitlines()[1:3], ["█▄  ", " ▀█▄"])

    def test_matrix_is_the_rule(self):
        for mask, allows in (
            ("causal()", lambda i, j: j <= i),
            ("sliding(left=2, right=1)", lambda i, j: i - 2 <= j <= i + 1),
            ("block(size=3)", lambda i, j: i // 3 == j // 3),
            ("not(global(tokens=2))", lambda i, j: not (i < 2 or j < 2)),
        ):
            with self.subTest(mask=mask):
                rows = self.text("show", "mask", "--grid", "9", "--mask", mask).splitlines()[1:6]
                for i in range(9):
                    for j in range(9):
                        block = rows[i // 2][j]
                        shown = block in ("█▀" if i % 2 == 0 else "█▄")
                        self.assertEqual(shown, allows(i, j), (i, j))

    def test_golden_row(self):
        """Query 3 of a neighbourhood of 4 in 10: keys 1 to 4."""
        shown = self.json("show", "mask", "--grid", "10", "--mask", "neighborhood(window=4)", "--query", "3")
        self.assertEqual(shown["queries"], [{"query": 3, "keys": [1, 2, 3, 4]}])
        self.assertEqual(shown["pairs_kept"], 40)

    def test_grid_of_one_query(self):
        text = self.text("show", "mask", "--grid", "4x4", "--mask", "neighborhood(window=3x3)", "--query", "0x3")
        self.assertIn("Query 0x3 attends to 9 of 16 keys", text)
        self.assertEqual(text.splitlines()[1:5], ["··████QQ", "··██████", "··██████", "········"])

    def test_slices(self):
        text = self.text("show", "mask", "--grid", "2x2x2", "--mask", "block(size=1x2x2)", "--query", "1x0x0")
        self.assertEqual(text.splitlines()[1:3], ["····  QQ██", "····  ████"])

    def test_colors(self):
        picture = ("show", "mask", "--grid", "8", "--mask", "causal()")
        self.assertNotIn("\033", self.text(*picture))
        self.assertIn("\033[", self.text(*picture, "--color", "always"))
        self.refused(2, ["--color", "red", "auto"], *picture, "--color", "red")

    def test_svg(self):
        self.text("show", "mask", "--grid", "6x6", "--mask", "block(size=3x3)", "--out", "m.svg")
        root = xml.etree.ElementTree.parse(self.folder / "m.svg").getroot()
        self.assertTrue(root.tag.endswith("svg"))
        self.assertEqual(self.files(), ["m.svg"])

    def test_large_is_shrunk_or_refused(self):
        text = self.text("show", "mask", "--grid", "1000", "--mask", "causal()", "--width", "50")
        self.assertIn("a cell is 20 x 20", text)
        self.refused(2, ["pairs", "67108864"], "show", "mask", "--grid", "1000000")

    def test_bad(self):
        self.refused(2, ["--query", "8x1", "less than 8"], "show", "mask", *GRID, "--query", "8x1")
        self.refused(2, ["--query", "1", "2"], "show", "mask", *GRID, "--query", "1")
        self.refused(2, ["--grid", "0"], "show", "mask", "--grid", "0x3")


class ShowTiles(CommandTest):
    def test_boxes_of_a_window(self):
        arguments = ("show", "tiles", "--grid", "12x12", "--mask", "neighborhood(window=3x3)", "--query-box", "4x4",
                     "--key-box", "6x3", "--at", "4x4")
        text = self.text(*arguments)
        self.assertIn("Query box 4..7 x 4..7", text)
        self.assertIn("3..8 x 3..8", text)  # the hull: one token more on each side
        self.assertIn("2 key boxes: 0 full, 2 partial, 0 empty", text)
        shown = self.json(*arguments)
        self.assertEqual(shown["all"]["pairs_kept"], 144 * 9)
        self.assertEqual(shown["here"], {"full": 0, "partial": 2, "empty": 0, "pairs_kept": 144, "pairs_computed": 576})

    def test_full_and_empty(self):
        shown = self.json("show", "tiles", "--grid", "16", "--mask", "causal()", "--query-box", "4", "--key-box", "4",
                          "--at", "9")
        self.assertEqual((shown["here"]["full"], shown["here"]["partial"], shown["here"]["empty"]), (2, 1, 0))

    def test_svg(self):
        self.text("show", "tiles", *GRID, "--mask", "block(size=4x4)", "--query-box", "4x4", "--key-box", "2x2", "--out",
                  "t.svg")
        self.assertIn("full key box", (self.folder / "t.svg").read_text())

    def test_bad(self):
        boxes = ("--query-box", "4x4", "--key-box", "4x4")
        self.refused(2, ["--query-box", "4", "2"], "show", "tiles", *GRID, "--query-box", "4", "--key-box", "4x4")
        self.refused(2, ["--key-box", "0"], "show", "tiles", *GRID, "--query-box", "4x4", "--key-box", "0x4")
        self.refused(2, ["--at", "9x9"], "show", "tiles", *GRID, *boxes, "--at", "9x9")


if __name__ == "__main__":
    unittest.main()
