"""Shapley values: what each player changes by joining, as the mean over all orders in which players can join."""

from math import factorial

import numpy as np
from numpy.typing import NDArray


def coalitions(count: int) -> NDArray[np.bool_]:
    """Who has joined in each coalition: [2**count, count], nobody in the first, all in the last.

    Player number i has joined those whose own number has the bit i.
    """
    joined: NDArray[np.bool_] = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
    return joined


def shapley_weights(joined: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How much what each coalition is worth counts for each player: [count, 2**count]."""
    count = joined.shape[1]
    sizes = joined.sum(axis=1)
    # The share of the orders in which exactly `size` others have joined before a player does.
    share = np.array([factorial(size) * factorial(count - 1 - size) / factorial(count) for size in range(count)])
    with_it = np.append(0.0, share)[sizes]
    without_it = np.append(share, 0.0)[sizes]
    weights: NDArray[np.float64] = np.where(joined, with_it[:, None], -without_it[:, None]).T
    return weights
