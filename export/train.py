"""Flights and a recipe -> tables and a LightGBM booster. It neither converts nor writes."""

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from export.errors import ExportError
from export.flights import Flights
from export.ratios import ratio_table
from export.recipes import Recipe
from export.tables import Table, matrix

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps of it are done, and how many there are at most."""

FIXED = {
    "objective": "binary",
    "verbosity": -1,
    # The same flights give the same trees, whatever the number of threads.
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True)
class Trained:
    """`chosen_threshold` maximises macro F1 on the validation flights."""

    booster: lgb.Booster
    tables: list[Table]
    chosen_threshold: float


def train(recipe: Recipe, flights: Flights, progress: Progress) -> Trained:
    """Choose the number of trees by early stopping on a validation part, then train on all of `flights`.

    The tables of each step are made from its own training flights only. Raises ExportError.
    """
    learn, validate = _split(recipe, flights)
    tables = make_tables(recipe, learn)
    booster = _early_stopped(recipe, tables, learn, validate, progress)
    predicted = predict(booster, matrix(tables, validate.parts))
    threshold = best_threshold(validate.delayed, predicted)
    tables = make_tables(recipe, flights)
    trees = booster.best_iteration
    final = _boost(recipe, tables, flights, trees, [_reporter(progress, "training on every flight", trees)])
    return Trained(final, tables, threshold)


def make_tables(recipe: Recipe, flights: Flights) -> list[Table]:
    return [ratio_table(ratio, flights) for ratio in recipe.features]


def predict(booster: lgb.Booster, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """LightGBM's own probabilities: float64 [N]."""
    return np.asarray(booster.predict(features), dtype=np.float64)


def best_threshold(delayed: NDArray[np.bool_], predicted: NDArray[np.float64]) -> float:
    """The hundredth that, as a threshold, gives the best macro F1; the lowest of them on a tie."""
    candidates = [percent / 100 for percent in range(1, 100)]
    return max(candidates, key=lambda threshold: f1_score(delayed, predicted > threshold, average="macro"))


def _split(recipe: Recipe, flights: Flights) -> tuple[Flights, Flights]:
    """A random part to learn from and the recipe's share to validate on, each in the order of `flights`."""
    if flights.delayed.all() or not flights.delayed.any():
        raise ExportError("every flight is delayed, or none is: there is nothing to learn from them")
    order = np.random.default_rng(recipe.seed).permutation(len(flights))
    held = int(len(flights) * recipe.validation_share)
    learn, validate = flights.take(np.sort(order[held:])), flights.take(np.sort(order[:held]))
    for part in (learn, validate):
        if len(set(part.delayed.tolist())) < 2:
            raise ExportError(f"{len(flights)} flights are too few: a training or validation part has only one outcome")
    return learn, validate


def _early_stopped(
    recipe: Recipe, tables: list[Table], learn: Flights, validate: Flights, progress: Progress
) -> lgb.Booster:
    stop = lgb.early_stopping(recipe.patience, verbose=False)
    report = _reporter(progress, "choosing the number of trees", recipe.max_trees)
    return _boost(recipe, tables, learn, recipe.max_trees, [stop, report], validate)


def _boost(
    recipe: Recipe,
    tables: list[Table],
    flights: Flights,
    trees: int,
    callbacks: list[Callable[[lgb.callback.CallbackEnv], None]],
    validate: Flights | None = None,
) -> lgb.Booster:
    valid_sets = [_dataset(tables, validate)] if validate else None
    params = {**FIXED, "seed": recipe.seed, **recipe.params}
    return lgb.train(params, _dataset(tables, flights), trees, valid_sets=valid_sets, callbacks=callbacks)


def _dataset(tables: list[Table], flights: Flights) -> lgb.Dataset:
    names = [booster_name(table.name) for table in tables]
    return lgb.Dataset(matrix(tables, flights.parts), flights.delayed.astype(np.int8), feature_name=names)


def booster_name(name: str) -> str:
    """A feature's name as LightGBM writes it: it has no spaces."""
    return name.replace(" ", "_")


def _reporter(progress: Progress, what: str, trees: int) -> Callable[[lgb.callback.CallbackEnv], None]:
    def report(env: lgb.callback.CallbackEnv) -> None:
        progress(what, env.iteration + 1, trees)

    report.order = 5  # type: ignore[attr-defined]  # before early stopping (30), which ends the round by raising
    return report
