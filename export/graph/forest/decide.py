"""How LightGBM decides a split, and the same decision as steps along the numbers, which ONNX can express.

LightGBM's `NumericalDecision` and `CategoricalDecision` are the model for both; `align.py` holds them to each other.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from export.graph.forest.trees import NAN, NONE, ZERO, Split

NEAR_ZERO = float(np.float32(1e-35))
"""LightGBM's `kZeroThreshold`: what is no farther from zero it reads as zero."""

LARGEST_CATEGORY = 1 << 20
"""A half more or less is still exact in float32."""


@dataclass(frozen=True)
class Steps:
    """Numbers up to the first of `edges` go left where `left`, those up to the next go the other way, and so on."""

    edges: tuple[float, ...]
    left: bool
    nan_left: bool


def goes_left(split: Split, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """What LightGBM decides for each of `values`."""
    if split.members is not None:
        whole = np.trunc(np.where(np.isnan(values), -1, values))
        return np.isin(whole, sorted(split.members))
    missing = np.isnan(values)
    numbers = np.where(missing | (np.abs(values) <= NEAR_ZERO), 0.0, values)
    if split.missing == ZERO:
        missing = numbers == 0
    elif split.missing == NONE:
        missing = np.zeros_like(missing)
    return np.where(missing, split.default_left, numbers <= split.threshold)


def steps(split: Split) -> Steps:
    """The whole numbers among the categories only: `align.py` makes the tables' values whole."""
    if split.members is not None:
        return _category_steps(split.members)
    nan_left = split.threshold >= 0 if split.missing == NONE else split.default_left
    if split.missing in (NONE, NAN):
        return Steps((split.threshold,), True, nan_left)
    edges = sorted({split.threshold, math.nextafter(-NEAR_ZERO, -math.inf), NEAR_ZERO})
    sides = [*goes_left(split, np.array(edges)).tolist(), False]
    turns = tuple(edge for edge, (side, after) in zip(edges, pairwise(sides), strict=True) if side != after)
    return Steps(turns, sides[0], nan_left)


def _category_steps(members: frozenset[int]) -> Steps:
    starts = {member - 0.5 for member in members if member - 1 not in members}
    ends = {member + 0.5 for member in members if member + 1 not in members}
    return Steps(tuple(sorted(starts | ends)), False, False)
