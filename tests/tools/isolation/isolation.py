#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One process, two LLVMs: Triton's library, loaded with every symbol offered to others, beside Muntin's compiler.

    isolation.py SOURCE LIBMUNTIN                 both orders, each in a process of its own
    isolation.py SOURCE LIBMUNTIN triton-first    Triton, then Muntin
    isolation.py SOURCE LIBMUNTIN muntin-first    Muntin, itself loaded globally, then Triton, then both again

Each side must still work with the other in the process: Muntin compiles and runs kernels, Triton runs MLIR passes.
Triton comes from PyPI into .deps/triton, or from .deps/peers where tools/bench-peers put it. Exit code 77: skipped.
"""
import os
import pathlib
import subprocess
import sys

SKIPPED = 77
ORDERS = ("triton-first", "muntin-first")


def find_triton(source):
    """The folder to import triton from; installs it if need be, or ends the test as skipped."""
    def present():
        folders = [source / ".deps" / "triton"]
        folders += source.glob(f".deps/peers/lib/python3.{sys.version_info.minor}/site-packages")
        return [folder for folder in folders if (folder / "triton" / "_C" / "libtriton.so").exists()]
    if not present():
        print("isolation: installing triton into .deps/triton (once, about 1 GB)", flush=True)
        environment = source / ".deps" / "triton-pip"
        steps = [[sys.executable, "-m", "venv", environment],
                 [environment / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps",
                  "--target", source / ".deps" / "triton", "triton"]]
        for step in steps:
            if subprocess.run(step).returncode != 0:
                break
    if not present():
        print("isolation: SKIPPED: Triton cannot be installed here, so two LLVMs in one process were NOT tested")
        sys.exit(SKIPPED)
    return present()[0]


def use_triton(folder):
    """Loads Triton's library globally and lets its MLIR build, verify and canonicalise a function."""
    sys.path.insert(0, str(folder))
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)
    from triton._C.libtriton import ir, passes
    context = ir.context()
    ir.load_dialects(context)
    builder = ir.builder(context)
    module = builder.create_module()
    function = builder.get_or_insert_function(module, "f", builder.get_function_ty([builder.get_int32_ty()], []),
                                              "public", False)
    module.push_back(function)
    builder.set_insertion_point_to_start(function.add_entry_block())
    builder.ret([])
    manager = ir.pass_manager(context)
    passes.common.add_canonicalizer(manager)
    manager.run(module, "isolation")
    assert module.verify() and "tt.func public @f" in str(module), str(module)
    print("  Triton built and canonicalised a module", flush=True)


def use_muntin(source, library, window):
    """Compiles and runs a kernel for `window`, which nobody asked for before; checks its numbers."""
    sys.path.insert(0, str(source / "tools" / "peers"))
    import ctypes
    import muntin_ctypes
    import numpy as np
    # The runtime opens its compiler locally; here even that is offered to everyone.
    for path in (library, library.parent / "libmuntin-compiler.so"):
        ctypes.CDLL(str(path), os.RTLD_NOW | os.RTLD_GLOBAL)
    session = muntin_ctypes.Session(library=library)
    shape = (1, 24, 24, 1, 16)
    q = np.zeros(shape, np.float32)
    v = np.broadcast_to(np.arange(24, dtype=np.float32)[None, :, None, None, None], shape).copy()
    out = np.full(shape, np.nan, np.float32)
    session.forward(q, q, v, out, f"neighborhood(window={window})")
    # Equal keys: a token gets the mean row of its window, which shifts at the borders.
    rows = np.clip(np.arange(24) - window // 2, 0, 24 - window) + (window - 1) / 2
    assert np.abs(out[0, :, 0, 0, 0] - rows).max() < 1e-5, out[0, :, 0, 0, 0]
    session.close()
    print(f"  Muntin compiled and ran window {window}", flush=True)


def main():
    source, library = map(pathlib.Path, sys.argv[1:3])
    triton = find_triton(source)
    if len(sys.argv) == 3:
        failed = 0
        for order in ORDERS:
            print(f"{order}:", flush=True)
            code = subprocess.run([sys.executable, "-B", __file__, source, library, order]).returncode
            if code != 0:
                print(f"isolation: FAILED {order}: exit code {code}", flush=True)  # a signal is a negative one
                failed = 1
        sys.exit(failed)
    if sys.argv[3] == "muntin-first":
        use_muntin(source, library, 3)
    use_triton(triton)
    use_muntin(source, library, 5)
    use_triton(triton)


if __name__ == "__main__":
    main()
