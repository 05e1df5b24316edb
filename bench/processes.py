"""What a server's processes, its children's among them, cost: CPU time and memory, as Linux counts them."""

import re
import resource
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.errors import BenchError

CPUCLOCK_SCHED = 2
PAUSE = 0.05
PAUSES = 200

Done = TypeVar("Done")


@dataclass(frozen=True)
class Spent:
    """Seconds that passed, and seconds of CPU that the server and the load generator used meanwhile."""

    wall_s: float
    server_s: float
    generator_s: float

    def busy(self, server_cpus: int, generator_cpus: int) -> dict[str, float]:
        """The share of their CPUs that the two used: whoever is near 1 is at its limit."""
        return {
            "server_busy": round(self.server_s / self.wall_s / server_cpus, 3),
            "generator_busy": round(self.generator_s / self.wall_s / generator_cpus, 3),
        }


def watch(pids: Sequence[int], load: Callable[[], Done]) -> tuple[Done, Spent]:
    """Run `load`, which runs and awaits a load generator, against the server that `pids` are. Raises BenchError."""
    wall, server, generator = time.monotonic(), cpu_s(pids), _ended_children_s()
    done = load()
    return done, Spent(time.monotonic() - wall, cpu_s(pids) - server, _ended_children_s() - generator)


def settle(pids: Sequence[int]) -> None:
    """Wait until a server has worked off what clients that are gone had sent, ten seconds at most."""
    for _ in range(PAUSES):
        before = cpu_s(pids)
        time.sleep(PAUSE)
        if cpu_s(pids) - before < PAUSE / 10:
            return


def tree(pid: int) -> list[int]:
    """`pid` and all that descend from it, as far as they are there."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            found += [each for child in children.read_text().split() for each in tree(int(child))]
    return found


def cpu_s(pids: Sequence[int]) -> float:
    """Seconds of CPU that the processes have used, all their threads counted. Raises BenchError."""
    try:
        return sum(time.clock_gettime(_cpu_clock(pid)) for pid in pids)
    except OSError:
        raise BenchError("a process of the server ended while it was measured") from None


def peak_mib(pids: Sequence[int]) -> float:
    """The sum of the most memory that each process ever held (VmHWM)."""
    return sum(_status_kib(pid, "VmHWM") for pid in pids) / 1024


def largest_mib(pids: Sequence[int]) -> float:
    """The memory that the largest of the processes holds now (VmRSS)."""
    return max(_status_kib(pid, "VmRSS") for pid in pids) / 1024


def _cpu_clock(pid: int) -> int:
    """The CPU clock of another process, as clock_getcpuclockid(3) computes it."""
    return (~pid << 3) | CPUCLOCK_SCHED


def _ended_children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _status_kib(pid: int, field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.M)
    return int(found.group(1)) if found else 0
