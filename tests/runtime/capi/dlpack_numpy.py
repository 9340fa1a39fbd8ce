# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""dlpack_numpy.py LIBRARY: mtn_tensor_from_dlpack on the DLTensors that NumPy makes, against what NumPy says of them."""

import ctypes
import sys

try:
    import numpy
except ImportError:
    print("NumPy is not installed: nobody but ourselves has made these tensors")
    sys.exit(77)


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int32), ("ndim", ctypes.c_int32),
                ("extents", ctypes.c_int64 * 6), ("strides", ctypes.c_int64 * 6)]


def dl_tensor(capsule):
    """A DLManagedTensor begins with its DLTensor."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return ctypes.c_void_p(pointer(capsule, b"dltensor"))


def main():
    library = ctypes.CDLL(sys.argv[1])
    session = ctypes.c_void_p()
    assert library.mtn_session_create(None, ctypes.byref(session)) == 0
    whole = numpy.zeros((2, 5, 6, 3, 8), numpy.float32)
    arrays = [whole, whole[:, 1:4, ::2, :, 2:6], whole.transpose(0, 2, 1, 3, 4), numpy.zeros((3, 0, 4), numpy.float16),
              numpy.zeros((4, 7), numpy.int32)[1:]]
    for array in arrays:
        tensor = Tensor()
        capsule = array.__dlpack__()
        assert library.mtn_tensor_from_dlpack(session, dl_tensor(capsule), ctypes.byref(tensor)) == 0
        dtype = {"float32": 0, "float16": 1, "int32": 3}[array.dtype.name]
        found = (tensor.data, tensor.dtype, tuple(tensor.extents[:tensor.ndim]), tuple(tensor.strides[:tensor.ndim]))
        strides = tuple(stride // array.itemsize for stride in array.strides)
        expected = (array.ctypes.data, dtype, array.shape, strides)
        assert found == expected or array.size == 0 and found[1:3] == expected[1:3], (found, expected)
    double = numpy.zeros(3).__dlpack__()
    assert library.mtn_tensor_from_dlpack(session, dl_tensor(double), ctypes.byref(Tensor())) == 1
    library.mtn_session_destroy(session)
    print(f"{len(arrays)} arrays of NumPy {numpy.__version__} are seen as they are")


if __name__ == "__main__":
    main()
