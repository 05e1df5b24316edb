"""How sure a probability is: where the late share of flights alike should lie in a month to come.

The bundle tells how far months were off when that was tried on past ones, and by how much more where few flights of
the data share airline, destination and hour. The interval is on log-odds:

    log-odds of the probability, plus or minus z * sqrt(steady + few / (flights + prior))
"""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from service.model.files import BundleError, short

LEAST = 1e-9
"""Of a probability, as its log-odds are needed."""


@dataclass(frozen=True)
class Range:
    """`coverage` is how often the interval is to hold the share: above 0, below 1."""

    coverage: float
    steady: float
    few: float
    prior: float

    @cached_property
    def deviations(self) -> float:
        """Standard deviations to each side: what is normal is within them as often as `coverage` says."""
        least, most = 0.0, 10.0
        for _ in range(60):  # `statistics` has this too, and would be loaded by every worker for it
            middle = (least + most) / 2
            least, most = (middle, most) if math.erf(middle / math.sqrt(2)) < self.coverage else (least, middle)
        return least

    def around(self, probability: float, flights: int) -> tuple[float, float]:
        """The interval, where the data have so many flights alike."""
        far = self.deviations * math.sqrt(self.steady + self.few / (flights + self.prior))
        odds = log_odds(probability)
        return _share(odds - far), _share(odds + far)


def read_range(path: Path, told: Any) -> Range | None:
    """A manifest's `range`; bundles that nobody tried on past months lack it. Raises BundleError."""
    match told:
        case None:
            return None
        case {
            "coverage": float(coverage),
            "steady": float() | int() as steady,
            "few": float() | int() as few,
            "prior": float() | int() as prior,
        }:
            numbers = (steady, few, prior)
            fits = 0 < coverage < 1 and prior and all(0 <= each < 1e6 and each is not True for each in numbers)
            if fits:
                return Range(coverage, float(steady), float(few), float(prior))
    raise BundleError(path, f"`range` should have coverage, steady, few and prior as numbers, not {short(told)}")


def log_odds(probability: float) -> float:
    inside = min(max(probability, LEAST), 1 - LEAST)
    return math.log(inside / (1 - inside))


def _share(odds: float) -> float:
    """Of log-odds, which may be far out."""
    return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0
