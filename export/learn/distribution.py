"""How a feature's values are spread over flights, and how far other flights' values have moved from that."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.data.flights import Flights
from export.errors import ExportError
from export.learn.tables import Table, matrix

BINS = 10
LEAST_SHARE = 1e-4
"""Of an empty bin, as its logarithm is needed."""

CALENDAR = {"FECHA", "MES", "DIA", "temporada_alta"}

Spread = dict[str, list[float]]
"""`edges` between the bins, and the `shares` of the flights in them: one more than edges."""


def spread(values: NDArray[np.float64]) -> Spread:
    """At most ten bins, with about as many of the values in each; fewer where values repeat. NaN is in the last."""
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS, method="lower")) if len(known) else known
    return {"edges": edges.tolist(), "shares": _shares(edges, values).tolist()}


def stability_index(before: Spread, values: NDArray[np.float64]) -> float:
    """The population stability index: the sum over the bins of (now - before) * ln(now / before).

    By custom, up to 0.1 is called stable, and above 0.25 moved.
    """
    old = np.maximum(before["shares"], LEAST_SHARE)
    new = np.maximum(_shares(np.array(before["edges"]), values), LEAST_SHARE)
    return float(((new - old) * np.log(new / old)).sum())


def is_spread(table: Table) -> bool:
    """Not so a feature of the calendar: a new month is never spread as a year was."""
    return not CALENDAR & set(table.key)


def spreads(tables: Sequence[Table], flights: Flights) -> dict[str, Spread]:
    """The spread of each feature that has one."""
    chosen = [table for table in tables if is_spread(table)]
    if not chosen:
        return {}
    columns = matrix(chosen, flights.parts).T
    return {table.name: spread(column) for table, column in zip(chosen, columns, strict=True)}


def read_spreads(manifest: dict[str, Any], tables: Sequence[Table]) -> dict[str, Spread]:
    """What `spreads` gave when the bundle was made. Raises ExportError where the manifest does not tell it."""
    match manifest.get("data"):
        case {"distribution": dict() as found}:
            return {table.name: _checked(table.name, found.get(table.name)) for table in tables if is_spread(table)}
    raise ExportError(
        "the bundle does not tell how its training flights were spread: train, refresh or `convert --data` it first"
    )


def _checked(name: str, found: Any) -> Spread:
    match found:
        case {"edges": [*edges], "shares": [*shares]} if len(shares) == len(edges) + 1:
            if all(isinstance(number, float | int) for number in (*edges, *shares)):
                return {"edges": edges, "shares": shares}
    raise ExportError(
        f"manifest.json: the distribution of {name!r} should have edges, and one more of shares: {found!r}"
    )


def _shares(edges: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    places = np.searchsorted(edges, values, "left")
    return np.bincount(places, minlength=len(edges) + 1) / len(values)
