# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Muntin's C API for PyTorch tensors (by DLPack) and NumPy arrays, without copies: as much of it as the comparisons need.

The structures mirror runtime/include/muntin/muntin.h field by field; struct_size lets the library notice an older one.
"""
import ctypes as c
import json
import math
import pathlib

MAX_RANK, MAX_DIMS = 3, 6
ALLOCATE_WORKSPACE = 1
ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "build" / "lib" / "libmuntin.so"


class Problem(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("operation", c.c_int), ("dtype", c.c_int), ("rank", c.c_int32),
                ("head_dim", c.c_int64), ("value_dim", c.c_int64), ("mask", c.c_char_p),
                ("template_name", c.c_char_p), ("target", c.c_char_p), ("plan", c.c_char_p)]


class Shape(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("batch", c.c_int64), ("heads", c.c_int64), ("kv_heads", c.c_int64),
                ("grid", c.c_int64 * MAX_RANK), ("kv_grid", c.c_int64 * MAX_RANK)]


class Tensor(c.Structure):
    _fields_ = [("data", c.c_void_p), ("dtype", c.c_int), ("ndim", c.c_int32), ("extents", c.c_int64 * MAX_DIMS),
                ("strides", c.c_int64 * MAX_DIMS)]


class Arguments(c.Structure):
    _fields_ = ([("struct_size", c.c_size_t)] +
                [(name, c.POINTER(Tensor)) for name in ("q", "k", "v", "out", "lse", "segments", "kv_segments")] +
                [("scale", c.POINTER(c.c_double)), ("workspace", c.c_void_p), ("workspace_size", c.c_size_t),
                 ("stream", c.c_void_p), ("threads", c.c_int32), ("flags", c.c_uint32)])


class SessionOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("device", c.c_char_p), ("threads", c.c_int32), ("compiler", c.c_char_p),
                ("dump_dir", c.c_char_p), ("override_dir", c.c_char_p), ("log", c.c_void_p), ("log_user", c.c_void_p),
                ("log_level", c.c_int32), ("parallel_for", c.c_void_p), ("parallel_for_user", c.c_void_p),
                ("cache", c.c_int), ("cache_dir", c.c_char_p), ("cache_limit", c.c_uint64), ("allocate", c.c_void_p),
                ("release", c.c_void_p), ("allocator_user", c.c_void_p), ("progress", c.c_void_p),
                ("progress_user", c.c_void_p), ("compile_timeout", c.c_double), ("compile_never", c.c_int32),
                ("ptxas", c.c_char_p), ("cubins", c.c_char_p)]


class KernelInfo(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("key", c.c_char_p), ("target", c.c_char_p), ("plan", c.c_char_p),
                ("origin", c.c_int), ("compile_seconds", c.c_double), ("stages", c.c_void_p),
                ("num_stages", c.c_size_t), ("num_variants", c.c_size_t)]


class Error(c.Structure):
    _fields_ = [("status", c.c_int), ("message", c.c_char_p), ("reproducer", c.c_char_p)]


class MuntinError(RuntimeError):
    """A call that failed; `status` is an mtn_status."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def sized(structure, **fields):
    return structure(struct_size=c.sizeof(structure), **fields)


def dl_tensor(capsule):
    """A DLManagedTensor begins with its DLTensor. The capsule must live as long as it is looked at."""
    pointer = c.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = c.c_void_p, [c.py_object, c.c_char_p]
    return c.c_void_p(pointer(capsule, b"dltensor"))


def element(value):
    """mtn_dtype of a tensor or array."""
    return {"float32": 0, "float16": 1, "bfloat16": 2, "int32": 3}[str(value.dtype).removeprefix("torch.")]


def dense_bytes(value):
    return (4, 2, 2, 4)[element(value)] * math.prod(value.shape)


class Uploaded:
    """A dense array in memory of a session's device."""

    def __init__(self, memory, like):
        self.memory, self.dtype, self.shape, self.ndim = memory, like.dtype, tuple(like.shape), like.ndim

    def view(self):
        strides = [math.prod(self.shape[axis + 1:]) for axis in range(self.ndim)]
        return Tensor(self.memory, element(self), self.ndim, (c.c_int64 * MAX_DIMS)(*self.shape),
                      (c.c_int64 * MAX_DIMS)(*strides))


