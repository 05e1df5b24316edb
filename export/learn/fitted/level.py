"""How much more is late than a model says, lately: one number to add to all log-odds."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from export.data.flights import Flights
from export.learn.fitted.trained import Float64, Trained, raised

HALF_LIFE = np.timedelta64(21, "D")
"""A flight that much older than the newest counts half."""

SHRINKAGE = 300.0
"""Flights' worth of doubt that there is anything to add."""


def level(delayed: NDArray[np.bool_], predicted: Float64, weights: Float64) -> float:
    """The one number x, added to the log-odds, for which sum of w (y - p) = 300 x."""

    from scipy.optimize import brentq

    def off(added: float) -> float:
        return float((weights * (delayed - raised(predicted, added))).sum() - SHRINKAGE * added)

    most = float(weights.sum()) / SHRINKAGE + 1  # |y - p| is less than 1
    return float(brentq(off, -most, most, xtol=1e-12))


def recent_weights(flights: Flights) -> Float64:
    ages = (flights.scheduled.max() - flights.scheduled) / HALF_LIFE
    return np.asarray(0.5**ages, dtype=np.float64)


def refreshed(trained: Trained, flights: Flights) -> Trained:
    """The same model with tables made from `flights`, and the level that they ask for.

    The level is for days that nobody knows yet, so each flight's own day is taken as unknown.
    """
    plain = trained.with_tables_of(flights)
    return replace(plain, level=level(flights.delayed, plain.predict_undated(flights.parts), recent_weights(flights)))
