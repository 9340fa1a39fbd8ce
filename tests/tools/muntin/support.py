# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the command and judges what it says."""

import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

COMMAND = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "muntin"


def npy(shape, descr="<f4", data=None, order=False, version=1):
    """The bytes of an array file; zeros unless `data` is given."""
    count = 1
    for extent in shape:
        count *= extent
    width = {"<f4": 4, "<i4": 4, "<f2": 2, "<V2": 2}.get(descr, 8)
    tail = "," if len(shape) == 1 else ""
    head = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({', '.join(map(str, shape))}{tail}), }}\n"
    length = struct.pack("<H" if version == 1 else "<I", len(head))
    data = bytes(count * width) if data is None else data
    return b"\x93NUMPY" + bytes([version, 0]) + length + head.encode() + data


def read_npy(path):
    """(shape, floats) of a float32 file."""
    raw = pathlib.Path(path).read_bytes()
    assert raw[:8] == b"\x93NUMPY\x01\x00", raw[:8]
    end = 10 + struct.unpack("<H", raw[8:10])[0]
    head = eval(raw[10:end], {"__builtins__": {}})
    assert head["descr"] == "<f4" and head["fortran_order"] is False, head
    return head["shape"], struct.unpack(f"<{(len(raw) - end) // 4}f", raw[end:])


class CommandTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="muntin-command-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.environment = {"NO_COLOR": "1"}

    def muntin(self, *arguments, stdout=subprocess.PIPE):
        """The finished process, run in a folder of its own; never ended by a signal."""
        done = subprocess.run(
            [COMMAND, *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=300,
        )
        self.assertGreaterEqual(done.returncode, 0, f"ended by a signal: {arguments}\n{done.stderr}")
        return done

    def refused(self, code, words, *arguments):
        """Exit code, nothing on stdout, every word in the message."""
        done = self.muntin(*arguments)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}{done.stderr}")
        self.assertEqual(done.stdout, "", arguments)
        for word in words:
            self.assertIn(word, done.stderr, arguments)
        return done

    def text(self, *arguments):
        done = self.muntin(*arguments)
        self.assertEqual(done.returncode, 0, f"{arguments}\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.text(*arguments, "--json"))

    def write(self, name, data):
        (self.folder / name).write_bytes(data)
        return name

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())
