# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""test_readme.py <tools/checks>: the runner of README blocks accepts what is so and refuses what is not."""

import os
import subprocess
import sys
import tempfile
import unittest

CHECKS = sys.argv[1]
sys.path.insert(0, CHECKS)
sys.dont_write_bytecode = True

import readme  # noqa: E402


class Readme(unittest.TestCase):
    def page(self, text, *options, files=None):
        """(exit code, output, the page afterwards)"""
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "tools"))
            for path, content in {"A.md": text, **(files or {})}.items():
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(content)
            done = subprocess.run([sys.executable, "-B", os.path.join(CHECKS, "readme.py"), "--root", root, *options,
                                   root, "A.md"], capture_output=True, text=True, check=False)
            with open(os.path.join(root, "A.md"), encoding="utf-8") as file:
                return done.returncode, done.stdout + done.stderr, file.read()

    def passes(self, text, **more):
        code, output, _ = self.page(text, **more)
        self.assertEqual(code, 0, output)

    def fails(self, text, **more):
        code, output, _ = self.page(text, **more)
        self.assertEqual(code, 1, output)

    def test_output(self):
        self.passes("```sh test\n$ echo a\na\n$ echo b\nb\n```\n")
        self.fails("```sh test\n$ echo a\nb\n```\n")
        self.fails("```sh test\n$ echo a\n```\n")
        self.fails("```sh test\n$ true\na\n```\n")

    def test_every_command_of_a_block_counts(self):
        self.fails("```sh test\n$ false\n$ true\n```\n")

    def test_numbers_are_loose_only_where_marked(self):
        self.passes("```sh test numbers\n$ echo 'x=1.25e-3  s'\nx=7 s\n```\n")
        self.fails("```sh test\n$ echo x=1\nx=2\n```\n")
        self.passes("```sh test numbers\n$ echo took 994 us, 1,234 pairs\ntook 1.2 ms, 56 pairs\n```\n")
        self.fails("```sh test numbers\n$ echo x=1 s\ny=1 s\n```\n")

    def test_dots(self):
        self.passes("```sh test\n$ seq 9\n1\n...\n9\n```\n")
        self.passes("```sh test\n$ echo abc def\na...f\n```\n")
        self.fails("```sh test\n$ seq 9\n1\n...\n10\n```\n")

    def test_exit_code(self):
        self.passes("```sh test exit=2\n$ echo no >&2; exit 2\nno\n```\n")
        self.fails("```sh test exit=2\n$ exit 1\n```\n")

    def test_files_stay_and_documents_are_read(self):
        self.passes("```sh test\n$ cat >f <<'EOF'\nx\nEOF\n```\n\n```sh test\n$ cat f\nx\n```\n")

    def test_copied_file(self):
        licence = "//===- a.cpp -===//\n// SPDX\n//\n//===---===//\n\n"
        self.passes("```cpp file=a.cpp\nint a;\n```\n", files={"a.cpp": licence + "int a;\n"})
        self.fails("```cpp file=a.cpp\nint b;\n```\n", files={"a.cpp": licence + "int a;\n"})

    def test_program(self):
        code, output, _ = self.page("```cpp test\nint main() { return x; }\n```\n")
        self.assertEqual(code, 1)
        self.assertIn("undeclared identifier", output)

    def test_unknown_language_and_empty_page_do_not_pass(self):
        self.fails("```ruby test\nputs 1\n```\n")
        self.fails("no blocks\n")

    def test_update(self):
        _, _, page = self.page("```sh test\n$ echo a\nold\n```\n", "--update")
        self.assertEqual(page, "```sh test\n$ echo a\na\n```\n")
        _, _, page = self.page("```sh test numbers\n$ echo a b; echo 7\na ...\n3\n```\n", "--update")
        self.assertEqual(page, "```sh test numbers\n$ echo a b; echo 7\na ...\n7\n```\n")

    def test_pattern_keeps_words(self):
        self.assertTrue(readme.meets(["sm_80 takes 3 s"], ["sm_80 takes 41.5 s"], True))
        self.assertFalse(readme.meets(["sm_80 takes 3 s"], ["sm_90 takes 3 s"], True))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
