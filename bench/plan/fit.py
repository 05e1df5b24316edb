"""What loads did to a worker -> its `Service`: what turns, requests and waking cost, and what pauses there were."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.plan.service import Floats, Pause, Service, fitted
from bench.plan.simulation import run

STEPS = 8
"""So many times what was fitted tells the turns, and the turns what is fitted."""
UNUSUAL = 3
"""No reply for so many times the usual latency is a pause, """
RARE = 14
"""and so is no reply for so many times what requests are apart: by chance they stay away as long once in a million."""
WAITED = 10
"""While a request waits chance has no part: no reply for so many times what one takes is a pause then."""
RUN_IN = 0.06
"""Seconds until a load runs as it will: the worker has to find its connections first."""
KEPT = 2000
"""Pauses that are kept, the first of them."""


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
    for _ in range(STEPS):
        runs = [run(np.sort(load.sent), service.slower(load.slow), seed) for load in loads]
        turns = np.array([load.turns or float(each.turns) for load, each in zip(loads, runs, strict=True)])
        cold = np.array([float(min(each.cold, count)) for each, count in zip(runs, turns, strict=True)])
        fixed_s, each_s, cold_s = fitted(cpu_s, turns, requests, cold)
        service = replace(service, fixed_s=fixed_s, each_s=each_s, cold_s=cold_s)
        service = replace(service, pauses=_all_pauses(busy, service, UNUSUAL * usual))
    return replace(service, wire_s=_wire([*calm, *busy], service, seed))


def pauses(load: Load, service: Service, unusual_s: float) -> list[tuple[float, float]]:
    """When a load's pauses began and how long they were: no reply came for longer than a turn and chance explain.

    The next request is due 1/rate after a pause began, on average, where none waited. Whose replies leave together may
    wait for a long turn, so that waiting tells nothing of them.
    """
    usual = service.slower(load.slow)
    apart = float(load.due[-1]) / len(load.due)
    order = np.argsort(load.done, kind="stable")
    done, sent = load.done[order], load.sent[order]
    gaps = np.diff(done)
    new = np.flatnonzero(gaps > (usual.fixed_s + usual.each_s) / 2)  # where another turn's replies begin
    replies = np.diff([*new, len(gaps)]) if service.together else np.ones(len(new))
    waits = (sent[new + 1] < done[new]) & (not service.together)
    lengths = gaps[new] - usual.fixed_s - replies * usual.each_s - np.where(waits, 0.0, apart)
    least = np.where(waits, WAITED * usual.each_s, max(unusual_s, RARE * apart))
    inside = (done[new] > RUN_IN) & (done[new + 1] < load.due[-1])
    found = inside & (lengths > least)
    return [*zip(done[new][found].tolist(), lengths[found].tolist(), strict=True)]


def _all_pauses(loads: Sequence[Load], service: Service, unusual_s: float) -> tuple[Pause, ...]:
    """Those of one load after the other; what passed behind the last passed before the first."""
    found: list[Pause] = []
    passed = 0.0
    for load in loads:
        since = RUN_IN
        for begin, length in pauses(load, service, unusual_s):
            found.append((passed + max(begin - since, 0.0), length))
            passed, since = 0.0, begin + length
        passed += max(float(load.due[-1]) - since, 0.0)
    if len(found) <= KEPT:
        found[:1] = [(after + passed, length) for after, length in found[:1]]
    return tuple(found[:KEPT])


def _wire(loads: Sequence[Load], service: Service, seed: int) -> float:
    """What the simulated median lacks, or has too much: replies leave before all of their turn is done."""
    lacks = [
        np.median(load.latency) - np.median(run(load.due, service.slower(load.slow), seed).done - load.due)
        for load in loads
    ]
    return max(float(np.median(lacks)), -service.fixed_s)  # no reply is there before its request
