"""The candidates that there were, and the choice among them before each month, by the months before it alone.

Whoever settles on a recipe by looking at the months that it is then told of is too kind to it. Here the list is fixed,
and each month is told of by the candidate that had the best log loss until then.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from export.data.flights import Flights
from export.learn.evaluate import Tested, pool, run
from export.learn.protocols import TESTED_MONTHS, backtest
from export.learn.ratios import DaysOff
from export.learn.recipes import IMPROVED, REFERENCE, Recipe
from export.progress import Progress

LEARNT = 2
"""Months before the first one that candidates are judged by."""


def candidates() -> list[Recipe]:
    """Each with a name of its own."""
    worked = tuple(each for each in IMPROVED.features if not isinstance(each, DaysOff))
    greedy = {**IMPROVED.params, "extra_trees": False}
    return [
        REFERENCE,
        IMPROVED,
        replace(IMPROVED, name="80 trees", max_trees=80, params={**IMPROVED.params, "learning_rate": 0.1}),
        replace(IMPROVED, name="7 leaves", params={**IMPROVED.params, "num_leaves": 7}),
        replace(IMPROVED, name="half-life of 3 months", half_life=3),
        replace(IMPROVED, name="half-life of 12 months", half_life=12),
        replace(IMPROVED, name="without days off", features=worked),
        replace(IMPROVED, name="greedy trees", params=greedy),
    ]


def run_chosen(
    recipes: Sequence[Recipe], flights: Flights, progress: Progress
) -> tuple[list[Tested], list[dict[str, object]]]:
    """Of each of the last six months, what the candidate said that was chosen before it; and the choices.

    Raises ExportError.
    """
    backtest(flights)  # says what is missing where there are too few months
    months = len(np.unique(flights.scheduled.astype("datetime64[M]")))
    splits = backtest(flights, months - LEARNT)
    said = {recipe.name: run(recipe, flights, splits, progress) for recipe in recipes}
    tested, choices = [], []
    for place in range(len(splits) - TESTED_MONTHS, len(splits)):
        losses = {name: _loss(parts[:place]) for name, parts in said.items()}
        best = min(losses, key=lambda name: losses[name])
        tested.append(said[best][place])
        choices.append({"month": splits[place].name, "chosen": best, "log_loss_before": losses[best]})
    return tested, choices


def _loss(parts: Sequence[Tested]) -> float:
    from sklearn.metrics import log_loss

    delayed, predicted, _ = pool(parts)
    return float(log_loss(delayed, predicted, labels=[False, True]))
