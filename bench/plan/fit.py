"""What loads did to a worker -> its `Service`: what turns, requests and waking cost, and what pauses there were."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.plan.service import Floats, Service, fitted
from bench.plan.simulation import run

STEPS = 8
"""So many times what was fitted tells the turns, and the turns what is fitted."""
UNUSUAL = 3
"""No reply for so many times the usual latency is a pause, """
RARE = 14
"""and so is no reply for so many times what requests are apart: by chance they stay away as long once in a million."""
RUN_IN = 0.06
"""Seconds until a load runs as it will: the worker has to find its connections first."""
KEPT = 100
"""Lengths of pauses that are kept."""


@dataclass(frozen=True)
class Load:
    """What one load did: seconds when requests were due, sent and answered, and the server's seconds of CPU.

    `turns` are those that somebody counted; where nobody did, they are simulated. `slow` is what the machine took for a
    request then, as a multiple of what it took when others were measured.
    """

    due: Floats
    sent: Floats
    done: Floats
    cpu_s: float
    turns: float | None = None
    slow: float = 1.0

    @property
    def latency(self) -> Floats:
        return self.done - self.due


def fit(calm: Sequence[Load], busy: Sequence[Load], flood: Sequence[Load], together: bool, seed: int) -> Service:
    """The worker that explains the CPU of all loads, and the latency of those that are not due at once.

    `calm` are far below what it can do; `busy` tell the pauses, of which a worker that often sleeps has others; `flood`
    are due at once. Raises BenchError where the loads do not tell.
    """
    loads = [*calm, *busy, *flood]
    usual = float(np.median(np.concatenate([load.latency for load in calm])))
    service = Service(usual / 2, usual / 10, together=together)
    cpu_s = np.array([load.cpu_s / load.slow for load in loads])
    requests = np.array([float(len(load.due)) for load in loads])
    seconds = sum(float(load.due[-1]) - RUN_IN for load in busy)
    for _ in range(STEPS):
        runs = [run(np.sort(load.sent), service.slower(load.slow), seed) for load in loads]
        turns = np.array([load.turns or float(each.turns) for load, each in zip(loads, runs, strict=True)])
        cold = np.array([float(min(each.cold, count)) for each, count in zip(runs, turns, strict=True)])
        fixed_s, each_s, cold_s = fitted(cpu_s, turns, requests, cold)
        service = replace(service, fixed_s=fixed_s, each_s=each_s, cold_s=cold_s)
        found = [pause for load in busy for pause in pauses(load, service, UNUSUAL * usual)]
        per_s = len(found) / max(seconds - sum(found), seconds / 10)
        service = replace(service, pauses_s=_fewer(found), pauses_per_s=per_s)
    return replace(service, wire_s=_wire([*calm, *busy], service, seed))


def pauses(load: Load, service: Service, unusual_s: float) -> list[float]:
    """The seconds of a load's pauses: for longer than the worker's turn and chance explain, no reply came.

    The next request is due 1/rate after a pause began, on average.
    """
    usual = service.slower(load.slow)
    apart = float(load.due[-1]) / len(load.due)
    done = np.sort(load.done)
    gaps = np.diff(done)
    new = np.flatnonzero(gaps > (usual.fixed_s + usual.each_s) / 2)  # where another turn's replies begin
    replies = np.diff([*new, len(gaps)]) if service.together else np.ones(len(new))
    lengths = gaps[new] - usual.fixed_s - replies * usual.each_s - apart
    inside = (done[new] > RUN_IN) & (done[new + 1] < load.due[-1])
    return [float(length) for length in lengths[inside & (lengths > max(unusual_s, RARE * apart))]]


def _fewer(lengths: list[float]) -> tuple[float, ...]:
    """As many as a result file is to hold, spread as all of them, in seconds."""
    if len(lengths) > KEPT:
        lengths = np.quantile(lengths, (np.arange(KEPT) + 0.5) / KEPT).tolist()
    return tuple(round(length, 6) for length in sorted(lengths))


def _wire(loads: Sequence[Load], service: Service, seed: int) -> float:
    """What the simulated median lacks, or has too much: replies leave before all of their turn is done."""
    lacks = [
        np.median(load.latency) - np.median(run(load.due, service.slower(load.slow), seed).done - load.due)
        for load in loads
    ]
    return max(float(np.median(lacks)), -service.fixed_s)  # no reply is there before its request
