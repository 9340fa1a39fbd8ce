#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""readme.py [--update] <build folder> <file.md>...: runs the blocks of a page that are marked as tests.

    ```sh test             lines that begin with `$ ` are commands, what follows is their output, to be met exactly
    ```sh test numbers     any number, with its unit if that is of time, stands for any other, and so do spaces
    ```sh test exit=2      the exit code of the last command; its messages are compared as well
    ```cpp test            a whole program: compiled against the public headers and libmuntin.so, and run
    ```cpp file=PATH       must be what PATH holds below its licence header; with `test` it is compiled and run as well

A line of `...` stands for any lines, and `...` within a line for any text. All blocks of a page run one after another in
one scratch folder, in which `tools` and `build` lead to this tree and `build/bin` is on the path. With --update the page
is rewritten with the output as it is now; lines with `...` stay while they hold.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

import tree

BLOCK = re.compile(r"^```(\w+)[ ]+([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?:\s*[num]?s\b)?")
TIME_LIMIT_S = 600


def commands_of(body):
    """[(command, expected lines)]; a command goes on in the next line after a backslash, and until EOF after <<EOF."""
    found, lines = [], body.splitlines()
    while lines:
        line = lines.pop(0)
        if not line.startswith("$ "):
            if not found:
                raise ValueError(f"output before any command: {line}")
            found[-1][1].append(line)
            continue
        text = line[2:]
        while text.endswith("\\") and lines:
            text += "\n" + lines.pop(0)
        if "<<EOF" in text or "<<'EOF'" in text:
            while lines and not text.endswith("\nEOF"):
                text += "\n" + lines.pop(0)
        found.append((text, []))
    return found


def pattern_of(line, numbers):
    """A regular expression for one expected line."""
    parts = []
    for part in line.rstrip().split("..."):
        if numbers:
            part = re.sub(r"\s+", " ", part)
            pieces = [re.escape(piece) for piece in NUMBER.split(part)]
            part = NUMBER.pattern.join(pieces)
            parts.append(re.sub(r"(\\ )+", lambda _: r"\\s+", part).replace("\\\\s+", "\\s+"))
        else:
            parts.append(re.escape(part))
    return ".*".join(parts) + r"\s*"


def meets(expected, actual, numbers):
    """Whether the output is what the page says. A line of `...` takes as many lines as are needed."""
    if not expected:
        return not actual
    if expected[0].strip() == "...":
        return any(meets(expected[1:], actual[i:], numbers) for i in range(len(actual) + 1))
    return bool(actual) and re.fullmatch(pattern_of(expected[0], numbers), actual[0]) is not None and meets(
        expected[1:], actual[1:], numbers)


def refreshed(expected, actual, numbers):
    """The output for --update: as it is now, but lines with `...` that still hold stay as they were written."""
    if not any("..." in line for line in expected) or not meets(expected, actual, numbers):
        return actual
    if len(expected) != len(actual):
        return expected
    return [old if "..." in old else new for old, new in zip(expected, actual)]


def run(command, folder, build):
    # A cache of its own: what an earlier run compiled would not be compiled again.
    environment = dict(os.environ, PATH=f"{build}/bin:{os.environ['PATH']}", MUNTIN_CACHE_DIR=f"{folder}/.cache")
    return subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=TIME_LIMIT_S, check=False)


def run_shell(flags, body, folder, build):
    """Runs the commands of a block: (errors, the block as it would read now)."""
    wanted_code = next((int(flag[5:]) for flag in flags if flag.startswith("exit=")), 0)
    errors, now = [], []
    commands = commands_of(body)
    for index, (command, expected) in enumerate(commands):
        done = run(["bash", "-c", command], folder, build)
        code = wanted_code if index == len(commands) - 1 else 0
        actual = (done.stdout + (done.stderr if code else "")).splitlines()
        now += [f"$ {command}", *refreshed(expected, actual, "numbers" in flags)]
        if done.returncode != code:
            errors.append(f"$ {command}\n  exit code {done.returncode}, expected {code}\n{done.stdout}{done.stderr}")
        elif not meets(expected, actual, "numbers" in flags):
            errors.append("\n".join([f"$ {command}", "  expected:", *expected, "  got:", *actual]))
    return errors, "".join(line + "\n" for line in now)


def run_program(body, folder, build, root):
    source, program = os.path.join(folder, "block.cpp"), os.path.join(folder, "block")
    with open(source, "w", encoding="utf-8") as file:
        file.write(body)
    compile_command = ["clang++-22", "-std=c++20", "-Wall", "-Wextra", "-Werror", f"-I{root}/runtime/include", source,
                       "-o", program, f"-L{build}/lib", "-lmuntin", f"-Wl,-rpath,{build}/lib"]
    for command in (compile_command, [program]):
        done = run(command, folder, build)
        if done.returncode != 0:
            return [f"{os.path.basename(command[0])}: exit code {done.returncode}\n{done.stdout}{done.stderr}"]
    return []


def below_licence(text):
    """The text without the comment block that carries the licence."""
    return re.sub(r"\A(?://[^\n]*\n)*?//===-+===//\n\n?", "", text) if "SPDX" in text[:700] else text


def run_block(match, folder, build, root):
    """(errors, new body) of one block."""
    language, flags, body = match.group(1), match.group(2).split(), match.group(3)
    copied = next((flag[5:] for flag in flags if flag.startswith("file=")), None)
    if copied:
        text = below_licence(tree.read(root, copied))
        if text != body:
            return [f"the block differs from {copied}"], text
    if "test" not in flags:
        return [], body
    if language == "sh":
        errors, now = run_shell(flags, body, folder, build)
        return errors, now
    if language == "cpp":
        return run_program(body, folder, build, root), body
    return [f"a block of language {language} cannot be a test"], body


def check_page(path, build, root, update):
    """Runs a page's blocks: (blocks run, errors)."""
    text, errors, pieces, end, count = tree.read(root, path), [], [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(os.path.join(root, "tools"), os.path.join(folder, "tools"))
        os.symlink(build, os.path.join(folder, "build"))
        for match in BLOCK.finditer(text):
            found, body = run_block(match, folder, build, root)
            line = text.count("\n", 0, match.start()) + 1
            errors += [f"{path}:{line}: {error}" for error in found]
            count += any(flag == "test" or flag.startswith("file=") for flag in match.group(2).split())
            pieces += [text[end:match.start(3)], body]
            end = match.end(3)
    if update:
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write("".join(pieces) + text[end:])
    return count, errors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--root", default=tree.root_from_arguments([]))
    parser.add_argument("build")
    parser.add_argument("pages", nargs="+")
    arguments = parser.parse_args()
    count, errors = 0, []
    for page in arguments.pages:
        blocks, found = check_page(page, os.path.abspath(arguments.build), arguments.root, arguments.update)
        count, errors = count + blocks, errors + found
    tree.finish("readme", errors, count)


if __name__ == "__main__":
    main()
