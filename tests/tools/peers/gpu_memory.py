# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""gpu_memory.py SOURCE LIBMUNTIN: the comparisons' own door to Muntin, with tensors in a GPU's memory and launches on a
stream, on the emulator; against NumPy. Exit code 77: there is no NumPy."""
import pathlib
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("gpu_memory: SKIPPED: NumPy is not installed")
    sys.exit(77)

SHAPE, DIM, REACH = (1, 40, 2), 16, 5  # batch, tokens, heads
CACHE_OFF = 1
# Writes the smallest thing that passes for a cubin, and says of each kernel that it is clean.
PTXAS = r"""#!/bin/sh
[ $1 = --version ] && exit
printf '\177ELF\002' > kernel.cubin; head -c 13 /dev/zero >> kernel.cubin
printf '\276' >> kernel.cubin; head -c 45 /dev/zero >> kernel.cubin
for k in $(sed -n 's/.*\.entry \([^(]*\).*/\1/p' kernel.ptx); do
echo "ptxas info    : Compiling entry function '$k' for '$2'"
echo "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads"
echo "ptxas info    : Used 77 registers"
done
"""


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
    with tempfile.TemporaryDirectory() as folder:
        ptxas = pathlib.Path(folder, "ptxas")
        ptxas.write_text(PTXAS)
        ptxas.chmod(0o700)
        # An image with cubins that no GPU would take: the emulator takes the PTX beside them.
        session = muntin_ctypes.Session(library=library, device="emulator:sm_80", cache=CACHE_OFF,
                                        ptxas=str(ptxas).encode(), cubins=b"sm_80,sm_90a,sm_120")
        check(session)
        session.close()


def check(session):
    draw = np.random.default_rng(3)
    arrays = [draw.standard_normal((*SHAPE, DIM)).astype(np.float16) for _ in "qkv"]
    right = expected(*arrays)
    stream = session.create_stream()
    for template in (None, "unfused"):  # the second has a workspace
        there = [session.upload(array) for array in arrays]
        out = session.upload(np.full((*SHAPE, DIM), np.nan, np.float16))
        kernel = session.prepare(*there, f"sliding(left={REACH}, right={REACH})", template)
        assert (kernel.workspace["workspace_size"] > 0) == (template == "unfused"), kernel.workspace
        plan = kernel.info()["plan"]
        assembled = [one["architecture"] for one in [plan["assembly"], *plan["other_assemblies"]]]
        assert assembled == ["sm_80", "sm_90a", "sm_120"], plan
        kernel.run(*there, out, stream=stream)
        found = session.download(out, np.empty((*SHAPE, DIM), np.float16), stream).astype(np.float64)
        error = np.linalg.norm(found - right) / np.linalg.norm(right)
        assert error < 2e-3, (template, error)
        kernel.close()
        session.release(*there, out)
        print(f"{template or 'the planner'}: error {error:.1e} of the result")
    session.destroy_stream(stream)


if __name__ == "__main__":
    main()
