"""How far months were off in a backtest -> how wide an interval of a month's late share has to be, and whether it held.

Flights are alike that share airline, destination and hour. The late share of those of a month is the model's
probability with its log-odds moved at random, by a normal distribution whose variance is

    steady + few / (flights + PRIOR)

where `flights` are those alike in the data before: months differ from one another, and few flights tell little. The two
numbers are those that make the late flights counted in the tested months likeliest, each a binomial draw of its share.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray

from export.data.flights import Flights
from export.learn.evaluate import Tested, run
from export.learn.protocols import Split, backtest
from export.learn.recipes import AnyRecipe
from export.progress import Progress
from service.model.keys import PARTS

COVERAGE = 0.8
PRIOR = 20
LARGE = 30
"""Flights of a month whose share is worth looking at by itself."""

BEFORE = 2
"""Months that an interval is made from before one is tested."""

NODES, WEIGHTS = hermegauss(21)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
LEAST = 1e-6
DOUBLES = 2.0 ** np.arange(-8, 3)
QUARTERS = 2.0 ** np.arange(-0.75, 1, 0.25)

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Alike:
    """A month's flights of an airline to a destination at an hour, each array [G].

    How many, how many late, what the model said on average, and how many there were in the months before; `month` is
    the place of the tested month.
    """

    month: Numbers
    flights: Numbers
    late: Numbers
    predicted: Numbers
    known: Numbers

    def take(self, rows: NDArray[np.bool_]) -> "Alike":
        return Alike(*(column[rows] for column in (self.month, self.flights, self.late, self.predicted, self.known)))


@dataclass(frozen=True)
class Width:
    steady: float
    few: float

    def variance(self, known: Numbers) -> Numbers:
        return self.steady + self.few / (known + PRIOR)


def measure_range(flights: Flights, splits: Sequence[Split], tested: Sequence[Tested]) -> dict[str, Any]:
    """What a manifest tells as `range`: of what each split's model gave its test flights."""
    groups = alike(flights, splits, tested)
    width = fit(groups)
    return {
        "coverage": COVERAGE,
        "steady": width.steady,
        "few": width.few,
        "prior": PRIOR,
        "months": len(splits),
        "groups": len(groups.flights),
        "flights": int(groups.flights.sum()),
    }


def backtested_range(recipe: AnyRecipe, flights: Flights, progress: Progress) -> dict[str, Any]:
    """The same of a recipe, trained once for each of the last six months. Raises ExportError."""
    splits = backtest(flights)
    return measure_range(flights, splits, run(recipe, flights, splits, progress))


def check_range(flights: Flights, splits: Sequence[Split], tested: Sequence[Tested]) -> dict[str, Any]:
    """How often the intervals held: each month's by those made from the tested months before it."""
    groups = alike(flights, splits, tested)
    width = fit(groups)
    months = []
    for place, split in enumerate(splits):
        own = groups.take(groups.month == place)
        if place >= BEFORE:
            before = fit(groups.take(groups.month < place))
            months.append({"month": split.name, **vars(before), **_held(own, before)})
    later = groups.take(groups.month >= BEFORE)
    return {
        **measure_range(flights, splits, tested),
        "checked": months,
        "large": sum(row["large"] for row in months),
        "held_large": _mean(months, "held_large", "large"),
        "held": _mean(months, "held", "groups"),
        "flights_checked": int(later.flights.sum()),
        "by_known": [
            {"least": least, "most": most, **_held(groups.take(_within(groups.known, least, most)), width)}
            for least, most in ((0, 0), (1, 19), (20, 59), (60, 149), (150, None))
        ],
        "example": [_example(probability, known, width) for probability in (0.1, 0.2, 0.3) for known in (6, 150)],
    }


