# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the checks share: the files of the project, and how a check reports."""

import os
import subprocess
import sys

CXX = (".h", ".hpp", ".c", ".cpp", ".inc")
CODE = CXX + (".td", ".mlir", ".py", ".sh", ".cmake")
SKIPPED_FOLDERS = ("build", ".deps", ".git", "__pycache__", ".cache")


def files(root):
    """Paths of the project's files relative to root: what git tracks or would add, else what lies there."""
    listing = subprocess.run(["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, text=True, check=False)
    top = subprocess.run(["git", "-C", root, "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=False)
    if listing.returncode == 0 and os.path.realpath(top.stdout.strip()) == os.path.realpath(root):
        found = listing.stdout.splitlines()
    else:
        found = []
        for folder, folders, names in os.walk(root):
            folders[:] = [f for f in folders if not f.startswith(SKIPPED_FOLDERS)]
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted({path for path in found if os.path.isfile(os.path.join(root, path))})


def is_script(root, path):
    """A file without an ending that begins with #!."""
    if os.path.splitext(path)[1]:
        return False
    with open(os.path.join(root, path), "rb") as file:
        return file.read(2) == b"#!"


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def root_from_arguments(arguments):
    return os.path.abspath(arguments[1]) if len(arguments) > 1 else os.path.abspath(
        os.path.join(os.path.dirname(__file__), "..", ".."))


def finish(name, errors, seen):
    """Prints the errors and ends with 1 if there are any. A check that looked at nothing has not passed."""
    for error in errors:
        print(f"error: {error}")
    if not seen:
        print(f"{name}: found nothing to look at")
        sys.exit(1)
    print(f"{name}: {seen} looked at, {len(errors)} errors")
    sys.exit(1 if errors else 0)
