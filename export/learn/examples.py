"""Flights and a recipe -> the rows that a booster is trained on.

A ratio that counts the flight it describes tells its outcome; folds keep the two apart.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.data.flights import Flights
from export.learn.ratios import age_weights, make_tables
from export.learn.recipes import Recipe
from export.learn.tables import matrix


@dataclass(frozen=True)
class Examples:
    """`features` float64 [N, F], `delayed` bool [N], `weights` float64 [N]."""

    features: NDArray[np.float64]
    delayed: NDArray[np.bool_]
    weights: NDArray[np.float64]


def make_examples(recipe: Recipe, flights: Flights) -> Examples:
    """One row a flight; two where the recipe has a weight for unknown days."""
    features, unknown = _features(recipe, flights)
    weights = age_weights(flights, recipe.half_life)
    if not recipe.unknown_days:
        return Examples(features, flights.delayed, weights)
    return Examples(
        np.concatenate([features, unknown]),
        np.concatenate([flights.delayed, flights.delayed]),
        np.concatenate([weights * (1 - recipe.unknown_days), weights * recipe.unknown_days]),
    )


def _features(recipe: Recipe, flights: Flights) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The flights' features as they are, and as they would be on a day that no table knows."""
    features = np.empty((len(flights), len(recipe.features)))
    unknown = np.empty_like(features)
    dated = [feature.dated for feature in recipe.features]
    for source, rows in _folds(recipe, len(flights)):
        tables = make_tables(recipe.features, flights.take(source), recipe.half_life)
        features[rows] = matrix(tables, flights.take(rows).parts)
        unknown[rows] = np.where(dated, [table.default for table in tables], features[rows])
    return features, unknown


def _folds(recipe: Recipe, count: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """For each fold, the rows that its tables come from, and its own."""
    everything = np.arange(count)
    if recipe.folds is None:
        return [(everything, everything)]
    fold = np.random.default_rng(recipe.seed).integers(recipe.folds, size=count)
    return [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(recipe.folds)]
