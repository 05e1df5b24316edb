"""How long a worker takes: a turn of its event loop serves all that came, at a cost of its own and one a request."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError

Floats = NDArray[np.float64]
Pause = tuple[float, float]
"""Seconds without one, and how long it lasted then."""


@dataclass(frozen=True)
class Service:
    """One worker with a CPU of its own, in seconds.

    A turn that begins after idling takes `cold_s` more: the worker has to be woken, and others used its CPU's caches.
    `wire_s` is what a request takes beside its turn, below 0 where replies leave before their turn ends. `together`:
    the replies of a turn leave when all are made, as those do that wait for the model; cached ones leave one by one.
    In `pauses` the machine did something else; they are in the order in which they came, neither even nor chance.
    """

    fixed_s: float
    each_s: float
    cold_s: float = 0.0
    wire_s: float = 0.0
    together: bool = True
    pauses: tuple[Pause, ...] = ()

    @property
    def paused(self) -> float:
        """The share of the time that pauses take."""
        lasting = sum(length for _, length in self.pauses)
        return lasting / (sum(after for after, _ in self.pauses) + lasting) if self.pauses else 0.0

    def saturation(self, most: float) -> float:
        """Requests a second of a worker that always finds `most` waiting, pauses among it."""
        return most / (self.fixed_s + most * self.each_s) * (1 - self.paused)

    def slower(self, factor: float) -> "Service":
        """The same on a CPU that takes `factor` times as long."""
        return replace(self, fixed_s=self.fixed_s * factor, each_s=self.each_s * factor, cold_s=self.cold_s * factor)


def mixed(cached: Service, uncached: Service, share: float) -> Service:
    """A worker that finds `share` of the replies in its cache: between the two, with the pauses of the worse."""
    if share in (0, 1):
        return cached if share else uncached

    def between(name: str) -> float:
        return share * float(getattr(cached, name)) + (1 - share) * float(getattr(uncached, name))

    worse = max(cached, uncached, key=lambda each: each.paused)
    return Service(
        between("fixed_s"),
        between("each_s"),
        between("cold_s"),
        between("wire_s"),
        True,
        worse.pauses,
    )


def fitted(cpu_s: Floats, turns: Floats, requests: Floats, cold: Floats) -> tuple[float, float, float]:
    """What a turn, each request in it and a turn after idling cost, of runs' CPU seconds and counts. Raises BenchError.

    Least squares of the relative errors, with nothing below 0.
    """
    matrix = np.stack([turns, requests, cold], axis=1) / cpu_s[:, None]
    best, missed = np.zeros(3), np.inf
    for kept in ([0, 1, 2], [0, 1], [1, 2], [1]):
        some, *_ = np.linalg.lstsq(matrix[:, kept], np.ones(len(cpu_s)), rcond=None)
        error = float(np.square(matrix[:, kept] @ some - 1).sum())
        if (some > 0).all() and error < missed:
            best, missed = np.zeros(3), error
            best[kept] = some
    if best[1] <= 0:
        raise BenchError("a request's cost can't be told from a turn's: the machine was too busy to measure")
    return float(best[0]), float(best[1]), float(best[2])
