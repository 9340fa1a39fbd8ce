# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""test_scripts.py <root>: the pre-commit hook refuses what it should, new-pass writes the files of a pass, and
each script has a --help."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = sys.argv[1]
LICENCE = "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
README = "# a page\n"


class Scratch(unittest.TestCase):
    """A repository with the project's tools and one page per folder, all committed."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        for name in ("tools/checks", "tools/cmake"):
            os.makedirs(os.path.join(self.root, name))
        for name in ("tools/lint", "tools/new-pass", "tools/cmake/help.sh", ".clang-format"):
            shutil.copy(os.path.join(ROOT, name), os.path.join(self.root, name))
        for name in ("tree.py", "cxx.py", "sizes.py", "directions.py", "texts.py", "pre-commit"):
            shutil.copy(os.path.join(ROOT, "tools/checks", name), os.path.join(self.root, "tools/checks", name))
        self.write("tools/checks/size-exceptions.txt", "# none\n")
        for folder in ("tools", "tools/checks", "tools/cmake", "compiler", "compiler/Tile"):
            self.write(f"{folder}/README.md", README)
        self.write("compiler/Tile/A.cpp", LICENCE)
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "first")

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def git(self, *arguments):
        subprocess.run(["git", "-C", self.root, *arguments], check=True, capture_output=True)

    def run_in(self, *command):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class Help(unittest.TestCase):
    """Each script says what it does, and does nothing."""

    def test_help(self):
        tools = os.path.join(ROOT, "tools")
        scripts = [name for name in sorted(os.listdir(tools))
                   if os.path.isfile(os.path.join(tools, name)) and os.access(os.path.join(tools, name), os.X_OK)]
        self.assertGreater(len(scripts), 15)
        for name in scripts:
            with self.subTest(name):
                done = subprocess.run([os.path.join(tools, name), "--help"], capture_output=True, text=True, timeout=30,
                                      check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(name, done.stdout[:400])


class PreCommit(Scratch):
    def hook(self, path, text):
        self.write(path, text)
        self.git("add", "-A")
        return self.run_in("tools/checks/pre-commit")

    def test_good_change(self):
        code, output = self.hook("compiler/Tile/A.cpp", LICENCE + "int x = 0;\n")
        self.assertEqual(code, 0, output)

    def test_format(self):
        code, output = self.hook("compiler/Tile/A.cpp", LICENCE + "int  x=0 ;\n")
        self.assertEqual(code, 1)
        self.assertIn("tools/lint --fix", output)

    def test_direction(self):
        code, output = self.hook("compiler/Tile/A.cpp", LICENCE + '#include "runtime/jit/Session.h"\n')
        self.assertEqual(code, 1)
        self.assertIn("must not include", output)

    def test_exceptions_may_not_grow(self):
        self.write("compiler/Tile/Long.td", LICENCE + "// x\n" * 450)
        code, output = self.hook("tools/checks/size-exceptions.txt", "compiler/Tile/Long.td 451\n")
        self.assertEqual(code, 1)
        self.assertIn("was not there before", output)


class NewPass(Scratch):
    def setUp(self):
        super().setUp()
        self.write("compiler/Tile/Passes.td", "#ifndef X\n#define X\n\n#endif // X\n")
        self.write("compiler/Tile/CMakeLists.txt", "muntin_mlir_library(MuntinTile\n  SOURCES Zip.cpp\n  LINK MLIRPass)\n")

    def test_writes_source_description_and_test(self):
        code, output = self.run_in("tools/new-pass", "Tile", "SplitKVBorder", "Splits the key range.")
        self.assertEqual(code, 0, output)
        self.assertIn('"split-kv-border"', self.read("compiler/Tile/SplitKVBorder.cpp"))
        self.assertIn("GEN_PASS_DEF_SPLITKVBORDER", self.read("compiler/Tile/SplitKVBorder.cpp"))
        description = self.read("compiler/Tile/Passes.td")
        self.assertLess(description.index('def SplitKVBorder : Pass<"split-kv-border"'), description.index("#endif"))
        self.assertIn("-split-kv-border", self.read("tests/compiler/Tile/split-kv-border.mlir"))
        self.assertRegex(self.read("compiler/Tile/CMakeLists.txt"), r"SOURCES\s+SplitKVBorder.cpp\s+Zip.cpp\s+LINK")
        code, output = self.run_in("clang-format-22", "--dry-run", "--Werror", "compiler/Tile/SplitKVBorder.cpp")
        self.assertEqual(code, 0, output)

    def test_overwrites_nothing(self):
        self.write("compiler/Tile/Mine.cpp", "mine")
        code, _ = self.run_in("tools/new-pass", "Tile", "Mine", "Mine.")
        self.assertNotEqual(code, 0)
        self.assertEqual(self.read("compiler/Tile/Mine.cpp"), "mine")

    def test_unknown_phase(self):
        code, output = self.run_in("tools/new-pass", "Nowhere", "Mine", "Mine.")
        self.assertNotEqual(code, 0)
        self.assertIn("phases are Tile", output)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
