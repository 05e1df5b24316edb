"""Arrivals -> when each reply is there: a worker's event loop, turn after turn. The same arguments, the same result."""

import math
import sys
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from bench.plan.service import Floats, Service


@dataclass(frozen=True)
class Run:
    """When each reply was there, in the order of arrivals; the turns it took, and those that began after idling."""

    done: Floats
    turns: int
    cold: int
    busy_s: float


def run(arrivals: Floats, service: Service, seed: int, work: Floats | None = None, most: int = sys.maxsize) -> Run:
    """A worker that gets `arrivals`, ascending seconds.

    A turn takes all that wait, `most` at most: so many connections there are, with one request each. `work` are the
    requests' own seconds, where they differ. A pause holds up whatever falls into it.
    """
    behind = np.concatenate([[0.0], np.cumsum(np.full(len(arrivals), service.each_s) if work is None else work)])
    came, worked = arrivals.tolist(), behind.tolist()
    pauses = _pauses(service, seed)
    begins, lasts = next(pauses)
    firsts: list[int] = []
    starts, ends = [], []
    held: list[tuple[int, tuple[float, float]]] = []
    at, free, busy, cold = 0, 0.0, 0.0, 0
    while at < len(came):
        start = max(free, came[at])
        while begins <= start:
            start = max(start, begins + lasts)
            begins, lasts = next(pauses)
        upto = min(bisect_right(came, start, at), at + most)
        woken = service.cold_s if came[at] > free else 0.0
        cold += came[at] > free
        takes = woken + service.fixed_s + worked[upto] - worked[at]
        free = start + takes
        while begins < free:
            held.append((len(firsts), (begins, lasts)))
            free += lasts
            begins, lasts = next(pauses)
        firsts.append(at)
        starts.append(start + woken)
        ends.append(free)
        busy += takes
        at = upto
    sizes = np.diff([*firsts, len(came)])
    if service.together:
        return Run(np.repeat(ends, sizes) + service.wire_s, len(firsts), cold, busy)
    done = np.repeat(np.array(starts) + service.fixed_s - behind[firsts], sizes) + behind[1:]
    for turn, (begin, length) in held:
        replies = done[firsts[turn] : firsts[turn] + sizes[turn]]
        replies[replies > begin] += length
    return Run(done + service.wire_s, len(firsts), cold, busy)


def _pauses(service: Service, seed: int) -> Iterator[tuple[float, float]]:
    """When each pause begins and how long it lasts: as they were measured, over and over, from one of them on."""
    if not service.paused:
        yield math.inf, 0.0
    draw = np.random.default_rng([seed, 2])
    first, at = int(draw.integers(len(service.pauses))), 0.0
    seen = draw.uniform()
    for after, length in cycle([*service.pauses[first:], *service.pauses[:first]]):
        at += after * seen
        yield at, length
        at, seen = at + length, 1.0
