# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scenarios: many processes at once, and their death."""

import collections
import signal
import time

from shop import KEYS, expect


def stampede(shop):
    """200 processes ask for the same keys on an empty cache: each is compiled exactly once."""
    for _ in range(10 if shop.long else 1):
        shop.empty()
        shop.log.unlink(missing_ok=True)
        results = shop.crowd(200, KEYS, "slow")
        counts = shop.compilations()
        expect(len(counts) == KEYS and set(counts.values()) == {1}, f"compiled {sorted(counts.values())} times")
        expect(sum(compiles for compiles, *_ in results) == KEYS, "they count otherwise")
        hits = sum(hits for _, hits, *_ in results)
        expect(hits == 199 * KEYS, f"{hits} hits")
        tally = collections.Counter((shop.cache / "tally").read_text())
        expect(tally == {"a": KEYS, "c": KEYS, "h": hits}, f"the tally says {tally}")
    shop.verify()


def eviction(shop):
    """A cache with room for three entries, and everybody wants twenty: they drive out what others are loading."""
    shop.run(1)
    limit = 3 * shop.entries()[0].stat().st_size + 100
    for _ in range(10 if shop.long else 1):
        shop.crowd(12, KEYS, f"limit={limit}", "sessions=3")
        expect(len(shop.entries()) <= 3 + 12, "entries pile up")
    shop.run(1, f"limit={limit}")
    expect(len(shop.entries()) <= 3, "the limit does not hold")
    shop.verify()


def no_locks(shop):
    """A file system without locks: kernels may be compiled twice, but nobody waits and nothing is wrong."""
    count = 24 if shop.long else 8
    shop.crowd(count, KEYS, faults="locks")
    counts = shop.compilations().values()
    expect(len(counts) == KEYS and max(counts) <= count, f"compiled {sorted(counts)} times")
    shop.settle()
    return f"{sum(counts)} compilations of {KEYS} kernels"


def sessions(shop):
    """Sessions opened and closed: nothing leaks. The worker compares descriptors and mappings."""
    count = 10000 if shop.long else 500
    compiles, hits, *_ = shop.run(2, f"sessions={count}")
    expect((compiles, hits) == (2, 2 * count - 2), f"{compiles} compilations, {hits} hits")
    return f"{count} sessions"


def fork(shop):
    """Children of fork() run what their parent had, and ask for more, while others ask too."""
    for _ in range(20 if shop.long else 1):
        shop.empty()
        shop.log.unlink(missing_ok=True)
        shop.crowd(8, KEYS, "fork", "slow")
        counts = shop.compilations()
        expect(len(counts) == KEYS and set(counts.values()) == {1}, f"compiled {sorted(counts.values())} times")
    shop.verify()


#===-- Death -----------------------------------------------------------------------------------------------------------


def kill_everywhere(shop):
    """SIGKILL before each single call on the disk, from an empty folder on and from a full one."""
    killed = 0
    for full in (False, True):
        calls, _ = shop.counts()
        for call in range(1, calls + 1):
            if not full:
                shop.empty()
            ended = shop.start(2, faults=f"kill {call}")
            shop.finish(ended, (0, -signal.SIGKILL))
            killed += ended.returncode != 0
            if call % 8 == 0 or shop.long:
                shop.settle(2)
    shop.settle()
    expect(not list(shop.cache.glob("*.tmp")), "temporary files of the dead are left")
    return f"{killed} killed"


def kill_at_random(shop):
    """kill -9 at random moments, while others go on."""
    start = time.monotonic()
    shop.run(4)
    usual = time.monotonic() - start
    killed = 0
    while killed < (1000 if shop.long else 10):
        if shop.random.random() < 0.5:
            shop.empty()
        slow = ["slow"] * shop.random.randrange(2)  # rather while compiling
        victim, other = (shop.start(4, *slow) for _ in range(2))
        time.sleep(shop.random.uniform(0, 1.5 * usual + 0.2 * len(slow)))
        victim.kill()
        shop.finish(victim, (0, -signal.SIGKILL))
        shop.finish(other)
        killed += victim.returncode != 0
    shop.settle()
    return f"{killed} killed"


def stopped(shop):
    """Who holds a lock and is stopped is waited for, but not for ever; once it is killed the others go on at once."""
    holder = shop.start(1, hold=shop.base)  # which is there: it compiles until it is killed
    while not shop.compilations():
        time.sleep(0.001)
    holder.send_signal(signal.SIGSTOP)
    if shop.long:  # a minute
        shop.run(1)
        expect(sum(shop.compilations().values()) == 2, "who waited long enough did not compile")
        for path in shop.entries():
            path.unlink()
    others = [shop.start(1) for _ in range(3)]
    time.sleep(0.2)
    expect(sum(shop.compilations().values()) == 1 + shop.long, "the others did not wait")
    holder.kill()
    shop.finish(holder, (-signal.SIGKILL,))
    for other in others:
        shop.finish(other)
    expect(sum(shop.compilations().values()) == 2 + shop.long, "the others did not wait for each other")
    shop.settle()


SCENARIOS = [stampede, eviction, no_locks, sessions, fork, kill_everywhere, kill_at_random, stopped]
