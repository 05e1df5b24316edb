"""A model with its tables: flights -> probabilities, and the same model with newer tables. It trains nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from export.data.flights import Flights
from export.learn.effects.effect import Effects
from export.learn.effects.fitted import effect_tables
from export.learn.fitted.linear import Linear, Truth
from export.learn.ratios import make_tables
from export.learn.recipes import AnyRecipe
from export.learn.tables import Table, matrix
from service.model.keys import Parts

if TYPE_CHECKING:
    import lightgbm as lgb

Float64 = NDArray[np.float64]


class Model(Protocol):
    """What was fitted, of any kind: it takes what the tables have for flights."""

    @property
    def trees(self) -> int:
        """0 where it has none."""

    def predict(self, features: Float64) -> Float64:
        """The probability of a delay of each row, float64 [N], from features [N, F]."""


@dataclass(frozen=True)
class Boosted:
    """LightGBM's trees."""

    booster: "lgb.Booster"

    @property
    def trees(self) -> int:
        return int(self.booster.num_trees())

    def predict(self, features: Float64) -> Float64:
        return np.asarray(self.booster.predict(features), dtype=np.float64)


@dataclass(frozen=True)
class Trained:
    """`chosen_threshold` maximises macro F1 on the validation flights; `level` is added to all log-odds."""

    recipe: AnyRecipe
    model: Model
    tables: list[Table]
    chosen_threshold: float
    level: float = 0.0

    @property
    def truth(self) -> Truth:
        """What its ONNX model is proved against."""
        return self.model if isinstance(self.model, Linear) else self.booster

    @property
    def booster(self) -> "lgb.Booster":
        assert isinstance(self.model, Boosted)
        return self.model.booster

    def predict(self, parts: Sequence[Parts]) -> Float64:
        """The probability of a delay of each flight, float64 [N]."""
        return raised(self.model.predict(matrix(self.tables, parts)), self.level)

    def predict_undated(self, parts: Sequence[Parts]) -> Float64:
        """The same without the level, as if each flight's day were one of the future."""
        features = matrix(self.tables, parts)
        dated = [feature.dated for feature in self.recipe.features]
        return self.model.predict(np.where(dated, [table.default for table in self.tables], features))

    def with_tables_of(self, flights: Flights) -> "Trained":
        """The same model with tables made from `flights`, without a level."""
        return replace(self, tables=recipe_tables(self.recipe, flights), level=0.0)


def recipe_tables(recipe: AnyRecipe, flights: Flights) -> list[Table]:
    """The tables of a recipe's features, as training makes them and a refresh does."""
    if isinstance(recipe, Effects):
        return effect_tables(recipe, flights)
    return make_tables(recipe.features, flights, recipe.half_life)


def raised(predicted: Float64, level: float) -> Float64:
    """Probabilities with `level` added to their log-odds; for none they are as they were, to the bit."""
    if not level:
        return predicted
    odds = predicted * np.exp(level)
    return np.asarray(odds / (1 - predicted + odds), dtype=np.float64)
