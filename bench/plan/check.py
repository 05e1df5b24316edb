"""What the simulation says beside what a real worker does: it is fitted to some loads, and held against others."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from http.client import HTTPConnection

import numpy as np

from bench import paced, processes
from bench.errors import BenchError
from bench.measure import WARM_UP, Bench, Figures, Target, started
from bench.plan.arrivals import Pieces, changing, poisson
from bench.plan.fit import Load, fit
from bench.plan.service import Floats, Service
from bench.plan.simulation import run
from bench.rows import OURS
from export.progress import step

CONNECTIONS = 128
FEW = 32
"""Connections of the load that the cost of a request is fitted to."""
LIKELY = 20_000
"""Requests a second to warm up with."""
FLOOD = 60_000
"""Requests that are due at once, for each second that a load is to last: a worker answers them in about a second."""
CALM, FITTED = 0.1, (0.3, 0.6)
"""Loads to fit, as shares of what FEW connections got answered."""
TESTED = (0.5, 0.65, 0.8)
OVERLOAD = 1.3
"""Loads to test, as shares of the saturation that was predicted."""
BURSTING, OVERLOADED = "bursts above saturation", "overload"
BURSTS: Pieces = ((0.18, 0.4), (0.02, 1.5))
"""Seconds and shares of it, again and again: a burst is more than the worker can do."""
WITHIN = 0.20
"""The error that a prediction may have."""


SEEDS = range(200, 204)
"""Pauses at random differ: a load is simulated with so many runs of them."""

Figure = Callable[[Floats, Floats], float]


@dataclass(frozen=True)
class Row:
    """A prediction: milliseconds or requests a second, predicted and measured in each round."""

    row: str
    load: str
    what: str
    predicted: float
    measured: float
    rounds: list[float]

    @property
    def error(self) -> float:
        return self.predicted / self.measured - 1


def check(name: str, bench: Bench, seconds: float, rounds: int) -> tuple[Service, list[Figures]]:
    """The service fitted to the row `name`, and rows that say how far its predictions are off. Raises BenchError.

    Loads to fit and loads to test come in turn, so that the machine's moods meet both.
    """
    calm: list[Load] = []
    others: list[Load] = []
    tested: dict[str, list[Load]] = {}
    with started(OURS[name], bench) as target:
        worker = _Worker(target, bench, "--cache-size 0" in target.command)
        worker.load(poisson(LIKELY, LIKELY * WARM_UP, 0))
        most = 0.0
        for number in range(rounds):
            flood = step(f"{name}, to fit: all that {FEW} connections carry", lambda: _flood(worker, seconds), _told)
            rate = len(flood.due) / float(flood.done.max())
            calm.append(worker.at(CALM * rate, 2 * seconds, number, f"{name}, to fit"))
            others += [flood, *(worker.at(share * rate, seconds, number, f"{name}, to fit") for share in FITTED)]
            most = most or fit(calm, others, worker.counts, 0).saturation(CONNECTIONS)
            for load, pieces in _loads(most, seconds).items():
                due = changing(pieces, 100 + number)
                did = step(f"{name}, to test: {load}", lambda due=due: worker.load(due), _told)  # type: ignore[misc]
                tested.setdefault(load, []).append(did)
        service = fit(calm, others, worker.counts, 0)
    return service, _rows(name, service, tested)


@dataclass(frozen=True)
class _Worker:
    """A server to load; `counts` says that it tells its turns."""

    target: Target
    bench: Bench
    counts: bool

    def at(self, rate: float, seconds: float, seed: int, what: str) -> Load:
        due = poisson(rate, int(rate * seconds), seed)
        return step(f"{what}, {rate:,.0f} requests/s", lambda: self.load(due), _told)

    def load(self, due: Floats, connections: int = CONNECTIONS) -> Load:
        """What a load does. Raises BenchError."""
        server = self.target.server
        pids = processes.tree(server.pid)
        before = self._runs()
        done, spent = processes.watch(
            pids,
            lambda: paced.send(due, server.port, self.target.traffic, connections, self.bench.cpus, self.bench.folder),
        )
        return Load(done.due, done.sent, done.done, spent.server_s, (self._runs() - before) or None)

    def _runs(self) -> float:
        """Runs of the model: one a turn, where no reply is cached."""
        if not self.counts:
            return 0.0
        connection = HTTPConnection("127.0.0.1", self.target.server.port, timeout=10)
        try:
            connection.request("GET", "/metrics")
            found = re.search(rb"^atraso_model_runs_total (\d+)$", connection.getresponse().read(), re.M)
        finally:
            connection.close()
        if not found:
            raise BenchError("/metrics does not tell the runs of the model")
        return float(found[1])


def _flood(worker: _Worker, seconds: float) -> Load:
    """Requests that are all due at once: each of FEW connections sends as soon as it has its reply."""
    load = worker.load(np.zeros(int(FLOOD * seconds)), FEW)
    return load if load.turns else replace(load, turns=len(load.due) / FEW)


def _loads(most: float, seconds: float) -> dict[str, Pieces]:
    """The loads to test, where `most` is the saturation that was predicted."""
    steady: dict[str, Pieces] = {f"{share:.0%} of saturation": [(2 * seconds, share * most)] for share in TESTED}
    again = round(2 * seconds / sum(length for length, _ in BURSTS))
    bursts = [(length, share * most) for length, share in BURSTS] * again
    return {**steady, BURSTING: bursts, OVERLOADED: [(seconds, OVERLOAD * most)]}


def _rows(name: str, service: Service, tested: dict[str, list[Load]]) -> list[Figures]:
    rows = []
    for load, rounds in tested.items():
        measured = [(each.due, each.done) for each in rounds]
        predicted = [
            (each.due, run(each.due, service, seed, most=CONNECTIONS).done) for each in rounds for seed in SEEDS
        ]
        for what, figure in (OVERLOADED_SHOWS if load == OVERLOADED else SHOWS).items():
            found = [round(figure(due, done), 3) for due, done in measured]
            expected = [figure(due, done) for due, done in predicted]
            rows.append(
                Row(name, load, what, round(float(np.median(expected)), 3), round(float(np.median(found)), 3), found)
            )
    return [{**asdict(row), "error": round(row.error, 4)} for row in rows]


def _milliseconds(percentile: int) -> Figure:
    return lambda due, done: float(np.percentile(done - due, percentile)) * 1e3


def _answered(due: Floats, done: Floats) -> float:
    """Requests a second that were answered before the last was due."""
    return int((done <= due[-1]).sum()) / float(due[-1])


SHOWS = {f"p{percentile} ms": _milliseconds(percentile) for percentile in (50, 99)}
OVERLOADED_SHOWS = {"requests/s": _answered}
"""What is told of a load, made of when its requests were due and done."""


def _told(load: Load) -> str:
    p50, p99 = np.percentile(load.latency, [50, 99]) * 1e3
    return f"{len(load.due) / load.done.max():>9,.0f} answered/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms"
