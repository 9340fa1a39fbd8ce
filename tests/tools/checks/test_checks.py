# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""test_checks.py <tools/checks> <C compiler>: each developer check passes on a good tree and fails on a bad one."""

import os
import subprocess
import sys
import tempfile
import unittest

CHECKS, COMPILER = sys.argv[1], sys.argv[2]
sys.path.insert(0, CHECKS)
sys.dont_write_bytecode = True

import cxx  # noqa: E402
import sizes  # noqa: E402

LICENCE = "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"


def run(check, tree, *arguments):
    """Writes {path: text} into a fresh folder and runs the check there: (exit code, output)."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in tree.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([sys.executable, "-B", os.path.join(CHECKS, check), root, *arguments],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class Directions(unittest.TestCase):
    def refused(self, path, header):
        code, output = run("directions.py", {path: f'#include "{header}"\n'})
        self.assertEqual(code, 1, output)
        self.assertIn(f'{path}:1:', output)

    def allowed(self, path, header):
        code, output = run("directions.py", {path: f'#include "{header}"\n'})
        self.assertEqual(code, 0, output)

    def test_table(self):
        self.refused("runtime/jit/A.cpp", "mlir/IR/Value.h")
        self.refused("runtime/jit/A.cpp", "compiler/API/A.h")
        self.refused("runtime/abi/A.h", "runtime/jit/A.h")
        self.refused("dialect/attn/A.cpp", "compiler/Plan/A.h")
        self.refused("dialect/attn/A.td", "runtime/jit/A.h")
        self.refused("compiler/Plan/A.cpp", "runtime/jit/A.h")
        self.refused("compiler/Plan/A.cpp", "compiler/Reference/A.h")
        self.refused("compiler/Reference/A.cpp", "llvm/ADT/SmallVector.h")
        self.refused("compiler/Reference/A.cpp", "compiler/Plan/A.h")
        self.refused("tools/muntin/A.cpp", "llvm/ADT/SmallVector.h")
        self.refused("tools/examples/a.cpp", "runtime/jit/A.h")
        self.refused("runtime/emulator/A.cpp", "runtime/abi/Image.h")
        self.allowed("compiler/Plan/A.cpp", "dialect/attn/A.h")
        self.allowed("compiler/Plan/A.cpp", "runtime/abi/A.h")
        self.allowed("runtime/jit/A.cpp", "runtime/abi/A.h")
        self.allowed("tests/compiler/A.cpp", "llvm/ADT/SmallVector.h")

    def test_relative_path_is_no_way_around(self):
        self.refused("runtime/jit/A.cpp", "../../compiler/API/A.h")

    def test_angle_brackets_are_no_way_around(self):
        code, output = run("directions.py", {"runtime/jit/A.cpp": "#include <llvm/ADT/Twine.h>\n"})
        self.assertEqual(code, 1, output)

    def test_empty_tree_does_not_pass(self):
        self.assertEqual(run("directions.py", {})[0], 1)


class Functions(unittest.TestCase):
    def lengths(self, text):
        return {name: lines for name, _, lines in cxx.functions(text)}

    def test_scopes_and_bodies(self):
        text = """namespace a::b {
struct alignas(64) S : T<int(int)> {
  int get() const {
    return 1;
  }
  enum class E : int { A, B };
};
static const int table[] = {
  1,
  2};
S::S(int x) : a(x), b{x} {
  if (x) {
  }
}
} // namespace }
"""
        self.assertEqual(self.lengths(text)["get"], 3)
        self.assertNotIn("table", self.lengths(text))
        self.assertIn(4, self.lengths(text).values())

    def test_braces_in_literals(self):
        text = 'void f() {\n  a("}{{", \'{\', R"x({{{)x", 1\'000); // {{\n#define M {\\\n{\\\n{\n}\n'
        self.assertEqual(self.lengths(text), {"f": 6})

    def test_branches_may_both_open(self):
        text = "#if A\nvoid f() {\n#else\nvoid f(int) {\n#endif\n  g();\n}\n"
        self.assertEqual(len(list(cxx.functions(text))), 1)

    def test_unbalanced_is_an_error(self):
        with self.assertRaises(cxx.UnbalancedBraces):
            list(cxx.functions("void f() {\n"))

    def test_long_function_fails(self):
        code, output = run("sizes.py", {"a/A.cpp": "void f() {\n" + "  g();\n" * 80 + "}\n"})
        self.assertEqual(code, 1, output)
        self.assertIn("a/A.cpp:f: 82 lines", output)

    def test_long_file_fails(self):
        self.assertEqual(run("sizes.py", {"a/A.td": "// x\n" * 401})[0], 1)
        self.assertEqual(run("sizes.py", {"a/A.td": "// x\n" * 400})[0], 0)

    def test_exceptions_only_shrink(self):
        measured = [("a/A.cpp", 410, 300, 400)]
        self.assertEqual(sizes.judge(measured, {"a/A.cpp": 410})[0], [])
        self.assertTrue(sizes.judge(measured, {"a/A.cpp": 409})[0])
        self.assertTrue(sizes.judge(measured, {"a/A.cpp": 500})[0])
        self.assertTrue(sizes.judge([("a/A.cpp", 10, 300, 400)], {"a/A.cpp": 410})[0])


class Texts(unittest.TestCase):
    def test_good_tree(self):
        tree = {"a/A.cpp": LICENCE, "a/README.md": "[A](A.cpp), [web](https://example.org/x), `[x](y)`\n"}
        code, output = run("texts.py", tree)
        self.assertEqual(code, 0, output)

    def test_bad_trees(self):
        good = {"a/A.cpp": LICENCE, "a/README.md": "x\n"}
        bad = [("no licence header", {"a/A.cpp": "int x;\n"}),
               ("a folder of one machine", {"a/A.cpp": LICENCE + '"/' + 'home/me/x"\n'}),
               ("which does not exist", {"a/README.md": "[A](B.cpp)\n"}),
               ("b: no README.md", {"b/B.cpp": LICENCE}),
               ("lacks MUNTIN_X", {"README.md": "x\n", "a/A.cpp": LICENCE + 'get("MUNTIN_X");\n'}),
               ("which nothing reads", {"README.md": "| `MUNTIN_X` | x |\n"})]
        for message, change in bad:
            code, output = run("texts.py", good | change)
            self.assertEqual(code, 1, output)
            self.assertIn(message, output)


OPERATION = """def Attn_ForwardOp : Op<Attn_Dialect, "forward"> {
  let description = [{
    * (forward_c1) the ranks agree

    ```mlir
    // hidden: hidden
    %a = attn.forward
    ```
  }];
}
"""


class Dialects(unittest.TestCase):
    """cat stands in for a muntin-opt that accepts everything, false for one that accepts nothing."""

    TREE = {"dialect/attn/Ops.td": OPERATION, "dialect/attn/Verify.cpp": "// forward_c1\n",
            "tests/dialect/attn/errors.mlir": "// forward_c1\n"}

    def run_check(self, *arguments, **change):
        with tempfile.TemporaryDirectory() as root:
            for path, text in (self.TREE | change.get("tree", {})).items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            done = subprocess.run([sys.executable, "-B", os.path.join(CHECKS, "dialects.py"), *arguments, root],
                                  capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

    def test_labels(self):
        self.assertEqual(self.run_check("labels")[0], 0)
        for path in ("dialect/attn/Verify.cpp", "tests/dialect/attn/errors.mlir"):
            code, output = self.run_check("labels", tree={path: "forward_c10\n"})
            self.assertEqual(code, 1, output)
            self.assertIn("forward_c1", output)
        bare = OPERATION.replace("(forward_c1)", "(C1)")
        self.assertEqual(self.run_check("labels", tree={"dialect/attn/Ops.td": bare})[0], 1)

    def test_examples(self):
        self.assertEqual(self.run_check("examples", "cat")[0], 0)
        self.assertEqual(self.run_check("examples", "false")[0], 1)
        bare = OPERATION.replace("mlir", "text")
        code, output = self.run_check("examples", "cat", tree={"dialect/attn/Ops.td": bare})
        self.assertIn("no example of forward", output)
        self.assertEqual(code, 1)


class Libraries(unittest.TestCase):
    def check(self, name, source, *expected):
        with tempfile.TemporaryDirectory() as folder:
            command = [COMPILER, "-shared", "-fPIC", "-nostdlib", "-x", "c", "-", "-o", os.path.join(folder, name)]
            subprocess.run(command, input=source, text=True, check=True)
            done = subprocess.run([sys.executable, "-B", os.path.join(CHECKS, "libraries.py"), folder, *expected],
                                  capture_output=True, text=True, check=False)
            return done.returncode, done.stdout

    def test_exports(self):
        self.assertEqual(self.check("libmuntin.so", "void mtn_a(void) {}", "libmuntin.so")[0], 0)
        self.assertEqual(self.check("libmuntin.so", "void mtn_a(void) {} void b(void) {}")[0], 1)
        self.assertEqual(self.check("libmuntin-compiler.so", "void mtnc_a(void) {}")[0], 0)
        self.assertEqual(self.check("libmuntin-compiler.so", "void mtn_a(void) {}")[0], 1)

    def test_symbols_of_llvm(self):
        source = "void _ZN4llvm5raw_ostreamD1Ev(void); void mtn_a(void) { _ZN4llvm5raw_ostreamD1Ev(); }"
        code, output = self.check("libmuntin.so", source)
        self.assertEqual(code, 1, output)
        self.assertIn("LLVM's symbol", output)

    def test_expected_library_must_be_there(self):
        self.assertEqual(self.check("libmuntin.so", "void mtn_a(void) {}", "libmuntin-compiler.so")[0], 1)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
