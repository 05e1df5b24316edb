"""Flights and a recipe -> tables and a LightGBM booster. It neither converts nor writes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from export.data.flights import Flights
from export.errors import ExportError
from export.learn.effects.effect import Effects
from export.learn.examples import Examples, make_examples
from export.learn.fitted.linear import Truth, adding_up
from export.learn.fitted.trained import Boosted, Trained, recipe_tables
from export.learn.protocols import Rows, random_part
from export.learn.recipes import AnyRecipe, Recipe
from export.learn.tables import matrix
from export.progress import Progress

if TYPE_CHECKING:
    import lightgbm as lgb

FIXED = {
    "objective": "binary",
    "verbosity": -1,
    # The same flights give the same trees, whatever the number of threads.
    "deterministic": True,
    "force_row_wise": True,
}


def train(recipe: AnyRecipe, flights: Flights, progress: Progress) -> Trained:
    """Train on every flight, a random eighth of which validates first. Raises ExportError."""
    if flights.delayed.all() or not flights.delayed.any():
        raise ExportError("every flight is delayed, or none is: there is nothing to learn from them")
    return train_on(recipe, flights, *random_part(np.arange(len(flights))), progress)


def train_on(recipe: AnyRecipe, flights: Flights, learn: Rows, validate: Rows, progress: Progress) -> Trained:
    """Choose trees and threshold on the rows `validate`, then train on those and `learn` together.

    The tables of each step are made from its own training flights only. Raises ExportError.
    """
    for part in (learn, validate):
        if len(set(flights.delayed[part].tolist())) < 2:
            raise ExportError(f"{len(flights)} flights are too few: a training or validation part has only one outcome")
    if isinstance(recipe, Effects):
        return _train_effects(recipe, flights, learn, validate, progress)
    booster, threshold = choose(recipe, flights.take(learn), flights.take(validate), progress)
    everything = flights.take(np.sort(np.concatenate([learn, validate])))
    trees = booster.current_iteration() if recipe.patience is None else booster.best_iteration
    report = _reporter(progress, "training on every flight", trees)
    examples = make_examples(recipe, everything)
    model = Boosted(_boost(recipe, examples, trees, [report]))
    return Trained(recipe, model, recipe_tables(recipe, everything), threshold)


def _train_effects(recipe: Effects, flights: Flights, learn: Rows, validate: Rows, progress: Progress) -> Trained:
    """The model adds up what the tables have: all that is learnt is in them."""
    model, held = adding_up(len(recipe.features)), flights.take(validate)
    progress("adding up effects", 0, 2)
    features = matrix(recipe_tables(recipe, flights.take(learn)), held.parts)
    threshold = best_threshold(held.delayed, model.predict(features))
    progress("adding up effects", 1, 2)
    everything = flights.take(np.sort(np.concatenate([learn, validate])))
    tables = recipe_tables(recipe, everything)
    progress("adding up effects", 2, 2)
    return Trained(recipe, model, tables, threshold)


def choose(recipe: Recipe, learn: Flights, validate: Flights, progress: Progress) -> tuple["lgb.Booster", float]:
    """A booster from `learn` with as many trees as `validate` likes best, and the best threshold there."""
    tables = recipe_tables(recipe, learn)
    features = matrix(tables, validate.parts)
    callbacks: list[Callback] = [_reporter(progress, "choosing the number of trees", recipe.max_trees)]
    if recipe.patience is not None:
        import lightgbm as lgb

        callbacks.append(lgb.early_stopping(recipe.patience, verbose=False))
    held = Examples(features, validate.delayed, np.ones(len(validate)))
    booster = _boost(recipe, make_examples(recipe, learn), recipe.max_trees, callbacks, held)
    return booster, best_threshold(validate.delayed, predict(booster, features))


def predict(truth: Truth, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """The model's own probabilities: float64 [N]."""
    return np.asarray(truth.predict(features), dtype=np.float64)


def best_threshold(delayed: NDArray[np.bool_], predicted: NDArray[np.float64]) -> float:
    """The hundredth that, as a threshold, gives the best macro F1; the lowest of them on a tie."""
    candidates = np.arange(1, 100) / 100
    late, calm = np.sort(predicted[delayed]), np.sort(predicted[~delayed])
    missed, left = (np.searchsorted(each, candidates, side="right") for each in (late, calm))
    f1 = _f1(len(late) - missed, missed + len(calm) - left) + _f1(left, missed + len(calm) - left)
    return float(candidates[np.argmax(f1)])


def _f1(right: NDArray[np.intp], wrong: NDArray[np.intp]) -> NDArray[np.float64]:
    """Of a class: how many flights are rightly said to be of it, and how many wrongly, or not. 0 for none at all."""
    return np.asarray(2 * right / np.maximum(2 * right + wrong, 1), dtype=np.float64)


Callback = Callable[["lgb.callback.CallbackEnv"], None]


def _boost(
    recipe: Recipe, examples: Examples, trees: int, callbacks: list[Callback], held: Examples | None = None
) -> "lgb.Booster":
    import lightgbm as lgb

    valid_sets = [_dataset(recipe, held)] if held else None
    params = {**FIXED, "seed": recipe.seed, **recipe.params}
    return lgb.train(params, _dataset(recipe, examples), trees, valid_sets=valid_sets, callbacks=callbacks)


def _dataset(recipe: Recipe, examples: Examples) -> "lgb.Dataset":
    import lightgbm as lgb

    names = [booster_name(feature.name) for feature in recipe.features]
    weights = None if (examples.weights == 1).all() else examples.weights
    return lgb.Dataset(examples.features, examples.delayed.astype(np.int8), weight=weights, feature_name=names)


def booster_name(name: str) -> str:
    """A feature's name as LightGBM writes it: it has no spaces."""
    return name.replace(" ", "_")


def _reporter(progress: Progress, what: str, trees: int) -> Callback:
    def report(env: "lgb.callback.CallbackEnv") -> None:
        progress(what, env.iteration + 1, trees)

    report.order = 5  # type: ignore[attr-defined]  # before early stopping (30), which ends the round by raising
    return report