def alike(flights: Flights, splits: Sequence[Split], tested: Sequence[Tested]) -> Alike:
    """The test flights of each split, together where airline, destination and hour are the same."""
    places = [PARTS.index(part) for part in ("OPERA", "SIGLADES", "hora")]
    keys = [tuple(parts[place] for place in places) for parts in flights.parts]
    rows: list[tuple[float, ...]] = []
    for month, (split, part) in enumerate(zip(splits, tested, strict=True)):
        known = Counter(keys[row] for row in np.concatenate([split.learn, split.validate]))
        found: dict[tuple[Any, ...], list[float]] = {}
        for row, late, probability in zip(split.test, part.delayed, part.predicted, strict=True):
            sums = found.setdefault(keys[row], [0, 0, 0.0])
            sums[0] += 1
            sums[1] += int(late)
            sums[2] += float(probability)
        rows += [(month, count, late, total / count, known[key]) for key, (count, late, total) in found.items()]
    return Alike(*np.array(rows, dtype=np.float64).T)


def fit(groups: Alike) -> Width:
    """The likeliest of a grid of numbers, to a fifth: so it is the same on every machine."""
    coarse = [Width(steady, few) for steady in DOUBLES for few in (0.0, *(DOUBLES * 32))]
    best = max(coarse, key=lambda width: likelihood(groups, width))
    fine = [Width(best.steady * one, best.few * other) for one in QUARTERS for other in QUARTERS]
    best = max(fine, key=lambda width: likelihood(groups, width))
    return Width(round(float(best.steady), 4), round(float(best.few), 2))


def likelihood(groups: Alike, width: Width) -> float:
    """The log-likelihood of the late flights, less what is the same for every width."""
    odds = _moved(groups, width)
    late, on_time = groups.late[:, None], (groups.flights - groups.late)[:, None]
    each = -late * np.logaddexp(0, -odds) - on_time * np.logaddexp(0, odds)
    most = each.max(axis=1)
    return float((most + np.log(np.exp(each - most[:, None]) @ WEIGHTS)).sum())


def held(groups: Alike, width: Width, coverage: float = COVERAGE) -> Numbers:
    """How far each group's count lies within the middle `coverage` of what its share could have given: [G], 0 to 1.

    A count is a step of that distribution: the part of the step that is within counts. So the mean is the coverage
    where the width is right, whatever the number of flights.
    """
    from scipy.special import bdtr

    shares = 1 / (1 + np.exp(-_moved(groups, width)))
    flights, late = groups.flights[:, None].astype(np.intp), groups.late[:, None]
    below = np.where(late > 0, bdtr(np.maximum(late - 1, 0), flights, shares), 0.0) @ WEIGHTS
    upto = bdtr(late, flights, shares) @ WEIGHTS
    tail = (1 - coverage) / 2
    inside = np.minimum(upto, 1 - tail) - np.maximum(below, tail)
    return np.asarray(np.clip(inside / np.maximum(upto - below, 1e-12), 0, 1), dtype=np.float64)


def _moved(groups: Alike, width: Width) -> Numbers:
    inside = np.clip(groups.predicted, LEAST, 1 - LEAST)
    spread = np.sqrt(width.variance(groups.known))
    return np.asarray(np.log(inside / (1 - inside))[:, None] + spread[:, None] * NODES, dtype=np.float64)


def _held(groups: Alike, width: Width) -> dict[str, Any]:
    each, large = held(groups, width), groups.flights >= LARGE
    return {
        "groups": len(each),
        "flights": int(groups.flights.sum()),
        "held": float(each.mean()) if len(each) else None,
        "large": int(large.sum()),
        "held_large": float(each[large].mean()) if large.any() else None,
    }


def _within(known: Numbers, least: int, most: int | None) -> NDArray[np.bool_]:
    return (known >= least) & (known <= (np.inf if most is None else most))


def _mean(months: Sequence[dict[str, Any]], what: str, weight: str) -> float | None:
    told = [(row[what], row[weight]) for row in months if row[what] is not None]
    if not told:
        return None
    values, weights = zip(*told, strict=True)
    return float(np.average(values, weights=weights))


def _example(probability: float, known: int, width: Width) -> dict[str, Any]:
    """The interval of a probability, as the service tells it."""
    odds = np.log(probability / (1 - probability))
    far = NormalDist().inv_cdf((1 + COVERAGE) / 2) * np.sqrt(width.variance(np.array(float(known))))
    low, high = (float(1 / (1 + np.exp(-(odds + side * far)))) for side in (-1, 1))
    return {"probability": probability, "known": known, "low": low, "high": high}