class Session:
    def __init__(self, threads=0, library=LIBRARY, device="cpu", **options):
        """`options` are further fields of mtn_session_options."""
        self.library = c.CDLL(str(library))
        self.library.mtn_last_error.restype = c.POINTER(Error)
        for name in ("mtn_session_destroy", "mtn_kernel_release"):
            getattr(self.library, name).restype = None
        self.handle = c.c_void_p()
        settings = sized(SessionOptions, threads=threads, device=device.encode(), **options)
        self.call("mtn_session_create", c.byref(settings), c.byref(self.handle))

    def close(self):
        """Kernels of the session must be closed before."""
        self.library.mtn_session_destroy(self.handle)
        self.handle = c.c_void_p()

    def call(self, name, *arguments):
        if getattr(self.library, name)(*arguments) != 0:
            error = self.library.mtn_last_error().contents
            raise MuntinError(error.status, error.message.decode())

    def view(self, value):
        """An mtn_tensor of a PyTorch tensor, a NumPy array or what was uploaded."""
        if isinstance(value, Uploaded):
            return value.view()
        result = Tensor()
        if hasattr(value, "data_ptr"):
            # -1: nothing is to be waited for. Muntin's stream is the one that the tensor was made on.
            capsule = value.__dlpack__(stream=-1) if value.is_cuda else value.__dlpack__()
            self.call("mtn_tensor_from_dlpack", self.handle, dl_tensor(capsule), c.byref(result))
            return result
        strides = [stride // value.itemsize for stride in value.strides]  # NumPy has no bfloat16 for DLPack
        return Tensor(value.ctypes.data, element(value), value.ndim, (c.c_int64 * MAX_DIMS)(*value.shape),
                      (c.c_int64 * MAX_DIMS)(*strides))

    def allocate(self, size):
        memory = c.c_void_p()
        self.call("mtn_memory_allocate", self.handle, c.c_size_t(size), c.byref(memory))
        return memory.value

    def upload(self, value):
        """A dense array of the host, copied into memory of the device, until it is released."""
        result = Uploaded(self.allocate(dense_bytes(value)), value)
        self.copy("mtn_memory_write", result.memory, self.host_address(value), value)
        return result

    def download(self, uploaded, value, stream=None):
        self.copy("mtn_memory_read", self.host_address(value), uploaded.memory, value, stream)
        self.synchronize(stream)
        return value

    def release(self, *uploaded):
        for array in uploaded:
            self.call("mtn_memory_release", self.handle, c.c_void_p(array.memory))

    @staticmethod
    def host_address(value):
        return value.data_ptr() if hasattr(value, "data_ptr") else value.ctypes.data

    def copy(self, name, target, source, like, stream=None):
        self.call(name, self.handle, c.c_void_p(target), c.c_void_p(source),
                  c.c_size_t(dense_bytes(like)), c.c_void_p(stream))

    def create_stream(self):
        stream = c.c_void_p()
        self.call("mtn_stream_create", self.handle, c.byref(stream))
        return stream.value

    def synchronize(self, stream):
        self.call("mtn_stream_synchronize", self.handle, c.c_void_p(stream))

    def destroy_stream(self, stream):
        self.call("mtn_stream_destroy", self.handle, c.c_void_p(stream))

    def forward(self, q, k, v, out, mask="full()", template=None, **others):
        """out = attention over tensors [batch, *grid, heads, dim], each used in place; `others` as in arguments()."""
        self.call("mtn_forward", self.handle, c.byref(problem(q, v, mask, template)),
                  c.byref(self.arguments(q, k, v, out, flags=ALLOCATE_WORKSPACE, **others)))
        return out

    def arguments(self, q, k, v, out, lse=None, segments=None, kv_segments=None, scale=None, **fields):
        tensors = (("q", q), ("k", k), ("v", v), ("out", out), ("lse", lse), ("segments", segments),
                   ("kv_segments", kv_segments))
        given = {name: c.pointer(self.view(value)) for name, value in tensors if value is not None}
        return sized(Arguments, scale=None if scale is None else c.pointer(c.c_double(scale)), **given, **fields)

    def prepare(self, q, k, v, mask="full()", template=None):
        """The kernel for tensors like these, compiled if need be."""
        return Kernel(self, q, k, v, mask, template)


def problem(q, v, mask, template):
    return sized(Problem, dtype=element(q), rank=q.ndim - 3, head_dim=q.shape[-1], value_dim=v.shape[-1],
                 mask=mask.encode(), template_name=template.encode() if template else None)


class Kernel:
    """A compiled kernel and a workspace for the extents it was asked for, kept from run to run."""

    def __init__(self, session, q, k, v, mask, template):
        self.session, self.handle = session, c.c_void_p()
        session.call("mtn_prepare", session.handle, c.byref(problem(q, v, mask, template)), c.c_uint32(0),
                     c.byref(self.handle))
        rank, size = q.ndim - 3, c.c_size_t()
        grid = lambda x: (c.c_int64 * MAX_RANK)(*x.shape[1:1 + rank])
        shape = sized(Shape, batch=q.shape[0], heads=q.shape[-2], kv_heads=k.shape[-2], grid=grid(q), kv_grid=grid(k))
        session.call("mtn_kernel_workspace", self.handle, c.byref(shape), c.byref(size))
        memory = session.allocate(size.value) if size.value else None
        self.workspace = {"workspace": memory, "workspace_size": size.value}

    def close(self):
        """No work of it may be left."""
        self.session.library.mtn_kernel_release(self.handle)
        self.handle = c.c_void_p()
        self.session.call("mtn_memory_release", self.session.handle, c.c_void_p(self.workspace.pop("workspace")))

    def info(self):
        info = sized(KernelInfo)
        self.session.call("mtn_kernel_get_info", self.handle, c.byref(info))
        return {"key": info.key.decode(), "target": info.target.decode(), "plan": json.loads(info.plan),
                "compile_seconds": info.compile_seconds}

    def run(self, q, k, v, out, **others):
        arguments = self.session.arguments(q, k, v, out, **self.workspace, **others)
        self.session.call("mtn_kernel_run", self.handle, c.byref(arguments))
        return out
