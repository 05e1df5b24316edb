from itertools import permutations

import numpy as np
import pytest

from service.model.explain.shapley import coalitions, shapley_weights


def test_the_weights_are_those_of_the_definition() -> None:
    """A game of four players: the mean over all orders of what each changes by joining."""
    joined = coalitions(4)
    assert not joined[0].any()
    assert joined[-1].all()
    worth = np.random.default_rng(0).random(16)
    value = {frozenset(np.flatnonzero(row).tolist()): number for row, number in zip(joined, worth, strict=True)}
    expected = np.zeros(4)
    for order in permutations(range(4)):
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            expected[player] += (value[before | {player}] - value[before]) / 24
    assert shapley_weights(joined) @ worth == pytest.approx(expected, abs=1e-15)
