"""The fit is scikit-learn's where both apply, and has no gradient left where an offset is given."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from export.learn.effects.ridge import Block, fit

Float64 = NDArray[np.float64]


def drawn() -> tuple[list[Block], Float64, Float64]:
    draw = np.random.default_rng(1)
    blocks = [Block(draw.integers(size, size=3000), size, scale) for size, scale in ((3, 1.0), (40, 0.5), (7, 0.3))]
    odds = -1.5 + sum(draw.normal(size=block.size)[block.codes] for block in blocks)
    return blocks, (draw.random(3000) < 1 / (1 + np.exp(-odds))).astype(float), draw.random(3000)


def design(blocks: list[Block]) -> Float64:
    return np.hstack([block.scale * np.eye(block.size)[block.codes] for block in blocks])


@pytest.mark.parametrize("strength", [0.01, 0.2, 5.0])
def test_it_is_scikit_learns_ridge(strength: float) -> None:
    blocks, outcomes, weights = drawn()
    found = fit(blocks, outcomes, weights, strength)
    theirs = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-12).fit(design(blocks), outcomes, weights)
    scales = np.concatenate([np.full(block.size, block.scale) for block in blocks])
    assert np.concatenate(found.effects) == pytest.approx(scales * theirs.coef_[0], abs=1e-5)
    assert found.base == pytest.approx(theirs.intercept_[0], abs=1e-5)
    assert found.log_odds == pytest.approx(theirs.decision_function(design(blocks)), abs=1e-5)


def test_an_offset_is_log_odds_that_are_there_already() -> None:
    blocks, outcomes, weights = drawn()
    first = fit(blocks[:1], outcomes, weights, 0.2)
    second = fit(blocks[1:], outcomes, weights, 0.2, first.log_odds)
    assert second.base == 0.0
    columns = design(blocks[1:])
    scales = np.concatenate([np.full(block.size, block.scale) for block in blocks[1:]])
    beta = np.concatenate(second.effects) / scales
    assert second.log_odds == pytest.approx(first.log_odds + columns @ beta)
    gradient = columns.T @ (0.2 * weights * (1 / (1 + np.exp(-second.log_odds)) - outcomes)) + beta
    assert np.abs(gradient).max() < 1e-6
