"""How flights are held out for a measurement: which rows to learn from, to validate on and to test on.

It looks at times and lists, and never at an outcome.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.data.flights import FlightId, Flights
from export.errors import ExportError

Rows = NDArray[np.intp]

VALIDATION_SHARE = 0.125
"""Of what is not tested: with a fifth to test on, 70 % learn, 10 % validate."""

TESTED_MONTHS = 6


@dataclass(frozen=True)
class Split:
    """Rows of the flights; a model tested here is made from `learn` and `validate` only."""

    name: str
    learn: Rows
    validate: Rows
    test: Rows


def reference_split(flights: Flights, listed: Sequence[FlightId]) -> list[Split]:
    """Test on just the listed flights; the others are the same days' and weeks'. Raises ExportError."""
    held = held_out(flights, listed)
    return [Split("reference-split", *random_part(np.flatnonzero(~held)), np.flatnonzero(held))]


def backtest(flights: Flights, tested: int = TESTED_MONTHS) -> list[Split]:
    """Each of the last months, with all before it: the newest month of those to validate on. Raises ExportError."""
    month_of = flights.scheduled.astype("datetime64[M]")
    months = np.unique(month_of)
    if len(months) < tested + 2:
        raise ExportError(f"a backtest needs flights of {tested + 2} months, and these are of {len(months)}")
    return [
        Split(
            str(month),
            np.flatnonzero(month_of < before),
            np.flatnonzero(month_of == before),
            np.flatnonzero(month_of == month),
        )
        for before, month in zip(months[-tested - 1 : -1], months[-tested:], strict=True)
    ]


def random_part(rows: Rows, share: float = VALIDATION_SHARE, seed: int = 0) -> tuple[Rows, Rows]:
    """Rows to learn from and, at random, the share to validate on, each in order."""
    order = np.random.default_rng(seed).permutation(len(rows))
    held = int(len(rows) * share)
    return rows[np.sort(order[held:])], rows[np.sort(order[:held])]


def held_out(flights: Flights, listed: Sequence[FlightId]) -> NDArray[np.bool_]:
    """Which of `flights` are listed, counting repeats: bool [N]. Raises ExportError for one that is not there."""
    left = Counter(listed)
    held = np.zeros(len(flights), dtype=np.bool_)
    for row, flight in enumerate(flights.ids):
        if left[flight] > 0:
            left[flight] -= 1
            held[row] = True
    absent = +left
    if absent:
        opera, siglades, when = next(iter(absent))
        raise ExportError(
            f"{absent.total()} of the listed flights are not in the data; the first is {opera} to {siglades} at {when}"
        )
    if held.all():
        raise ExportError("the list holds every flight of the data: none is left to train on")
    return held
