"""A fleet second after second: a burst, an instance that is lost and comes back, and a burst while it is away."""

from dataclasses import dataclass

import numpy as np

from bench.plan.arrivals import Pieces, changing
from bench.plan.service import Floats, Service
from bench.plan.simulation import run
from bench.plan.sizing import SEED, Asked, Fleet

STORY = ((4.0, False), (3.0, True), (5.0, False), (3.0, True), (5.0, False))
"""Seconds, and whether there is a burst."""
LOST = (10.0, 17.0)
"""An instance is away from the one to the other."""
STEP = 0.2
REQUESTS = 1.5e6
"""So many are simulated at most; for more, the seconds are shorter."""

Point = dict[str, float]


@dataclass(frozen=True)
class Simulated:
    """Seconds when each request came and was answered, steps of that for a picture, and how many had to move."""

    came: Floats
    done: Floats
    points: list[Point]
    moved: int


def simulate(asked: Asked, fleet: Fleet, service: Service, seed: int = SEED) -> Simulated:
    """The fleet with what is asked of it; it loses one instance, where it has two.

    Connections are pinned to workers. Those of the lost instance go to the others at once, with what it had not
    answered, whose time goes on counting from when it first came.
    """
    scale = min(1.0, REQUESTS / (asked.rps * sum(seconds for seconds, _ in STORY)))
    pieces: Pieces = [(scale * seconds, asked.rps * (asked.burst if burst else 1.0)) for seconds, burst in STORY]
    came = changing(pieces, seed)
    draw = np.random.default_rng([seed, 3])
    worker = draw.integers(fleet.workers, size=len(came))
    done = np.empty(len(came))
    arrives = came.copy()
    moved = np.zeros(len(came), dtype=bool)
    if fleet.instances > 1:
        gone, back = (scale * second for second in LOST)
        moved = (worker < fleet.vcpus) & (came >= gone) & (came < back)
        for number in range(fleet.vcpus):  # what the lost instance has not answered
            mine = np.flatnonzero((worker == number) & (came < gone))
            late = run(came[mine], service, seed + number).done > gone
            moved[mine[late]] = True
            arrives[mine[late]] = gone
        worker[moved] = draw.integers(fleet.vcpus, fleet.workers, size=int(moved.sum()))
    for number in range(fleet.workers):
        mine = np.flatnonzero(worker == number)
        mine = mine[np.argsort(arrives[mine], kind="stable")]
        if len(mine):
            done[mine] = run(arrives[mine], service, seed + number).done
    return Simulated(came, done, _points(came, done, scale), int(moved.sum()))


def _points(came: Floats, done: Floats, scale: float) -> list[Point]:
    """A point a step of the story, whose seconds are the story's."""
    latency, steps = (done - came) * 1e3, (came / scale / STEP).astype(int)
    points = []
    for step in np.unique(steps).tolist():
        some = latency[steps == step]
        p50, p99 = (float(each) for each in np.percentile(some, [50, 99]))
        rate = len(some) / (STEP * scale)
        points.append(
            {"second": round(step * STEP, 3), "rps": round(rate, 1), "p50_ms": round(p50, 4), "p99_ms": round(p99, 4)}
        )
    return points
