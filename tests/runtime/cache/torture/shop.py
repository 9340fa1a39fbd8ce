# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A cache folder, processes that use it, and what must hold of them."""

import collections
import ctypes
import os
import pathlib
import random
import shutil
import subprocess
import tempfile

HANG = 300  # seconds; others may stop us for a minute
KEYS = 20


class Failure(Exception):
    pass


class Skipped(Exception):
    """The machine does not allow what the scenario needs."""


def expect(condition, message):
    if not condition:
        raise Failure(message)


class Shop:
    """A cache folder, and processes that use it."""

    def __init__(self, tools, seed, long):
        self.worker, self.faults, self.compiler, self.command = tools
        self.random = random.Random(seed)
        self.long = long
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="muntin-torture-"))
        self.disk = self.base / "disk"  # the part of the file system that faults befall
        self.cache = self.disk / "cache"
        self.kernels = self.disk / "tmp"  # where kernels lie that were just compiled
        self.kernels.mkdir(parents=True)
        self.log = self.base / "compilations"
        self.count = self.base / "count"

    def environment(self, faults=None, hold=None):
        environment = {**os.environ, "FAKE_COMPILER_LOG": str(self.log), "MUNTIN_CACHE": "rw",
                       "MUNTIN_CACHE_DIR": str(self.cache), "XDG_RUNTIME_DIR": str(self.kernels),
                       "TMPDIR": str(self.kernels)}
        if hold:
            environment["FAKE_COMPILER_HOLD"] = str(hold)
        if faults:
            environment |= {"LD_PRELOAD": self.faults, "FAULTS": faults, "FAULTS_FOLDER": str(self.disk),
                            "FAULTS_COUNT": str(self.count)}
        return environment

    def start(self, keys, *options, faults=None, hold=None, **settings):
        seed = self.random.randrange(1 << 30)
        return subprocess.Popen([self.worker, self.compiler, str(self.cache), str(keys), str(seed), *options],
                                env=self.environment(faults, hold), text=True, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **settings)

    def finish(self, process, allowed=(0,)):
        """(compiles, disk hits, disk misses, warnings) of a worker that must end as allowed."""
        try:
            out, err = process.communicate(timeout=HANG)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failure(f"hangs: {process.args}") from None
        expect(process.returncode in allowed, f"{process.args} ended with {process.returncode}:\n{err}")
        return tuple(map(int, out.split())) if out.strip() else None

    def run(self, keys, *options, allowed=(0,), **settings):
        return self.finish(self.start(keys, *options, **settings), allowed)

    def crowd(self, count, keys, *options, **settings):
        """`count` workers, let loose at once."""
        processes = [self.start(keys, "gate", *options, **settings) for _ in range(count)]
        for process in processes:
            process.stdin.close()
            process.stdin = None
        return [self.finish(process) for process in processes]

    def bundle(self, keys):
        """The option that gives a worker the problems in a bundle."""
        path = self.disk / "kernels.mtn"
        plans = [word for key in range(keys) for word in ("--plan", f"key-{key}")]
        done = subprocess.run([self.command, "compile", "--rank", "1", "--head-dim", "8", *plans, "-o", path],
                              env={**self.environment(), "MUNTIN_COMPILER": self.compiler}, capture_output=True,
                              text=True, timeout=HANG, check=False)
        expect(done.returncode == 0, f"muntin compile:\n{done.stdout}{done.stderr}")
        return f"bundle={path}"

    def counts(self, *options):
        """How many calls on the disk, and allocations, a worker makes that wants two kernels, of the cache as it is."""
        self.run(2, *options, faults="none")
        return tuple(map(int, self.count.read_text().split()))

    def compilations(self):
        return collections.Counter(self.log.read_text().splitlines()) if self.log.exists() else collections.Counter()

    def empty(self):
        shutil.rmtree(self.cache, ignore_errors=True)

    def entries(self):
        return sorted(self.cache.glob("*.kernel"))

    def verify(self):
        if self.command == "none":
            return
        done = subprocess.run([self.command, "cache", "verify"], env=self.environment(), capture_output=True, text=True,
                              timeout=HANG, check=False)
        expect(done.returncode == 0, f"muntin cache verify:\n{done.stdout}{done.stderr}")

    def settle(self, keys=KEYS):
        """After whatever happened: a process that gets everything right, and then a cache that is whole and full."""
        self.run(keys)
        self.verify()
        expect(self.run(keys)[:3] == (0, keys, 0), "what was compiled was not kept")

    def mount(self, *options):
        """Puts a file system of its own on the folder. It goes with this process."""
        self.cache.mkdir(mode=0o700, exist_ok=True)
        own_mounts()
        subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(("mode=700", *options)), "tmpfs", self.cache], check=True)

    def unmount(self):
        subprocess.run(["umount", self.cache], check=True)

    def close(self):
        shutil.rmtree(self.base, ignore_errors=True)


def own_mounts():
    """From now on this process and its children mount for themselves only."""
    new_namespace = 0x20000  # CLONE_NEWNS
    if ctypes.CDLL(None, use_errno=True).unshare(new_namespace) != 0:
        raise Skipped(f"may not mount: {os.strerror(ctypes.get_errno())}")
    if subprocess.run(["mount", "--make-rprivate", "/"], check=False).returncode != 0:
        raise Skipped("may not mount")
