"""The shipped recipe as it would be kept up, how sure its figures are, and what no model of these inputs could pass."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from export.data.flights import Flights
from export.learn.evaluate import Tested, pool
from export.learn.measured.candidates import candidates, run_chosen
from export.learn.measured.intervals import intervals
from export.learn.measured.weekly import run_weekly
from export.learn.measures import measure
from export.learn.recipes import IMPROVED
from export.progress import Progress
from export.report.curves import level_known

LAGS = (1, 7, 28)
LAST = 3
"""Months that are told of alone too: October to December."""

Figures = dict[str, Any]


def kept(monthly: Sequence[Tested], flights: Flights, quick: bool, progress: Progress) -> Figures:
    """Rows by protocol, each with its intervals; a quick report has one lag and no choice among candidates."""
    rows = [_row("monthly, as trained", 0, monthly, flights)]
    choices: list[dict[str, object]] = []
    if not quick:
        parts, choices = run_chosen(candidates(), flights, partial(_named, progress, "candidates"))
        rows.append(_row("monthly, the candidate that was best before", 0, parts, flights))
    for lag in LAGS[:1] if quick else LAGS:
        plain, levelled = run_weekly(IMPROVED, flights, lag, partial(_named, progress, f"weekly, lag {lag}"))
        rows.append(_row("weekly", lag, plain, flights))
        rows.append(_row("weekly, with the level", lag, levelled, flights))
    return {
        "rows": rows,
        "choices": choices,
        "candidates": [recipe.name for recipe in candidates()],
        "ceiling": [{"known": unit, **_ceiling(monthly, flights, code)} for unit, code in UNITS],
    }


UNITS = (("month", "M"), ("week", "W"), ("day", "D"))


def _named(progress: Progress, name: str, what: str, done: int, total: int) -> None:
    progress(f"{name}: {what}", done, total)


def _row(name: str, lag: int, parts: Sequence[Tested], flights: Flights) -> Figures:
    return {
        "name": name,
        "lag_days": lag,
        "all": intervals(parts, flights),
        "last_months": intervals(parts[-LAST:], flights),
        "off": {part.name: float(part.predicted.mean() - part.delayed.mean()) for part in parts},
    }


def _ceiling(parts: Sequence[Tested], flights: Flights, unit: str) -> Figures:
    """The same order of flights within each unit of time, were its delay rate known."""
    delayed, predicted, _ = pool(parts)
    when = flights.scheduled[np.concatenate([part.rows for part in parts])].astype(f"datetime64[{unit}]")
    known = predicted.copy()
    for each in np.unique(when):
        own = when == each
        if 0 < delayed[own].mean() < 1:
            known[own] = level_known(delayed[own], predicted[own])
    measures = measure(delayed, known)
    return {name: measures[name] for name in ("auc", "log_loss", "calibration_error")}
