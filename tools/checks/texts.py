#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""texts.py [root]: licence headers, paths of one machine, READMEs and the links in them, variables of the environment."""

import os
import re
import sys

import tree

LICENCE = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
NEEDS_LICENCE = tree.CXX + (".td", ".py")
# A path into somebody's home or a build machine. Written so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:home|root|work|Users|tmp/wt)/[\w.]")
LINK = re.compile(r"(?<!!)!?\[[^\]]*\]\(([^)\s]+)\)")
# Folders that need no page of their own: tests mirror the tree, and tests/README.md explains all of them.
NO_README = ("tests/", ".ci", "build")
CONTAINERS = {"runtime/include"}  # holds one folder and nothing else


def licence_errors(path, text):
    if path.endswith(NEEDS_LICENCE) and LICENCE not in text[:700]:
        yield f"{path}:1: no licence header"


def path_errors(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield f"{path}:{number}: names a folder of one machine: {line.strip()[:80]}"


def link_errors(root, path, text):
    prose = re.sub(r"^```.*?^```", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.DOTALL | re.MULTILINE)
    for number, line in enumerate(prose.splitlines(), 1):
        for link in LINK.findall(re.sub(r"`[^`]*`", "", line)):
            file = link.split("#")[0]
            if file and "://" not in file and not file.startswith("mailto:"):
                if not os.path.exists(os.path.join(root, os.path.dirname(path), file)):
                    yield f"{path}:{number}: link to {link}, which does not exist"


def readme_errors(paths):
    folders = {os.path.dirname(path) for path in paths if not path.startswith(NO_README)} - {""}
    parents = {folder[:i] for folder in folders for i, c in enumerate(folder) if c == "/"}
    for folder in sorted((folders | parents) - CONTAINERS | ({"tests"} if any(p.startswith("tests/") for p in paths) else set())):
        if f"{folder}/README.md" not in paths and os.path.basename(folder) != "data":
            yield f"{folder}: no README.md that says what enters, what leaves, and why"


def environment_errors(root, paths):
    """The variables that sources and scripts read, and the table of the top README, are the same."""
    read = {}
    for path in paths:
        if path.endswith(tree.CXX) and not path.startswith("tests/"):
            for name in re.findall(r'"(MUNTIN_[A-Z_]+)"', tree.read(root, path)):
                read.setdefault(name, path)
        elif path.startswith("tools/") and tree.is_script(root, path):
            for name in re.findall(r"\$\{?(MUNTIN_[A-Z_]+)", tree.read(root, path)):
                read.setdefault(name, path)
    table = set(re.findall(r"^\| `(MUNTIN_[A-Z_]+)`", tree.read(root, "README.md"), re.MULTILINE))
    for name in sorted(set(read) - table):
        yield f"README.md: the table of the environment lacks {name}, which {read[name]} reads"
    for name in sorted(table - set(read)):
        yield f"README.md: the table of the environment names {name}, which nothing reads"


def text_of(root, path):
    """The text of a file, or None where it is not text."""
    try:
        return tree.read(root, path)
    except UnicodeDecodeError:
        return None


def main():
    root = tree.root_from_arguments(sys.argv)
    paths = tree.files(root)
    errors = list(readme_errors(set(paths)))
    if "README.md" in paths:
        errors += environment_errors(root, paths)
    for path in paths:
        text = text_of(root, path)
        if text is None:
            continue
        errors += licence_errors(path, text)
        errors += path_errors(path, text)
        if path.endswith(".md"):
            errors += link_errors(root, path, text)
    tree.finish("texts", errors, len(paths))


if __name__ == "__main__":
    main()
