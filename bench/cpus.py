"""Which CPUs the server runs on and which the load comes from, so that neither takes the other's time."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cpus:
    """The server's CPUs and the load generator's; both None where there are too few to part them."""

    server: frozenset[int] | None
    generator: frozenset[int] | None

    def __str__(self) -> str:
        if self.server is None or self.generator is None:
            return "server and load share the CPUs: there are too few to part them"
        return f"server on CPU {_listed(self.server)}, load from CPU {_listed(self.generator)}"


def part(workers: int) -> Cpus:
    """A CPU for each worker, and the rest for the load."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) <= workers:
        return Cpus(None, None)
    return Cpus(frozenset(usable[:workers]), frozenset(usable[workers:]))


def count(cpus: frozenset[int] | None) -> int:
    """How many CPUs these are; those of the machine where they were not parted."""
    return len(cpus or os.sched_getaffinity(0))


@contextmanager
def on(cpus: frozenset[int] | None) -> Iterator[None]:
    """Run on `cpus` for a while; processes started meanwhile stay there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _listed(cpus: frozenset[int]) -> str:
    return ",".join(map(str, sorted(cpus)))


def taken(seconds: float = 0.5) -> float:
    """The share of all CPUs that this machine's programs take while the bench does nothing."""
    idle, total = _ticks()
    time.sleep(seconds)
    idle_later, total_later = _ticks()
    return 1 - (idle_later - idle) / max(total_later - total, 1)


def _ticks() -> tuple[int, int]:
    """Clock ticks that all CPUs were idle, or waited for a disk, and all their ticks."""
    ticks = [int(count) for count in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)
