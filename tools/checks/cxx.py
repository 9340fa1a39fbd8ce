# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds the functions of a C++ file and their lengths by counting braces.

Comments, strings and characters are blanked first, so that every brace left is one of the program. The braces that are
open then tell where we are: inside namespaces and classes only, a `{` opens a function unless its header says that it
opens another namespace or class, or ends in `=` (a table). Branches of #if are taken one at a time, so both may open
the same brace.
"""

import re

_LITERALS = re.compile(
    r'//[^\n]*|/\*.*?\*/'                          # comments
    r'|R"([^()\\ ]{0,16})\(.*?\)\1"'               # raw strings
    r'|"(?:\\.|[^"\\\n])*"'                        # strings
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'"        # characters; 1'000 is a number
    r"|^[ \t]*\#(?:[^\\\n]|\\.)*",              # directives with their continuation lines
    re.DOTALL | re.MULTILINE)
_SCOPE = re.compile(r"^(template\s*<.*>\s*)?((inline|static|typedef|export|const)\s+)*"
                    r"(namespace|class|struct|union|enum|extern)\b")
_NAME = re.compile(r"((?:~|\boperator\s*)?[\w:~<>=!+\-*/\[\]()]*?)\s*\(")


def blank(text):
    """The text with every literal and comment replaced by spaces; directives become a lone # word."""
    def spaces(match):
        literal = match.group(0)
        directive = re.match(r"\s*#\s*(if|else|elif|endif)", literal)
        keep = f"#{directive.group(1)[:4]}" if directive else ""
        return keep + re.sub(r"[^\n]", " ", literal)[len(keep):]
    return _LITERALS.sub(spaces, text)


def _opens_scope(header):
    if not _SCOPE.match(header):
        return False
    # `struct Foo make() {` is a function; `struct alignas(64) Foo {` is not.
    bare = re.sub(r"\b(alignas|__attribute__|\w*[A-Z_]{3,})\s*\((?:[^()]|\([^()]*\))*\)|\[\[.*?\]\]|<.*?>", "", header)
    return "(" not in bare.split(":")[0]


def _name(header):
    match = _NAME.search(re.sub(r"<[^<>]*>", "", header))
    return match.group(1).split()[-1] if match and match.group(1).strip() else "(unnamed)"


class UnbalancedBraces(Exception):
    pass


def functions(text):
    """Yields (name, first line, lines) of each function, `{` to `}`. Raises UnbalancedBraces where counting fails."""
    stack = []  # of "scope", "body", "table"
    branches = []
    header, line, opened, name = "", 1, 0, ""
    for token in re.findall(r"#(?:if|else|elif|endi)|\n|[{};]|[^{};\n#]+|#", blank(text)):
        if token == "\n":
            line += 1
            header += " "
        elif token == "#if":
            branches.append(list(stack))
        elif token in ("#else", "#elif") and branches:
            stack = list(branches[-1])
        elif token == "#endi" and branches:
            branches.pop()
        elif token == "{":
            outermost = all(kind == "scope" for kind in stack)
            stripped = re.sub(r"\b(public|private|protected)\s*:", "", header).strip()
            if not outermost:
                stack.append("body")
            elif _opens_scope(stripped):
                stack.append("scope")
            elif stripped.endswith("="):
                stack.append("table")
            else:
                stack.append("body")
                opened, name = line, _name(stripped)
            header = ""
        elif token == "}":
            if not stack:
                raise UnbalancedBraces(f"line {line}: a }} too many")
            kind = stack.pop()
            if kind == "body" and all(outer == "scope" for outer in stack):
                yield name, opened, line - opened + 1
            header = ""
        elif token == ";":
            header = ""
        else:
            header += token
    if stack:
        raise UnbalancedBraces(f"{len(stack)} braces stay open at the end")
