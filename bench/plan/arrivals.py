"""When requests arrive: Poisson at one rate, and at rates that change."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.plan.service import Floats

Pieces = Sequence[tuple[float, float]]
"""Seconds and the rate that holds for so long, one after another."""


def poisson(rate: float, count: int, seed: int) -> Floats:
    """`count` arrivals at `rate` a second; those at another rate of the same seed are these, drawn out."""
    return np.cumsum(np.random.default_rng(seed).exponential(1.0, count)) / rate


def changing(pieces: Pieces, seed: int) -> Floats:
    """Arrivals at rates that change, Poisson within each piece."""
    draw = np.random.default_rng(seed)
    return np.concatenate([*_pieces(pieces, draw), np.empty(0)])


def _pieces(pieces: Pieces, draw: np.random.Generator) -> Iterator[Floats]:
    begin = 0.0
    for seconds, rate in pieces:
        count = draw.poisson(seconds * rate)
        yield begin + np.sort(draw.uniform(0.0, seconds, count))
        begin += seconds
