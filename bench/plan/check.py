"""What the simulation says beside what a real worker does: it is fitted to some loads, and held against others."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from bench.errors import BenchError
from bench.measure import Bench, Figures
from bench.plan.arrivals import Pieces, changing, poisson
from bench.plan.fit import RUN_IN, Load, fit
from bench.plan.service import Floats, Service
from bench.plan.simulation import run
from bench.plan.sizing import limit
from bench.plan.worker import CONNECTIONS, FEW, Worker, working
from export.progress import step

FLOOD = 60_000
"""Requests that are due at once, for each second that a load is to last: a worker answers them in about a second."""
CALM, BUSY = 0.1, (0.3, 0.6)
"""Loads to fit, as shares of what FEW connections got answered."""
TESTED = (0.5, 0.65, 0.8)
OVERLOAD = 1.3
"""Loads to test, as shares of the saturation that was predicted."""
BURSTING, OVERLOADED = "bursts above saturation", "overload"
BURSTS: Pieces = ((0.18, 0.4), (0.02, 1.5))
"""Seconds and shares of it, again and again: a burst is more than the worker can do."""
RUNGS = (0.7, 0.85, 1.0, 1.15, 1.3)
"""Loads to find the highest rate that holds a p99, as shares of what was predicted first."""
WITHIN = 0.20
"""The error that a prediction may have."""
SEED = 200
DRAWS = 6
"""So many times each round is simulated: which of the measured pauses a second gets is chance."""

Figure = Callable[[Floats, Floats], float]
"""Made of when requests were due, and when they were answered."""


@dataclass(frozen=True)
class Row:
    """A prediction: milliseconds or requests a second, predicted and measured, and measured in each round."""

    row: str
    load: str
    what: str
    predicted: float
    measured: float
    rounds: list[float]

    @property
    def error(self) -> float:
        return self.predicted / self.measured - 1


@dataclass(frozen=True)
class Checked:
    """The service fitted to a row, how far its predictions are off, and how steady the machine was meanwhile."""

    service: Service
    rows: list[Figures]
    machine: Figures


def check(name: str, bench: Bench, seconds: float, rounds: int, p99_s: float) -> Checked:
    """The service fitted to the row `name`, held against other loads, and against the rate that holds `p99_s`.

    Each round goes once through all loads, `seconds` each, so that the machine's moods meet them alike. Raises
    BenchError.
    """
    loads = _Loads(seconds, p99_s)
    with working(name, bench) as worker:
        for number in range(rounds):
            step(f"{name}, round {number + 1} of {rounds}", lambda: loads.another(worker), lambda _: _told(worker))
        slow = loads.slow()
        service = loads.service(worker.counts)
    rows = _rows(name, service, loads.tested)
    if (predicted := highest_rate(service, p99_s)) and (highest := _highest(name, predicted, loads.rungs, p99_s)):
        rows.append(highest)
    steadiness = {"slowest": round(max(slow), 3), "fastest": round(min(slow), 3)}
    machine = {"row": name, **steadiness, "loads": worker.loads, "again": worker.again}
    return Checked(service, [{**asdict(row), "error": round(row.error, 4)} for row in rows], machine)


@dataclass
class _Loads:
    """The loads of all rounds; their rates are those of the first, on a machine as fast as it was then."""

    seconds: float
    p99_s: float
    calm: list[Load] = field(default_factory=list)
    busy: list[Load] = field(default_factory=list)
    flood: list[Load] = field(default_factory=list)
    tested: dict[str, list[Load]] = field(default_factory=dict)
    rungs: dict[float, list[Load]] = field(default_factory=dict)
    most: float = 0.0
    highest: float = 0.0

    def another(self, worker: Worker) -> None:
        """A round. Raises BenchError."""
        number = len(self.flood)
        self.flood.append(_flood(worker, self.seconds))
        first = self.flood[0]
        rate = len(first.due) / float(first.done.max()) * first.slow
        for share, seconds in ((CALM, 2 * self.seconds), *((share, self.seconds) for share in BUSY)):
            due = poisson(share * rate, int(share * rate * seconds), number)
            (self.calm if share == CALM else self.busy).append(worker.steady(due))
        if not number:
            service = self.service(worker.counts)
            self.most = service.saturation(CONNECTIONS)
            self.highest = highest_rate(service, self.p99_s) or self.most
        for load, pieces in _tested(self.most, self.seconds).items():
            self.tested.setdefault(load, []).append(worker.steady(changing(pieces, 100 + number)))
        for share in RUNGS:
            due = changing([(self.seconds, share * self.highest)], 100 + number)
            self.rungs.setdefault(share, []).append(worker.steady(due))

    def service(self, together: bool) -> Service:
        """Fitted to all rounds. Raises BenchError."""
        return fit(self.calm, self.busy, self.flood, together, SEED)

    def slow(self) -> list[float]:
        """How slow the machine was in each load, from now on told as a multiple of the median."""
        every = [self.calm, self.busy, self.flood, *self.tested.values(), *self.rungs.values()]
        usual = float(np.median([load.slow for loads in every for load in loads]))
        for loads in every:
            loads[:] = [replace(load, slow=load.slow / usual) for load in loads]
        return [load.slow for loads in every for load in loads]


def _flood(worker: Worker, seconds: float) -> Load:
    """Requests that are all due at once: each of FEW connections sends as soon as it has its reply."""
    load = worker.steady(np.zeros(int(FLOOD * seconds)), FEW)
    return load if load.turns else replace(load, turns=len(load.due) / FEW)


def _tested(most: float, seconds: float) -> dict[str, Pieces]:
    """The loads to test, where `most` is the saturation that was predicted."""
    steady: dict[str, Pieces] = {f"{share:.0%} of saturation": [(seconds, share * most)] for share in TESTED}
    again = max(round(seconds / sum(length for length, _ in BURSTS)), 1)
    bursts = [(length, share * most) for length, share in BURSTS] * again
    return {**steady, BURSTING: bursts, OVERLOADED: [(seconds, OVERLOAD * most)]}


def _rows(name: str, service: Service, tested: dict[str, list[Load]]) -> list[Row]:
    rows = []
    for load, rounds in tested.items():
        measured = [(each.due, each.done) for each in rounds]
        predicted = [
            (each.due, run(each.due, service.slower(each.slow), SEED + number, most=CONNECTIONS).done)
            for number, each in enumerate(rounds * DRAWS)
        ]
        for what, figure in (OVERLOADED_SHOWS if load == OVERLOADED else SHOWS).items():
            found = [round(figure(due, done), 3) for due, done in measured]
            expected = float(np.median([figure(due, done) for due, done in predicted]))
            rows.append(Row(name, load, what, round(expected, 3), round(float(np.median(found)), 3), found))
    return rows


def highest_rate(service: Service, p99_s: float) -> float | None:
    """The rate that holds `p99_s` as a plan says it: none on a machine that pauses for longer."""
    try:
        return limit(service, p99_s).rate
    except BenchError:
        return None


def _highest(name: str, predicted: float, rungs: dict[float, list[Load]], p99_s: float) -> Row | None:
    """The rate that holds `p99_s` as it was predicted and as it was measured: none where most rounds do not tell."""
    found = []
    for loads in zip(*rungs.values(), strict=True):
        rates = [len(load.due) / float(load.due[-1]) * load.slow for load in loads]
        found.append(crossing(rates, [SHOWS["p99 ms"](load.due, load.done) / 1e3 for load in loads], p99_s))
    measured = float(np.median(found))
    if not 0 < measured < np.inf:
        return None
    told = [round(rate, 1) for rate in found if 0 < rate < np.inf]
    return Row(name, f"p99 of {p99_s * 1e3:g} ms", "requests/s", round(predicted, 1), round(measured, 1), told)


def crossing(rates: Sequence[float], p99s: Sequence[float], p99_s: float) -> float:
    """The rate, of ascending ones, where p99 crosses `p99_s`: 0 below all of them, infinite above."""
    rising = np.log(np.maximum.accumulate(p99s))
    return float(np.interp(np.log(p99_s), rising, rates, left=0.0, right=np.inf))


def _milliseconds(percentile: int) -> Figure:
    return lambda due, done: float(np.percentile((done - due)[due > RUN_IN], percentile)) * 1e3


def _answered(due: Floats, done: Floats) -> float:
    """Requests a second that were answered before the last was due."""
    return int((done <= due[-1]).sum()) / float(due[-1])


SHOWS = {f"p{percentile} ms": _milliseconds(percentile) for percentile in (50, 99)}
OVERLOADED_SHOWS = {"requests/s": _answered}
"""What is told of a load, made of when its requests were due and done."""


def _told(worker: Worker) -> str:
    return f"the machine takes {worker.slow:.2f} of what it took; {worker.loads} loads, {worker.again} done again"
