# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scenarios: files that are not what they should be, and a system that fails."""

import os
import subprocess
import time

from shop import KEYS, Skipped, expect

FOOTER = 48  # bytes of an entry, see runtime/abi/README.md


def put_something(shop, path, good):
    """Anything at `path` that is not its entry."""
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    kinds = ["link", "loop", "fifo", "huge", "noise", "empty", "strange mode", "other entry", "future", "folder"]
    kind = shop.random.choice(kinds)
    if kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "noise":
        path.write_bytes(shop.random.randbytes(shop.random.randrange(1, 30000)))
    elif kind == "other entry":
        path.write_bytes(shop.random.choice(good))
    elif kind == "future":
        entry = bytearray(shop.random.choice(good))
        entry[len(entry) - FOOTER + 8] += shop.random.randrange(1, 200)  # the format's version
        path.write_bytes(entry)
    elif kind == "folder":
        path.mkdir()
    else:
        path.touch()
    if kind == "huge":
        os.truncate(path, 1 << 42)
    if kind == "strange mode":
        path.chmod(0o777)


def garbage(shop):
    """Links, fifos, huge files, noise, entries of others and of the future where entries should be, and files of other
    times."""
    shop.run(KEYS)
    good = [path.read_bytes() for path in shop.entries()]
    for _ in range(30 if shop.long else 3):
        for path in shop.entries():
            if shop.random.random() < 0.7:
                put_something(shop, path, good)
            elif shop.random.random() < 0.3:
                when = time.time() + shop.random.choice([-1, 1]) * shop.random.randrange(1 << 30)
                os.utime(path, (when, when), follow_symlinks=False)
        for name in ("tally", "lock"):
            if shop.random.random() < 0.3:
                put_something(shop, shop.cache / name, good)
        for _ in range(5):
            name = f"{shop.random.randrange(100)}{shop.random.choice(['.kernel', '.tmp', ''])}"
            put_something(shop, shop.cache / name, good)
        shop.crowd(3, KEYS)
    for path in shop.cache.iterdir():
        if path.is_dir():
            path.rmdir()  # only a person can remove these
        elif "-" not in path.name:
            path.unlink()
    shop.settle()


def clock(shop):
    """A clock that goes back by a day whenever it is looked at; entries are driven out meanwhile."""
    shop.run(1)
    limit = 3 * shop.entries()[0].stat().st_size + 100
    shop.crowd(4, KEYS, f"limit={limit}", faults="clock")
    shop.run(1, f"limit={limit}")
    expect(len(shop.entries()) <= 3, "the limit does not hold")
    shop.settle()


def damage(shop):
    """Bytes flipped and prefixes of an entry: each is a miss and is told; then, some of them, each is replaced."""
    shop.run(1)
    path, = shop.entries()
    good = path.read_bytes()
    compiles, hits, misses, warnings = shop.run(1, f"damage={1 if shop.long else 97}")
    expect(hits == 0 and compiles == misses == warnings, f"{misses} misses, {warnings} warnings")
    for _ in range(400 if shop.long else 15):
        bad = bytearray(good)
        if shop.random.random() < 0.5:
            bad[shop.random.randrange(len(bad))] ^= 1 << shop.random.randrange(8)
        else:
            del bad[shop.random.randrange(len(bad)):]
        path.write_bytes(bad)
        expect(shop.run(1)[:3] == (1, 0, 1), "a damaged entry was used")
        expect(shop.run(1)[:3] == (0, 1, 0), "a damaged entry was not replaced")
    shop.settle(1)
    return f"{misses} damages of an entry of {len(good)} bytes"


def removed(shop):
    """The folder goes away under those who use it, again and again."""
    for _ in range(20 if shop.long else 1):
        processes = [shop.start(KEYS, "sessions=10") for _ in range(4)]
        while any(process.poll() is None for process in processes):
            shop.empty()
            time.sleep(shop.random.uniform(0, 0.01))
        for process in processes:
            shop.finish(process)
    shop.empty()
    shop.settle()


