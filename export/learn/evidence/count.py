"""Flights -> evidence: how many there are for each table's key and each route's hours, and how many of them were late.

The tables' values are smoothed and forget; these are plain counts, for people. No prediction depends on them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from export.data.flights import Flights
from export.data.keyed import Keys
from export.learn.ratios import is_plain, last_months
from export.learn.tables import Table

Counts = dict[str, tuple[int, int]]
"""Flights and late ones by key text, sorted."""

Routes = dict[str, dict[str, Counts]]
"""By airline and destination: those of each `dia_semana|hora`."""

WINDOW = re.compile(r"Last (\d+) Months_")
"""How `Ratio` names a table of the data's last months, as people's own tables do too."""

WEEK = ("dia_semana", "hora")


@dataclass(frozen=True)
class Counted:
    """A table's counts: over all flights, or over the last `months` of them as the table itself is."""

    months: int | None
    counts: Counts


@dataclass(frozen=True)
class Evidence:
    """`first` and `last` are the scheduled times of the oldest and the newest flight that was counted."""

    flights: int
    late: int
    first: str
    last: str
    routes: Routes
    tables: dict[str, Counted]


def count(tables: Sequence[Table], flights: Flights) -> Evidence:
    """All of the flights."""
    return Evidence(
        flights=len(flights),
        late=int(flights.delayed.sum()),
        first=_text(flights.scheduled.min()),
        last=_text(flights.scheduled.max()),
        routes=_count_routes(flights),
        tables={table.name: _count_table(table, flights) for table in sorted(tables, key=attrgetter("name"))},
    )


def add(old: Evidence | None, tables: Sequence[Table], flights: Flights) -> Evidence:
    """The old counts and those of the flights that are newer than any of them.

    Flights that reach as far back as the old ones hold them already, and are counted alone. A table of the last months
    is made of the flights given alone, so that is what its counts are of: what has left the window cannot be taken out
    of a sum.
    """
    anew = count(tables, flights)
    if old is None or anew.first <= old.first:
        return anew
    newer = flights.take(np.flatnonzero(flights.scheduled > np.datetime64(old.last, "s")))
    if not len(newer):
        return replace(old, tables={**old.tables, **{name: each for name, each in anew.tables.items() if each.months}})
    more = count(tables, newer)
    return Evidence(
        flights=old.flights + more.flights,
        late=old.late + more.late,
        first=old.first,
        last=more.last,
        routes=_added_routes(old.routes, more.routes),
        tables={name: _added_table(old.tables.get(name), more.tables[name], anew.tables[name]) for name in anew.tables},
    )


def _added_table(old: Counted | None, more: Counted, anew: Counted) -> Counted:
    if anew.months is not None or old is None:
        return anew
    return Counted(None, _sum([old.counts, more.counts]))


def _added_routes(old: Routes, new: Routes) -> Routes:
    return {
        airline: {
            destination: _sum(routes.get(airline, {}).get(destination, {}) for routes in (old, new))
            for destination in sorted({*old.get(airline, {}), *new.get(airline, {})})
        }
        for airline in sorted({*old, *new})
    }


def _sum(parts: Iterable[Counts]) -> Counts:
    total: Counts = {}
    for counts in parts:
        for key, (flights, late) in counts.items():
            before = total.get(key, (0, 0))
            total[key] = (before[0] + flights, before[1] + late)
    return dict(sorted(total.items()))


def _count_table(table: Table, flights: Flights) -> Counted:
    found = WINDOW.match(table.name)
    months = int(found[1]) if found else None
    if months is not None:
        flights = flights.take(last_months(flights, months))
    counts = _count(flights.parts.keys(table.key), flights.delayed)
    return Counted(months, {key: each for key, each in counts.items() if is_plain(key, table.key)})


def _count_routes(flights: Flights) -> Routes:
    rows: dict[tuple[str, str], list[int]] = {}
    for row, (airline, destination, _) in enumerate(flights.ids):
        rows.setdefault((airline, destination), []).append(row)
    routes: Routes = {}
    for (airline, destination), own in sorted(rows.items()):
        routes.setdefault(airline, {})[destination] = _count(flights.parts.take(own).keys(WEEK), flights.delayed[own])
    return routes


def _count(keys: Keys, delayed: NDArray[np.bool_]) -> Counts:
    names, codes = keys.used()
    late = np.bincount(codes, delayed).astype(int)
    return dict(zip(names, zip(np.bincount(codes).tolist(), late.tolist(), strict=True), strict=True))


def _text(when: np.datetime64) -> str:
    return str(when.item())
