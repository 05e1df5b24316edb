"""One row, measured: started, checked, warmed up, loaded. It keeps nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import flights, processes, wrk
from bench.check import check
from bench.cpus import Cpus, count, part
from bench.errors import BenchError
from bench.flights import Flights
from bench.rows import Row
from bench.server import Server, free_port, running
from bench.setup import Setup
from bench.tools import shown
from bench.traffic import Traffic
from bench.wrk import Load
from export.progress import say

WARM_UP = 1
"""Seconds of load before the load that counts."""

Figures = dict[str, Any]
"""What was measured, by name: numbers, and the commands that they came from."""


@dataclass(frozen=True)
class Bench:
    """What all rows of a command share: the flights, the CPUs, a temporary folder, and a booster for the reference."""

    flights: Flights
    cpus: Cpus
    folder: Path
    workers: int = 1
    booster: Path | None = None


@dataclass(frozen=True)
class Target:
    """A server that answers, rightly; what to send to it, also as a file; and the command that started it."""

    server: Server
    traffic: Traffic
    bodies: Path
    command: str


@contextmanager
def prepared(workers: int = 1, booster: Path | None = None) -> Iterator[Bench]:
    """A bench for servers of `workers` workers. Raises BundleError."""
    cpus = part(workers)
    say(f"atraso: {cpus}")
    with TemporaryDirectory(prefix="atraso-bench-") as folder:
        yield Bench(flights.make(), cpus, Path(folder), workers, booster)


@contextmanager
def started(row: Row, bench: Bench) -> Iterator[Target]:
    """The row's server, started and checked. Raises BenchError."""
    setup = Setup(free_port(), bench.folder, bench.workers, bench.booster)
    command, traffic = row.command(setup), row.traffic(bench.flights)
    bodies = wrk.written(traffic, bench.folder / f"{setup.port}.bodies")
    with running(command, setup.port, traffic, bench.cpus, bench.folder) as server:
        check(server.port, traffic)
        yield Target(server, traffic, bodies, shown(command))


def measure(row: Row, bench: Bench, load: Load) -> Figures:
    """The row's figures under `load`. Raises BenchError: a wrong reply or a failed request leaves no figure."""
    with started(row, bench) as target:
        return {"server": target.command, **under_load(target, bench.cpus, load)}


def under_load(target: Target, cpus: Cpus, load: Load) -> Figures:
    """The figures of a server under `load`, once it is warm and idle. Raises BenchError.

    Work on requests that are under way at the end counts as CPU of the others, so slow rows need more seconds.
    """
    port, traffic = target.server.port, target.traffic
    warm_up = Load(WARM_UP, load.connections, load.threads)
    wrk.run(wrk.command(warm_up, port, traffic, target.bodies), cpus)
    command = wrk.command(load, port, traffic, target.bodies)
    pids = processes.tree(target.server.pid)
    processes.settle(pids)
    done, spent = processes.watch(pids, lambda: wrk.run(command, cpus))
    cpu_us = spent.server_s * 1e6 / done.requests
    return {
        "load": shown(command),
        "requests": done.requests,
        "failed": 0,
        "seconds": round(done.seconds, 3),
        "requests_s": round(done.requests / done.seconds, 1),
        "cpu_us": round(cpu_us, 3),
        "cpu_us_flight": round(cpu_us / traffic.flights, 3),
        "peak_mib": round(processes.peak_mib(pids), 1),
        **spent.busy(count(cpus.server), min(count(cpus.generator), load.threads)),
        **{f"{percentile}_ms": value for percentile, value in done.latency_ms.items()},
    }


def attempt(work: Callable[[], Figures]) -> Figures:
    """The figures that `work` gives, or the `reason` that there are none."""
    try:
        return work()
    except BenchError as error:
        return {"reason": str(error)}


def told(figures: Figures) -> str:
    """The two figures that matter most, or why there are none, for the progress line."""
    if "reason" in figures:
        return f"no figure: {figures['reason']}"
    return f"{figures['requests_s']:>9,.0f} requests/s {figures['cpu_us']:>10,.2f} µs of CPU a request"