#===-- A system that fails ---------------------------------------------------------------------------------------------


def failing_calls(shop):
    """Each single call on the disk fails once, then all of them; then reads and writes are short and interrupted.
    Kernels come; those of a bundle may be refused."""
    failed = 0
    for full in (False, True):
        calls, _ = shop.counts()
        failed += calls
        for faults in [*(f"error {call}" for call in range(1, calls + 1)), "errors", "short"]:
            if not full:
                shop.empty()
            warnings = shop.run(2, faults=faults)[3]
            expect(warnings <= 2 and (warnings == 1 or faults != "errors") and (warnings == 0 or faults != "short"),
                   f"{warnings} warnings where {faults}")
        shop.settle(2)
    bundle = shop.bundle(2)
    calls, _ = shop.counts(bundle)
    for call in range(1, calls + 1):
        shop.run(2, bundle, faults=f"error {call}", allowed=(0, 4))
    shop.run(2, bundle, faults="short")
    return f"{failed + calls} calls failed"


def failing_memory(shop):
    """Each single allocation fails, alone or with all after it: the kernel comes, or the status says why not."""
    failed = 0
    for options, full in (((), False), ((), True), (("paths",), False), ((shop.bundle(2),), False)):
        _, allocations = shop.counts(*options)
        step = 1 if shop.long else 67
        for allocation in range(1 + shop.random.randrange(step), allocations + 1, step):
            for kind in ("memory", "starve"):
                if not full:
                    shop.empty()
                shop.run(2, *options, faults=f"{kind} {allocation}", allowed=(0, 4))
                failed += 1
        shop.settle(2)
    return f"{failed} runs"


def full_disk(shop):
    """A file system with room for some entries, and everybody at once: one warning each, and no halves."""
    shop.mount("size=128k")
    try:
        results = shop.crowd(6, KEYS)
        expect(all(warnings <= 1 for *_, warnings in results), f"warnings: {[w for *_, w in results]}")
        expect(0 < len(shop.entries()) < KEYS, f"{len(shop.entries())} entries: the disk was not full")
        expect(not list(shop.cache.glob("*.tmp")), "half an entry was left")
        shop.verify()
        expect(shop.run(KEYS)[3] == 1, "no warning")
        return f"{len(shop.entries())} entries fitted"
    finally:
        shop.unmount()


def read_only(shop):
    """A file system that became read only: what is there is served, the rest stays in memory with one warning."""
    shop.mount("size=4m")
    try:
        shop.run(KEYS // 2)
        subprocess.run(["mount", "-o", "remount,ro", shop.cache], check=True)
        for compiles, hits, _, warnings in shop.crowd(4, KEYS):
            expect((compiles, hits, warnings) == (KEYS // 2, KEYS // 2, 1),
                   f"{compiles} compilations, {hits} hits, {warnings} warnings")
    finally:
        shop.unmount()


def two_users(shop):
    """Another user on the same folder: refused, and everybody's results are right."""
    if os.geteuid() != 0:
        raise Skipped("only root can be two users")
    shop.run(2)
    before = {path: path.read_bytes() for path in shop.entries()}
    shop.base.chmod(0o755)
    shop.disk.chmod(0o755)
    shop.cache.chmod(0o755)
    shop.log.unlink()
    stranger = shop.start(4, user=65534, group=65534, extra_groups=[], cwd="/")
    compiles, hits, _, warnings = shop.finish(stranger)
    expect((compiles, hits, warnings) == (4, 0, 1), f"{compiles} compilations, {hits} hits, {warnings} warnings")
    expect({path: path.read_bytes() for path in shop.entries()} == before, "another user changed the folder")
    shop.settle(4)


SCENARIOS = [garbage, clock, damage, removed, failing_calls, failing_memory, full_disk, read_only, two_users]
