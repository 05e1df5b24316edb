"""List prices in US dollars, as known when this was written. Nothing here asks anybody: check them before use."""

from dataclasses import dataclass

AS_OF = "2025"
CHECK = {
    "Cloud Run": "https://cloud.google.com/run/pricing",
    "Compute Engine": "https://cloud.google.com/compute/vm-instance-pricing",
}
"""Where the prices of today are."""

MONTH_S = 730 * 3600
"""Seconds of the month that clouds reckon with."""


@dataclass(frozen=True)
class Prices:
    """Cloud Run's for regions of one tier, and a virtual machine's; seconds are those of a vCPU or of a GiB."""

    request_cpu_s: float
    request_memory_s: float
    million_requests: float
    instance_cpu_s: float
    instance_memory_s: float
    vm_cpu_h: float
    vm_memory_h: float


TIERS = {
    1: Prices(0.000024, 0.0000025, 0.40, 0.000018, 0.0000020, 0.0218, 0.0029),
    2: Prices(0.0000336, 0.0000035, 0.40, 0.0000216, 0.0000024, 0.0312, 0.0042),
}
"""Tier 1 is us-central1 among others, tier 2 southamerica-west1, Santiago. The machine is an E2 there."""


@dataclass(frozen=True)
class Free:
    """What a month has for nothing, valued at the prices of tier 1 in any region."""

    cpu_s: float
    memory_s: float
    requests: float = 0.0


REQUEST_FREE = Free(180_000, 360_000, 2e6)
INSTANCE_FREE = Free(240_000, 450_000)
