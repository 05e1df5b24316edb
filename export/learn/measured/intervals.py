"""How sure measures are: 95 % intervals from 1,000 bootstraps over days, since the flights of a day share its fate.

The draws depend on the number of days alone, so that those of two models for the same flights are paired.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.data.flights import Flights
from export.learn.evaluate import Tested, pool
from export.learn.measures import BINS

DRAWS = 1_000
BOUNDS = (0.025, 0.975)
MEASURES = ("auc", "month_auc", "log_loss", "calibration_error")

Float64 = NDArray[np.float64]
Figures = dict[str, Any]


def drawn(parts: Sequence[Tested], flights: Flights) -> dict[str, Float64]:
    """Each measure as the flights are, float64 [1 + DRAWS], first of all days once and then of days drawn anew."""
    delayed, predicted, _ = pool(parts)
    rows = np.concatenate([part.rows for part in parts])
    _, day = np.unique(flights.scheduled[rows].astype("datetime64[D]"), return_inverse=True)
    month = np.repeat(np.arange(len(parts)), [len(part.rows) for part in parts])
    days = int(day.max()) + 1
    chance = np.full(days, 1 / days)
    times = np.vstack([np.ones(days), np.random.default_rng(0).multinomial(days, chance, size=DRAWS)]).astype(float)
    tied = _Ranked(delayed, predicted)
    months = [(np.flatnonzero(month == each), _Ranked(*_of(month == each, delayed, predicted))) for each in set(month)]
    losses = -np.log(np.clip(np.where(delayed, predicted, 1 - predicted), 1e-15, None))
    found = np.empty((len(times), len(MEASURES)))
    for number, counts in enumerate(times):
        weights = counts[day]
        heavy = [weights[own].sum() for own, _ in months]
        each = [ranked.auc(weights[own]) for own, ranked in months]
        told = ~np.isnan(each)
        found[number] = (
            tied.auc(weights),
            np.average(np.array(each)[told], weights=np.array(heavy)[told]) if told.any() else np.nan,
            (weights * losses).sum() / weights.sum(),
            tied.calibration_error(weights),
        )
    return dict(zip(MEASURES, found.T, strict=True))


def _of(chosen: NDArray[np.bool_], delayed: NDArray[np.bool_], predicted: Float64) -> tuple[Any, Any]:
    return delayed[chosen], predicted[chosen]


class _Ranked:
    """Flights in the order of their probabilities, which no weight changes."""

    def __init__(self, delayed: NDArray[np.bool_], predicted: Float64) -> None:
        self._order = np.argsort(predicted, kind="stable")
        self._late = delayed[self._order].astype(float)
        self._said = predicted[self._order]
        self._starts = np.flatnonzero(np.diff(self._said, prepend=-1.0))  # of runs with the same probability

    def auc(self, weights: Float64) -> float:
        weights = weights[self._order]
        late = np.add.reduceat(weights * self._late, self._starts)
        calm = np.add.reduceat(weights * (1 - self._late), self._starts)
        both = late.sum() * calm.sum()
        return float((late * (np.cumsum(calm) - calm / 2)).sum() / both) if both else float("nan")

    def calibration_error(self, weights: Float64) -> float:
        """With bins of the same weight."""
        weights = weights[self._order]
        bins = np.minimum(((np.cumsum(weights) - weights / 2) * BINS / weights.sum()).astype(int), BINS - 1)
        off = np.bincount(bins, weights * (self._said - self._late), minlength=BINS)
        return float(np.abs(off).sum() / weights.sum())


def intervals(parts: Sequence[Tested], flights: Flights) -> Figures:
    """Each measure's value and the bounds of its interval; None for what cannot be told."""
    return {name: _told(values[0], values[1:]) for name, values in drawn(parts, flights).items()}


def gains(ours: Sequence[Tested], theirs: Sequence[Tested], flights: Flights) -> Figures:
    """How much more than another model each measure is, for the same flights, and the bounds of that."""
    one, other = drawn(ours, flights), drawn(theirs, flights)
    return {name: _told(one[name][0] - other[name][0], one[name][1:] - other[name][1:]) for name in MEASURES}


def _told(value: float, values: Float64) -> Figures:
    if np.isnan(value) or np.isnan(values).all():
        return {"value": None, "from": None, "to": None}
    low, high = np.nanquantile(values, BOUNDS).tolist()
    return {"value": float(value), "from": low, "to": high}


def as_text(name: str, figures: Figures) -> str:
    """One line for a terminal."""
    cells = [
        "-" if each["value"] is None else f"{each['value']:.4f} [{each['from']:.4f}, {each['to']:.4f}]"
        for each in (figures[measure] for measure in MEASURES)
    ]
    return f"{name:<17}" + "  ".join(f"{cell:<24}" for cell in cells).rstrip()
