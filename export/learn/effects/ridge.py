"""Ridge logistic regression on what flights have in common: codes -> one log-odds a code. It knows no flights.

Each column of codes stands for a one-hot block, so products with the design are a lookup and a count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Codes = NDArray[np.intp]

STEPS = 50
ENOUGH = 1e-9
"""Largest gradient, in weighted flights, at which the fit ends."""


@dataclass(frozen=True)
class Block:
    """`codes` [N] from 0 to `size`; `scale` is the column's: the smaller, the more its effects are shrunk."""

    codes: Codes
    size: int
    scale: float


@dataclass(frozen=True)
class Fit:
    """Log-odds: an effect for each code of each block, and the one of all flights (0 where none was asked for)."""

    effects: list[Float64]
    base: float
    log_odds: Float64
    """Of each flight that it was fitted to, with the offset."""


def fit(
    blocks: Sequence[Block],
    outcomes: Float64,
    weights: Float64,
    strength: float,
    offset: Float64 | None = None,
) -> Fit:
    """The effects b with the least sum of w * loss * `strength` + b^2 / 2, by Newton's method.

    With an `offset`, log-odds that are there already, no base is fitted: it is in them. The same input gives the same
    effects. `strength` is what scikit-learn calls C.
    """
    design = _Design(blocks, with_base=offset is None)
    beta, start = np.zeros(design.width), np.zeros(len(outcomes)) if offset is None else offset
    loss = np.inf
    for _ in range(STEPS):
        odds = start + design.times(beta)
        chance = 1 / (1 + np.exp(-odds))
        gradient = design.back(strength * weights * (chance - outcomes)) + design.ridge * beta
        if np.abs(gradient).max() < ENOUGH:
            break
        step = _solve(design, strength * weights * chance * (1 - chance), -gradient)
        size, before = 1.0, _loss(odds, outcomes, weights, strength, beta, design) if loss == np.inf else loss
        while (loss := _loss(start + design.times(beta + size * step), outcomes, weights, strength, beta + size * step,
                             design)) > before + 1e-10 * abs(before) and size > 1e-6:  # fmt: skip
            size /= 2
        beta = beta + size * step
    effects = [design.scales[place] * beta[own] for place, own in enumerate(design.slices)]
    return Fit(effects, float(beta[-1]) if design.with_base else 0.0, start + design.times(beta))


class _Design:
    """The blocks side by side, and one column of ones behind them where a base is fitted, which is not shrunk."""

    def __init__(self, blocks: Sequence[Block], with_base: bool) -> None:
        ends = np.cumsum([0, *(block.size for block in blocks)])
        self.codes = [block.codes for block in blocks]
        self.scales = [block.scale for block in blocks]
        self.slices = [slice(int(start), int(end)) for start, end in pairwise(ends)]
        self.with_base = with_base
        self.width = int(ends[-1]) + with_base
        self.ridge = np.ones(self.width)
        if with_base:
            self.ridge[-1] = 0.0

    def times(self, beta: Float64) -> Float64:
        total = np.zeros(len(self.codes[0]))
        for codes, scale, own in zip(self.codes, self.scales, self.slices, strict=True):
            total += scale * beta[own][codes]
        return total + beta[-1] if self.with_base else total

    def back(self, rows: Float64, power: int = 1) -> Float64:
        """The design's transpose, its entries to that power, times a number for each row."""
        parts = [
            scale**power * np.bincount(codes, rows, own.stop - own.start)
            for codes, scale, own in zip(self.codes, self.scales, self.slices, strict=True)
        ]
        return np.concatenate([*parts, [rows.sum()]] if self.with_base else parts)


def _loss(odds: Float64, outcomes: Float64, weights: Float64, strength: float, beta: Float64, design: _Design) -> float:
    losses = np.logaddexp(0.0, odds) - outcomes * odds
    return float(strength * (weights * losses).sum() + 0.5 * (design.ridge * beta * beta).sum())


def _solve(design: _Design, curvature: Float64, wanted: Float64) -> Float64:
    """The Newton step, by conjugate gradients with the diagonal in front: to a hundredth, for the next one mends it."""
    diagonal = design.back(curvature, 2) + design.ridge
    step, rest = np.zeros_like(wanted), wanted.copy()
    scaled = rest / diagonal
    direction, size = scaled.copy(), float(rest @ scaled)
    enough = 1e-4 * size
    for _ in range(500):
        if size <= enough:
            break
        image = design.back(curvature * design.times(direction)) + design.ridge * direction
        length = size / float(direction @ image)
        step += length * direction
        rest -= length * image
        scaled = rest / diagonal
        size, before = float(rest @ scaled), size
        direction = scaled + size / before * direction
    return step
