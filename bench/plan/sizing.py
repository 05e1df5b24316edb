"""What is asked -> how many instances: what a worker holds within the p99, bursts, instances that may be lost."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.errors import BenchError
from bench.plan.arrivals import poisson
from bench.plan.service import Floats, Service
from bench.plan.simulation import run

SEED = 18
SECONDS = 8.0
FEWEST, MOST = 20_000, 500_000
"""Requests that a worker is simulated with, for SECONDS if that lies between."""
IDLE = 0.01
"""A worker with this share of what it can do has nothing to queue for."""
BISECTIONS = 9


@dataclass(frozen=True)
class Asked:
    """Requests a second and the seconds that p99 may take.

    Bursts come `burst` times as fast; `spare` instances may be lost. `uneven` is what the busiest worker gets, as a
    multiple of the average, as connections are spread. `margin` is the share of a worker that is left for the
    simulation's own error.
    """

    rps: float
    p99_s: float
    burst: float = 1.0
    spare: int = 1
    vcpus: int = 1
    uneven: float = 1.0
    margin: float = 0.0


@dataclass(frozen=True)
class Held:
    """What a worker does at a rate, latencies in seconds.

    `full` is the share of the rate at which it could take no more, `busy` that of its CPU, which rises much faster: a
    worker with little to do serves few requests a turn.
    """

    rate: float
    full: float
    busy: float
    cpu_s: float
    p50_s: float
    p99_s: float


@dataclass(frozen=True)
class Fleet:
    """`limit` is the rate at which a worker's p99 is what was asked."""

    instances: int
    vcpus: int
    limit: Held

    @property
    def workers(self) -> int:
        return self.instances * self.vcpus


def held(service: Service, rate: float) -> Held:
    """What a worker does with Poisson arrivals at `rate`."""
    count = int(min(max(rate * SECONDS, FEWEST), MOST))
    due = poisson(rate, count, SEED)
    did = run(due, service, SEED)
    latency: Floats = did.done - due
    p50, p99 = np.percentile(latency, [50, 99])
    return Held(rate, rate * service.each_s, did.busy_s / float(due[-1]), did.busy_s / count, float(p50), float(p99))


def sized(asked: Asked, service: Service) -> Fleet:
    """The fewest instances that hold what is asked, in a burst and with `spare` of them lost. Raises BenchError."""
    most = limit(service, asked.p99_s)
    workers = math.ceil(asked.rps * asked.burst * asked.uneven / (most.rate * (1 - asked.margin)))
    return Fleet(math.ceil(workers / asked.vcpus) + asked.spare, asked.vcpus, most)


def scenarios(asked: Asked, fleet: Fleet, service: Service) -> dict[str, tuple[int, Held]]:
    """How many instances there are and what the busiest worker does, in each situation that the fleet is for."""
    left = fleet.instances - asked.spare
    lost = f"{asked.spare} lost"
    cases = {"all there": (fleet.instances, 1.0), "all there, a burst": (fleet.instances, asked.burst)}
    if asked.spare:
        cases |= {lost: (left, 1.0), f"{lost}, a burst": (left, asked.burst)}
    return {
        name: (instances, held(service, asked.rps * factor * asked.uneven / instances / fleet.vcpus))
        for name, (instances, factor) in cases.items()
    }


@cache
def limit(service: Service, p99_s: float) -> Held:
    """The highest rate whose p99 is within `p99_s`; near it p99 rises with the rate."""
    most = 1 / service.each_s
    best = held(service, IDLE * most)
    if best.p99_s > p99_s:
        raise BenchError(
            f"no number of machines gives a p99 of {p99_s * 1e3:g} ms: a request that waits for nobody takes"
            f" {best.p50_s * 1e3:.2f} ms, and 1 in 100 takes {best.p99_s * 1e3:.2f}, pauses of the machine among it"
        )
    low, high = IDLE, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        tried = held(service, middle * most)
        if tried.p99_s <= p99_s:
            low, best = middle, tried
        else:
            high = middle
    return best
