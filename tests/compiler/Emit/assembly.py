# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads assembly text as functions of basic blocks."""

import dataclasses
import re

MULTIPLY_ADD = re.compile(r"^(vfmadd\w*ps|vdpbf16ps)\b")
LABEL = re.compile(r"^([\w.$]+):")
STACK = re.compile(r"\((%rsp|%rbp)[,)]")
VECTOR = re.compile(r"%[xyz]mm\d")


@dataclasses.dataclass
class Block:
    function: str
    label: str
    instructions: list

    def multiply_adds(self):
        return [text for text in self.instructions if MULTIPLY_ADD.match(text)]

    def broadcasts(self):
        """Numbers of memory in all lanes: instructions of their own, or operands of multiply-adds."""
        return [text for text in self.instructions if "vbroadcastss" in text or "vpbroadcastd" in text or "{1to" in text]

    def vector_spills(self):
        """Vectors that go to the stack or come from there."""
        return [text for text in self.instructions if STACK.search(text) and VECTOR.search(text)]


def blocks_of(text):
    """All basic blocks, in order: a block begins at a label and ends behind a jump."""
    blocks, function = [], None
    for line in text.splitlines():
        line = line.split("#")[0].rstrip()
        label = LABEL.match(line)
        if label:
            if not label.group(1).startswith("."):
                function = label.group(1)
            blocks.append(Block(function, label.group(1), []))
        elif line.startswith("\t") and not line.lstrip().startswith(".") and blocks:
            blocks[-1].instructions.append(line.strip())
            if re.match(r"j\w+\b", line.strip()):
                blocks.append(Block(function, f"behind {blocks[-1].label}", []))
    return [block for block in blocks if block.instructions]


def loops_of(text):
    """The blocks with multiply-adds that jump to their own beginning."""
    return [block for block in blocks_of(text)
            if block.multiply_adds() and re.match(rf"j\w+\s+{re.escape(block.label)}$", block.instructions[-1])]
