# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""gpu_memory.py SOURCE LIBMUNTIN: the comparisons' own door to Muntin, with tensors in a GPU's memory and launches on a
stream, on the emulator; against NumPy. Exit code 77: there is no NumPy."""
import pathlib
import sys

try:
    import numpy as np
except ImportError:
    print("gpu_memory: SKIPPED: NumPy is not installed")
    sys.exit(77)

SHAPE, DIM, REACH = (1, 40, 2), 16, 5  # batch, tokens, heads


def expected(q, k, v):
    """Over heads last, in float64."""
    first = [x[0].astype(np.float64).transpose(1, 0, 2) for x in (q, k, v)]
    scores = first[0] @ first[1].transpose(0, 2, 1) / DIM**0.5
    tokens = np.arange(SHAPE[1])
    scores[:, abs(tokens[:, None] - tokens[None, :]) > REACH] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return (weights / weights.sum(-1, keepdims=True) @ first[2]).transpose(1, 0, 2)[None]


def main():
    source, library = map(pathlib.Path, sys.argv[1:3])
    sys.path.insert(0, str(source / "tools" / "peers"))
    import muntin_ctypes
    session = muntin_ctypes.Session(library=library, device="emulator:sm_80")
    draw = np.random.default_rng(3)
    arrays = [draw.standard_normal((*SHAPE, DIM)).astype(np.float16) for _ in "qkv"]
    right = expected(*arrays)
    stream = session.create_stream()
    for template in (None, "unfused"):  # the second has a workspace
        there = [session.upload(array) for array in arrays]
        out = session.upload(np.full((*SHAPE, DIM), np.nan, np.float16))
        kernel = session.prepare(*there, f"sliding(left={REACH}, right={REACH})", template)
        assert (kernel.workspace["workspace_size"] > 0) == (template == "unfused"), kernel.workspace
        kernel.run(*there, out, stream=stream)
        found = session.download(out, np.empty((*SHAPE, DIM), np.float16), stream).astype(np.float64)
        error = np.linalg.norm(found - right) / np.linalg.norm(right)
        assert error < 2e-3, (template, error)
        kernel.close()
        session.release(*there, out)
        print(f"{template or 'the planner'}: error {error:.1e} of the result")
    session.destroy_stream(stream)
    session.close()


if __name__ == "__main__":
    main()
