# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compiler library through its C interface, see runtime/abi/Compiler.h."""

import ctypes
import dataclasses

EMIT_TILE, EMIT_LLVM, EMIT_ASM, EMIT_OBJECT, EMIT_PLAN = 2, 3, 4, 5, 6


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("emit", ctypes.c_int), ("dump_dir", ctypes.c_char_p),
                ("override_dir", ctypes.c_char_p), ("grid", ctypes.c_void_p), ("kv_grid", ctypes.c_void_p),
                ("batch", ctypes.c_int64), ("heads", ctypes.c_int64), ("kv_heads", ctypes.c_int64),
                ("begin_stage", ctypes.c_void_p), ("begin_stage_user", ctypes.c_void_p), ("ptxas", ctypes.c_char_p),
                ("ptxas_seconds", ctypes.c_double)]


class StageTime(ctypes.Structure):
    _fields_ = [("stage", ctypes.c_char_p), ("seconds", ctypes.c_double)]


class Outcome(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("bytes", ctypes.c_void_p), ("size", ctypes.c_size_t),
                ("message", ctypes.c_char_p), ("reproducer", ctypes.c_char_p), ("stages", StageTime * 16),
                ("num_stages", ctypes.c_size_t), ("warning", ctypes.c_char_p)]


@dataclasses.dataclass
class Compiled:
    output: bytes
    warning: str
    seconds: dict


class Compiler:
    def __init__(self, path):
        self.library = ctypes.CDLL(path)

    def compile(self, key, kind, ptxas="off"):
        """Output, warning and the seconds of each stage; raises ValueError with the library's message."""
        options, outcome = Options(struct_size=ctypes.sizeof(Options), emit=kind, ptxas=ptxas.encode() or None), Outcome()
        text = key.encode()
        self.library.mtnc_compile(text, ctypes.c_size_t(len(text)), ctypes.byref(options), ctypes.byref(outcome))
        try:
            if outcome.status:
                raise ValueError(f"{key}: status {outcome.status}: {outcome.message.decode()}")
            return Compiled(ctypes.string_at(outcome.bytes, outcome.size), (outcome.warning or b"").decode(),
                            {stage.stage.decode(): stage.seconds for stage in outcome.stages[:outcome.num_stages]})
        finally:
            self.library.mtnc_free(ctypes.byref(outcome))

    def emit(self, key, kind):
        """The output as bytes; of GPU kernels without asking an assembler."""
        return self.compile(key, kind).output
