"""A model that adds its features up: what `model.onnx` holds as a `LinearClassifier`, in float64."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import lightgbm as lgb


@dataclass(frozen=True)
class Linear:
    """Log-odds = `intercept` + features x `coefficients`, all of them numbers that float32 holds."""

    coefficients: tuple[float, ...]
    intercept: float = 0.0
    trees = 0

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        odds = features @ np.array(self.coefficients) + self.intercept
        return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)


def adding_up(count: int) -> Linear:
    """The recipe `effects`: the tables hold log-odds."""
    return Linear((1.0,) * count)


Truth: TypeAlias = "lgb.Booster | Linear"
"""What an ONNX model is proved to give: both predict probabilities, float64 [N], from features [N, F]."""
