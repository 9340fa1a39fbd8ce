# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where tensors lie, how Muntin gets at them, and how the time of a call is taken there.

On a GPU everything happens on one stream, which is PyTorch's current one: Muntin is handed it and returns at once. Events
around each call give its time; before each the second-level cache is overwritten, for so long that the call is in the queue
before the GPU gets to it. So neither a warm cache nor the host's own time is measured.
"""
import time

KINDS = ("cpu", "cuda", "emulator")
FLUSH_BYTES = 256 << 20  # twice the second-level cache of any GPU yet


class Cpu:
    kind, torch_device, has_peers = "cpu", "cpu", True

    def __init__(self, torch, name):
        self.torch, self.name = torch, name

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def describe(self):
        return self.name

    def first(self, call):
        """(seconds, result) of a call that may compile."""
        begin = time.perf_counter()
        result = call()
        return time.perf_counter() - begin, result

    def times(self, call, seconds):
        """At least 5 unless they are very slow."""
        times = []
        while not times or (sum(times) < seconds and len(times) < 200) or (len(times) < 5 and sum(times) < 5 * seconds):
            times.append(self.first(call)[0])
        return times

    def forward(self, session, kernel, tensors, threads):
        """Muntin's result, in the memory where PyTorch has its own; the peers allocate theirs too."""
        out = self.torch.empty_like(tensors[0])
        return kernel.run(*tensors, out, threads=threads)


class Cuda(Cpu):
    kind = "cuda"

    def __init__(self, torch, name):
        super().__init__(torch, name)
        self.torch_device = name if ":" in name else "cuda:0"
        # The default stream would make each call of Muntin wait, as its null stream does.
        self.stream = torch.cuda.Stream(self.torch_device)
        self.inside = torch.cuda.stream(self.stream)
        self.flush = torch.empty(FLUSH_BYTES, dtype=torch.uint8, device=self.torch_device)

    def __enter__(self):
        self.inside.__enter__()
        return self

    def __exit__(self, *error):
        self.inside.__exit__(*error)

    def describe(self):
        return f"{self.torch.cuda.get_device_name(self.torch_device)}, CUDA {self.torch.version.cuda}"

    def first(self, call):
        self.stream.synchronize()
        begin = time.perf_counter()
        result = call()
        self.stream.synchronize()
        return time.perf_counter() - begin, result

    def series(self, call, count):
        events = [[self.torch.cuda.Event(enable_timing=True) for _ in "be"] for _ in range(count)]
        for begin, end in events:
            self.flush.zero_()
            begin.record(self.stream)
            call()
            end.record(self.stream)
        self.stream.synchronize()
        return [1e-3 * begin.elapsed_time(end) for begin, end in events]

    def times(self, call, seconds):
        warm = self.series(call, 5)
        return self.series(call, min(1000, max(10, int(seconds / max(warm[1:])))))

    def forward(self, session, kernel, tensors, threads):
        out = self.torch.empty_like(tensors[0])
        return kernel.run(*tensors, out, stream=self.stream.cuda_stream)


class Emulator(Cpu):
    """The same launches on the CPU: says whether the numbers agree, and nothing of time. The peers cannot run there."""
    kind, has_peers = "emulator", False

    def times(self, call, seconds):
        return []

    def forward(self, session, kernel, tensors, threads):
        there = [session.upload(value) for value in tensors]
        out = session.upload(self.torch.empty_like(tensors[0]))
        stream = session.create_stream()
        try:
            kernel.run(*there, out, stream=stream)
            return session.download(out, self.torch.empty_like(tensors[0]), stream)
        finally:
            session.destroy_stream(stream)
            session.release(*there, out)


def kind_of(device):
    return device.split(":")[0]


def open_place(torch, device):
    return {"cpu": Cpu, "cuda": Cuda, "emulator": Emulator}[kind_of(device)](torch, device)
