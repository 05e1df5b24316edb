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


def drawn(parts: Sequence[Tested], flights: Flights, draws: int = DRAWS) -> dict[str, Float64]:
    """Each measure as the flights are, float64 [1 + draws], first of all days once and then of days drawn anew."""
    delayed, predicted, _ = pool(parts)
    rows = np.concatenate([part.rows for part in parts])
    _, day = np.unique(flights.scheduled[rows].astype("datetime64[D]"), return_inverse=True)
    month = np.repeat(np.arange(len(parts)), [len(part.rows) for part in parts])
    days = int(day.max()) + 1
    chance = np.full(days, 1 / days)
    times = np.vstack([np.ones(days), np.random.default_rng(0).multinomial(days, chance, size=draws)]).astype(float)
    pooled = _Ranked(delayed, predicted, day)
    months = [_Ranked(delayed[own], predicted[own], day[own]) for own in (month == each for each in range(len(parts)))]
    flights_of = np.bincount(day)
    losses_of = np.bincount(day, -np.log(np.clip(np.where(delayed, predicted, 1 - predicted), 1e-15, None)))
    found = np.empty((len(times), len(MEASURES)))
    for number, counts in enumerate(times):
        heavy, each = zip(*(ranked.auc(counts[ranked.day]) for ranked in months), strict=True)
        told = ~np.isnan(each)
        weights = counts[pooled.day]
        found[number] = (
            pooled.auc(weights)[1],
            np.average(np.array(each)[told], weights=np.array(heavy)[told]) if told.any() else np.nan,
            (counts * losses_of).sum() / (counts * flights_of).sum(),
            pooled.calibration_error(weights),
        )
    return dict(zip(MEASURES, found.T, strict=True))


class _Ranked:
    """Flights in the order of their probabilities, which no weight changes; `day` is theirs, in that order."""

    def __init__(self, delayed: NDArray[np.bool_], predicted: Float64, day: NDArray[np.intp]) -> None:
        order = np.argsort(predicted, kind="stable")
        self.day = day[order]
        self._late = delayed[order].astype(float)
        self._said = predicted[order]
        self._starts = np.flatnonzero(np.diff(self._said, prepend=-1.0))  # of runs with the same probability

    def auc(self, weights: Float64) -> tuple[float, float]:
        """How much they weigh, and the AUC."""
        late = np.add.reduceat(weights * self._late, self._starts)
        calm = np.add.reduceat(weights, self._starts) - late
        total, lates = float(weights.sum()), float(late.sum())
        both = lates * (total - lates)
        return total, float((late * (np.cumsum(calm) - calm / 2)).sum() / both) if both else float("nan")

    def calibration_error(self, weights: Float64) -> float:
        """With bins of the same weight."""
        bins = np.minimum(((np.cumsum(weights) - weights / 2) * BINS / weights.sum()).astype(int), BINS - 1)
        off = np.bincount(bins, weights * (self._said - self._late), minlength=BINS)
        return float(np.abs(off).sum() / weights.sum())


def intervals(parts: Sequence[Tested], flights: Flights, draws: int = DRAWS) -> Figures:
    """Each measure's value and the bounds of its interval; None for what cannot be told."""
    return {name: _told(values[0], values[1:]) for name, values in drawn(parts, flights, draws).items()}


def gains(ours: Sequence[Tested], theirs: Sequence[Tested], flights: Flights, draws: int = DRAWS) -> Figures:
    """How much more than another model each measure is, for the same flights, and the bounds of that."""
    one, other = (drawn(parts, flights, draws) for parts in (ours, theirs))
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
