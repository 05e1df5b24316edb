"""Columns -> numbers for a model: dummies, or delay ratios over several windows.

Each maker learns from its source rows only, and then makes features for any rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.learn.protocols import Rows
from export.learn.ratios import months_before
from export.tried.columns import NAMES, Table

Matrix = NDArray[np.float32]
"""[N, F]: a row a flight, a column a feature."""

WINDOWS = (None, 1, 3, 6, 12)
"""Months back from the newest source flight; None is all of them."""


@dataclass(frozen=True)
class Features:
    """`of` gives the features of any rows, in the order of `names`."""

    names: list[str]
    of: Callable[[Rows], Matrix]

    def only(self, places: Sequence[int]) -> "Features":
        return Features([self.names[place] for place in places], lambda rows: self.of(rows)[:, list(places)])


Maker = Callable[[Table, Rows], Features]
"""From all flights and the rows that may be learnt from."""


def dummies(*columns: str) -> Maker:
    """A 0 or 1 for each value of each column."""

    def make(table: Table, source: Rows) -> Features:
        chosen = [(name, table.columns[name]) for name in columns]
        names = [f"{name}_{label}" for name, column in chosen for label in column.labels]

        def of(rows: Rows) -> Matrix:
            blocks = [np.eye(len(column.labels), dtype=np.float32)[column.codes[rows]] for _, column in chosen]
            return np.concatenate(blocks, axis=1)

        return Features(names, of)

    return make


def ratios(columns: Sequence[str] = NAMES, windows: Sequence[int | None] = WINDOWS) -> Maker:
    """The delay ratio of each column's value, over each window."""

    def make(table: Table, source: Rows) -> Features:
        pairs = [(name, window) for window in windows for name in columns]
        numbers = [_ratios(table, source, name, window) for name, window in pairs]
        names = [f"{name}, {'all months' if window is None else f'last {window} months'}" for name, window in pairs]

        def of(rows: Rows) -> Matrix:
            found = [values[table.columns[name].codes[rows]] for (name, _), values in zip(pairs, numbers, strict=True)]
            return np.stack(found, axis=1).astype(np.float32)

        return Features(names, of)

    return make


def _ratios(table: Table, source: Rows, name: str, window: int | None) -> NDArray[np.float64]:
    """By code; the rate of the window for a value that it lacks."""
    if window is not None:
        scheduled = table.flights.scheduled[source]
        source = source[scheduled >= np.datetime64(months_before(scheduled.max().item(), window), "s")]
    column, delayed = table.columns[name], table.flights.delayed[source]
    codes, count = column.codes[source], len(column.labels)
    totals = np.bincount(codes, minlength=count)
    late = np.bincount(codes, delayed, minlength=count)
    return np.where(totals > 0, late / np.maximum(totals, 1), delayed.mean())
