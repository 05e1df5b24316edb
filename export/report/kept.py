"""What ships and `effects` beside it, as they would be kept up, and how sure the figures are.

And what no model of these inputs could pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from export.data.flights import Flights
from export.learn.evaluate import Tested, pool
from export.learn.measured.candidates import candidates, run_chosen
from export.learn.measured.intervals import DRAWS, gains, intervals
from export.learn.measured.weekly import run_weekly
from export.learn.measures import measure
from export.learn.protocols import Rows
from export.learn.recipes import EFFECTS, IMPROVED, AnyRecipe
from export.progress import Progress
from export.report.about import QUICK_SHARE
from export.report.curves import level_known

LAGS = (1, 7, 28)
QUICK_DRAWS = 100
LAST = 3
"""Months that are told of alone too: October to December."""

Figures = dict[str, Any]
Protocols = Mapping[str, Sequence[Tested]]
"""A recipe's tested splits, by protocol."""


def kept(tested: Mapping[str, Protocols], flights: Flights, quick: bool, progress: Progress) -> Figures:
    """Rows by protocol and recipe, each with its intervals, and how much `effects` gains on what ships, paired.

    A quick report has fewer flights, as `tested` has, one lag, fewer draws and no choice among candidates.
    """
    draws = QUICK_DRAWS if quick else DRAWS
    part = np.arange(0, len(flights), QUICK_SHARE if quick else 1)
    some = flights.take(part)
    recipes: tuple[AnyRecipe, ...] = (IMPROVED, EFFECTS)
    measured = {("monthly", 0): [tested[recipe.name]["backtest"] for recipe in recipes]}
    for lag in LAGS[:1] if quick else LAGS:
        both = [
            run_weekly(recipe, some, lag, partial(_named, progress, f"{recipe.name}, weekly, lag {lag}"))
            for recipe in recipes
        ]
        measured[("weekly", lag)] = [_of_all(plain, part) for plain, _ in both]
        measured[("weekly, with the level", lag)] = [_of_all(levelled, part) for _, levelled in both]
    rows = [
        _row(name, lag, recipe.name, parts, flights, draws)
        for (name, lag), of in measured.items()
        for recipe, parts in zip(recipes, of, strict=True)
    ]
    choices: list[dict[str, object]] = []
    if not quick:
        parts, choices = run_chosen(candidates(), flights, partial(_named, progress, "candidates"))
        rows.append(_row("monthly, the candidate that was best before", 0, "its", parts, flights, draws))
    split = [tested[recipe.name]["reference_split"] for recipe in recipes]
    return {
        "rows": rows,
        "reference_split": [
            {"recipe": recipe.name, **intervals(parts, flights, draws)}
            for recipe, parts in zip(recipes, split, strict=True)
        ],
        "gains": [
            {"name": name, "lag_days": lag, **gains(theirs, ours, flights, draws)}
            for (name, lag), (ours, theirs) in (*measured.items(), (("reference split", 0), split))
        ],
        "choices": choices,
        "candidates": [recipe.name for recipe in candidates()],
        "ceiling": [
            {"known": unit, **_ceiling(tested[IMPROVED.name]["backtest"], flights, code)} for unit, code in UNITS
        ],
    }


UNITS = (("month", "M"), ("week", "W"), ("day", "D"))


def _named(progress: Progress, name: str, what: str, done: int, total: int) -> None:
    progress(f"{name}: {what}", done, total)


def _of_all(tested: Sequence[Tested], part: Rows) -> list[Tested]:
    """What was tested on a part of the flights, with its rows in all of them."""
    return [replace(each, rows=part[each.rows]) for each in tested]


def _row(name: str, lag: int, recipe: str, parts: Sequence[Tested], flights: Flights, draws: int) -> Figures:
    return {
        "name": name,
        "recipe": recipe,
        "lag_days": lag,
        "all": intervals(parts, flights, draws),
        "last_months": intervals(parts[-LAST:], flights, draws),
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
