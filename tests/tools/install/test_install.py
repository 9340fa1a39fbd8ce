# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""test_install.py <build> <stranger> --cmake C --source S [--run]: what an installation is good for.

Installs into a prefix, moves the prefix (nothing in it may name where it was), copies the examples into a folder of
their own, builds them there, once with the stranger's CMake project and once with pkg-config, and with --run runs them
and the installed command.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


EXAMPLES = ["first_kernel.c", "first_kernel.cpp", "queued.c", "prepared.cpp"]
# Another compiler than the library's own, where there is one.
STANDARDS = {".c": [shutil.which("gcc") or "clang-22", "-std=c11"],
             ".cpp": [shutil.which("g++") or "clang++-22", "-std=c++20", "-fno-exceptions", "-fno-rtti",
                      "-Wno-missing-field-initializers"]}


def build_with_pkg_config(project, prefix, build):
    """Without CMake: what `pkg-config --cflags --libs muntin` says is enough."""
    environment = dict(os.environ, PKG_CONFIG_PATH=os.path.join(prefix, "lib", "pkgconfig"))
    flags = run("pkg-config", "--cflags", "--libs", "muntin", env=environment).split()
    library = run("pkg-config", "--variable=libdir", "muntin", env=environment).strip()
    os.mkdir(build)
    for example in EXAMPLES:
        compiler = STANDARDS[os.path.splitext(example)[1]]
        run(compiler[0], "-Wall", "-Wextra", "-pedantic", "-Werror", *compiler[1:], os.path.join(project, example), "-o",
            os.path.join(build, example.replace(".", "_")), *flags, f"-Wl,-rpath,{library}", "-lm")


def texts_that_name(folder, needle):
    """Installed text files that mention a path they should not."""
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith((".cmake", ".h", ".hpp", ".pc")):
                with open(os.path.join(parent, name), encoding="utf-8") as file:
                    if needle in file.read():
                        yield os.path.join(parent, name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("stranger")
    parser.add_argument("--cmake", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--run", action="store_true")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        first, prefix = os.path.join(scratch, "first"), os.path.join(scratch, "moved", "prefix")
        run(arguments.cmake, "--install", arguments.build, "--prefix", first)
        os.makedirs(os.path.dirname(prefix))
        os.rename(first, prefix)
        named = [path for needle in (arguments.source, first) for path in texts_that_name(prefix, needle)]
        if named:
            sys.exit(f"installed files name the source tree or the first prefix: {', '.join(named)}")

        project, build = os.path.join(scratch, "stranger"), os.path.join(scratch, "stranger-build")
        shutil.copytree(arguments.stranger, project)
        for example in [*EXAMPLES, "shipped.c", "kernels.json"]:
            shutil.copy(os.path.join(arguments.source, "tools", "examples", example), project)
        run(arguments.cmake, "-S", project, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
            "-DCMAKE_C_COMPILER=clang-22", "-DCMAKE_CXX_COMPILER=clang++-22")
        run(arguments.cmake, "--build", build)
        by_pkg_config = os.path.join(scratch, "by-pkg-config")
        build_with_pkg_config(project, prefix, by_pkg_config)
        if arguments.run:
            # Neither the build folder's compiler library nor its cache may help out.
            environment = {k: v for k, v in os.environ.items() if not k.startswith("MUNTIN_")}
            environment["MUNTIN_CACHE_DIR"] = os.path.join(scratch, "cache")  # the second build of each finds a kernel
            for folder in (build, by_pkg_config):
                for example in EXAMPLES:
                    print(run(os.path.join(folder, example.replace(".", "_")), env=environment, cwd=scratch), end="")
            print(run(os.path.join(prefix, "bin", "muntin"), "run", "--mask", "sliding(left=3, right=0)", "--grid", "40",
                      "--head-dim", "16", "--check", env=environment, cwd=scratch), end="")
            os.remove(os.path.join(prefix, "lib", "libmuntin-compiler.so"))  # what was compiled ahead of time needs none
            print(run(os.path.join(build, "shipped"), env=environment, cwd=scratch), end="")
    print("install: a moved prefix serves a stranger's project" + (", and runs" if arguments.run else ""))


if __name__ == "__main__":
    main()
