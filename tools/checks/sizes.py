#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""sizes.py [root]: lengths of files and functions.

A file over 300 lines and a function over 60 are reported, over 400 and over 80 they are errors, unless
size-exceptions.txt records them. A recorded length is a ceiling: growing past it is an error, and so is an entry that
is longer than its file is now or that no longer stands for anything. So the list can only shrink.
"""

import os
import sys

import cxx
import tree

FILE_REPORT, FILE_LIMIT = 300, 400
FUNCTION_REPORT, FUNCTION_LIMIT = 60, 80
LIST = "tools/checks/size-exceptions.txt"


def exceptions(root):
    """{what: lines}, what being a path or path:function."""
    if not os.path.exists(os.path.join(root, LIST)):
        return {}
    rows = [line.split("#")[0].split() for line in tree.read(root, LIST).splitlines()]
    return {row[0]: int(row[1]) for row in rows if row}


def measure(root, paths):
    """Yields (what, lines, where to report from, limit), and (what, None, error, None) where counting fails."""
    for path in paths:
        text = tree.read(root, path)
        yield path, text.count("\n"), FILE_REPORT, FILE_LIMIT
        if not path.endswith(tree.CXX):
            continue
        try:
            for name, line, lines in cxx.functions(text):
                yield f"{path}:{name}", lines, FUNCTION_REPORT, FUNCTION_LIMIT
        except cxx.UnbalancedBraces as error:
            yield path, None, str(error), None


def judge(measured, allowed):
    """Returns (errors, reports) of what was measured."""
    errors, reports, needed = [], [], set()
    for what, lines, report, limit in measured:
        if lines is None:
            errors.append(f"{what}: cannot count braces: {report}")
        elif what in allowed and lines > report:
            needed.add(what)
            if lines > allowed[what]:
                errors.append(f"{what}: {lines} lines, grown past the {allowed[what]} that {LIST} records")
            elif lines < allowed[what]:
                errors.append(f"{what}: {lines} lines, shrunk: record that in {LIST}, which says {allowed[what]}")
        elif lines > limit:
            errors.append(f"{what}: {lines} lines, at most {limit}")
        elif lines > report:
            reports.append(f"{what}: {lines} lines, {report} is the aim")
    errors += [f"{LIST}: {what} is no longer too long: remove the entry" for what in sorted(set(allowed) - needed)]
    return errors, reports


def main():
    root = tree.root_from_arguments(sys.argv)
    paths = [path for path in tree.files(root) if path.endswith(tree.CODE) or tree.is_script(root, path)]
    measured = list(measure(root, paths))
    errors, reports = judge(measured, exceptions(root))
    for report in reports:
        print(f"long: {report}")
    functions = sorted(lines for what, lines, _, limit in measured if limit == FUNCTION_LIMIT)
    if functions:
        print(f"functions: {len(functions)}, median {functions[len(functions) // 2]} lines, "
              f"{sum(n <= FUNCTION_REPORT for n in functions) / len(functions):.1%} within {FUNCTION_REPORT}")
    tree.finish("sizes", errors, len(paths))


if __name__ == "__main__":
    main()
