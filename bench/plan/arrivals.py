"""When requests arrive: Poisson at one rate, at rates that change, and in bursts at random (a two-state MMPP)."""

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


def bursts(rate: float, factor: float, share: float, length_s: float, seconds: float, seed: int) -> Pieces:
    """Calm and bursts in turn, of exponential length, `rate` on average.

    Bursts come `factor` times as fast as the average, last `length_s` on average and take `share` of the time.
    """
    draw = np.random.default_rng([seed, 1])
    calm = rate * (1 - factor * share) / (1 - share)
    pieces, at, burst = [], 0.0, False
    while at < seconds:
        mean = length_s if burst else length_s * (1 - share) / share
        lasts = min(float(draw.exponential(mean)), seconds - at)
        pieces.append((lasts, factor * rate if burst else calm))
        at, burst = at + lasts, not burst
    return pieces


def _pieces(pieces: Pieces, draw: np.random.Generator) -> Iterator[Floats]:
    begin = 0.0
    for seconds, rate in pieces:
        count = draw.poisson(seconds * rate)
        yield begin + np.sort(draw.uniform(0.0, seconds, count))
        begin += seconds
