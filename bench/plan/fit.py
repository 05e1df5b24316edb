"""What loads did to a worker -> its `Service`: what turns, requests and waking cost, and what pauses there were."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.plan.service import Floats, Service, fitted, pauses
from bench.plan.simulation import run

STEPS = 8
"""So many times what was fitted tells the turns, and the turns what is fitted."""
UNUSUAL = 3
"""A request that takes so many times the median met a pause."""
KEPT = 100
"""Lengths of pauses that are kept."""


@dataclass(frozen=True)
class Load:
    """What one load did: seconds when requests were due, sent and answered, and the server's seconds of CPU.

    `turns` are those that somebody counted; where nobody did, they are simulated.
    """

    due: Floats
    sent: Floats
    done: Floats
    cpu_s: float
    turns: float | None = None

    @property
    def latency(self) -> Floats:
        return self.done - self.due


def fit(calm: Sequence[Load], others: Sequence[Load], together: bool, seed: int) -> Service:
    """The worker that explains the CPU of all loads, and their latency but for those that are due at once.

    `calm` are far below what it can do: they tell the pauses.

    Raises BenchError where the loads do not tell.
    """
    loads = [*calm, *others]
    usual = float(np.median(np.concatenate([load.latency for load in calm])))
    found = [pause for load in calm for pause in _pauses(load, UNUSUAL * usual)]
    seconds = sum(float(load.due[-1]) for load in calm)
    per_s = len(found) / max(seconds - sum(found), seconds / 10)
    service = Service(usual / 2, usual / 10, together=together, pauses_s=_fewer(found), pauses_per_s=per_s)
    cpu_s, requests = np.array([load.cpu_s for load in loads]), np.array([float(len(load.due)) for load in loads])
    for _ in range(STEPS):
        runs = [run(np.sort(load.sent), service, seed) for load in loads]
        turns = np.array([load.turns or float(each.turns) for load, each in zip(loads, runs, strict=True)])
        cold = np.array([float(min(each.cold, count)) for each, count in zip(runs, turns, strict=True)])
        fixed_s, each_s, cold_s = fitted(cpu_s, turns, requests, cold)
        service = replace(service, fixed_s=fixed_s, each_s=each_s, cold_s=cold_s)
    return replace(service, wire_s=_wire([load for load in loads if load.due[-1] > 0], service, seed))


def _fewer(lengths: list[float]) -> tuple[float, ...]:
    """As many as a result file is to hold, spread as all of them, in seconds."""
    if len(lengths) > KEPT:
        lengths = np.quantile(lengths, (np.arange(KEPT) + 0.5) / KEPT).tolist()
    return tuple(round(length, 6) for length in sorted(lengths))


def _pauses(load: Load, unusual_s: float) -> list[float]:
    return pauses(load.due, load.latency, len(load.due) / float(load.due[-1]), unusual_s)


def _wire(loads: Sequence[Load], service: Service, seed: int) -> float:
    """What the simulated median lacks, or has too much: replies leave before all of their turn is done."""
    lacks = [np.median(load.latency) - np.median(run(load.due, service, seed).done - load.due) for load in loads]
    return max(float(np.median(lacks)), -service.fixed_s)  # no reply is there before its request
