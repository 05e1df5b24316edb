"""What a month costs: Cloud Run billed by requests or by instances, and virtual machines. Traffic out is not in it."""

import math
from dataclasses import dataclass

from bench.plan.prices import INSTANCE_FREE, MONTH_S, REQUEST_FREE, TIERS, Free, Prices

BILLED_S = 0.1
"""Cloud Run bills time in steps of so many seconds."""


@dataclass(frozen=True)
class Size:
    """An instance: its vCPUs, which have a worker each, and its GiB of memory."""

    vcpus: int
    memory_gib: float


@dataclass(frozen=True)
class Bill:
    """Dollars a month, after what is free."""

    cpu: float
    memory: float
    requests: float = 0.0

    @property
    def total(self) -> float:
        return self.cpu + self.memory + self.requests


@dataclass(frozen=True)
class Bills:
    """The same month, paid in three ways."""

    by_request: Bill
    by_instance: Bill
    machines: Bill


def by_request(rps: float, instances: int, size: Size, prices: Prices, latency_s: float) -> Bill:
    """Cloud Run that bills while requests are under way, spread over `instances`; between them it costs nothing."""
    seconds = instances * MONTH_S * active(rps / instances, latency_s)
    return _less(
        Bill(
            seconds * size.vcpus * prices.request_cpu_s,
            seconds * size.memory_gib * prices.request_memory_s,
            rps * MONTH_S / 1e6 * prices.million_requests,
        ),
        REQUEST_FREE,
    )


def by_instance(instances: int, size: Size, prices: Prices) -> Bill:
    """Cloud Run that bills instances as long as they are there, all month."""
    seconds = instances * MONTH_S
    bill = Bill(seconds * size.vcpus * prices.instance_cpu_s, seconds * size.memory_gib * prices.instance_memory_s)
    return _less(bill, INSTANCE_FREE)


def machines(instances: int, size: Size, prices: Prices) -> Bill:
    """Virtual machines of that size, all month, without commitment."""
    hours = instances * MONTH_S / 3600
    return Bill(hours * size.vcpus * prices.vm_cpu_h, hours * size.memory_gib * prices.vm_memory_h)


def monthly(rps: float, needed: int, instances: int, size: Size, prices: Prices, latency_s: float) -> Bills:
    """Each way to pay: by request for the `needed` instances, otherwise for all that run."""
    return Bills(
        by_request(rps, needed, size, prices, latency_s),
        by_instance(instances, size, prices),
        machines(instances, size, prices),
    )


def active(rps: float, latency_s: float) -> float:
    """The share of time that an instance is billed for: some request came within the last billed step (Poisson)."""
    billed = BILLED_S * max(1, math.ceil(latency_s / BILLED_S))
    return -math.expm1(-rps * billed)


def _less(bill: Bill, free: Free) -> Bill:
    tier_1 = TIERS[1]
    cpu_s, memory_s = (
        (tier_1.request_cpu_s, tier_1.request_memory_s)
        if free.requests
        else (tier_1.instance_cpu_s, tier_1.instance_memory_s)
    )
    return Bill(
        max(0.0, bill.cpu - free.cpu_s * cpu_s),
        max(0.0, bill.memory - free.memory_s * memory_s),
        max(0.0, bill.requests - free.requests / 1e6 * tier_1.million_requests),
    )
