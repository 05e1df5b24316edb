"""Which tables give a flight its probability: exact Shapley values of its features, against the average flight.

The average flight has the mean of each feature over the flights that the model was trained on. A coalition is a set of
features that take the flight's values while the others keep the average's; the contribution of a feature is the mean,
over all orders in which features could join, of what the probability changes when it joins. So contributions add up
to the difference between the flight's probability and the average flight's. With F features all 2^F coalitions are
scored, which is why there is a limit.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.model.bundle import Table
from service.model.errors import TooManyFeatures
from service.model.explain.shapley import coalitions, shapley_weights
from service.model.features import compile_row
from service.model.keys import Parts
from service.model.turns import Line

if TYPE_CHECKING:
    from service.model.scorer import Scorer

MAX_FEATURES = 14
SLICE = 512
"""Coalitions scored before others get a turn."""

WAITING = 500
"""Explanations that may wait where nobody says how many."""


@dataclass(frozen=True)
class Explanation:
    """A flight's probability, the average flight's, and what each feature contributes to the difference, in order."""

    probability: float
    average: float
    contributions: list[float]


class Explainer:
    """Of one bundle."""

    def __init__(self, tables: Sequence[Table], scorer: "Scorer", line: Line | None = None) -> None:
        """`line` is where explanations wait for their turn."""
        self._scorer = scorer
        self._row = compile_row(tables)
        self._average = np.array([table.average for table in tables], dtype=np.float32)
        self._count = len(tables)
        self._exact = self._count <= MAX_FEATURES
        self._joined = coalitions(self._count if self._exact else 0)
        self._weights = shapley_weights(self._joined)
        self._line = line or Line(WAITING)

    async def __call__(self, flight: Parts) -> Explanation:
        """Raises TooManyFeatures and Overloaded."""
        if not self._exact:
            raise TooManyFeatures(self._count, MAX_FEATURES)
        async with self._line.turn(1):  # however many ask, a turn of the loop has one slice at most
            probabilities = await self._score_coalitions(np.frombuffer(self._row(flight), dtype=np.float32))
        contributions: list[float] = (self._weights @ probabilities).tolist()
        return Explanation(probabilities[-1].item(), probabilities[0].item(), contributions)

    async def _score_coalitions(self, row: NDArray[np.float32]) -> NDArray[np.float64]:
        """Their probabilities, [2**F]: the empty coalition's first, that of all features last."""
        scored = []
        for start in range(0, len(self._joined), SLICE):
            some = np.where(self._joined[start : start + SLICE], row, self._average)
            scored.append(self._scorer.score(some).astype(np.float64))
            await asyncio.sleep(0)
        return np.concatenate(scored)
