"""What of a flight a table looks at: airline, destination, hour, weekday, date. And the tables with less of it known.

A *record* is a table by single days of the data, such as a day's share of late flights: it knows what came of them, and
nothing of a day to come. A table by date that also has days after the data is a calendar.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from operator import itemgetter

from service.model.bundle import Key, Table
from service.model.evidence.counts import Count, Counted
from service.model.keys import PARTS, Parts

AIRLINE, DESTINATION, HOUR, WEEKDAY, DATE = INPUTS = ("airline", "destination", "hour", "weekday", "date")

INPUT_OF = {
    "OPERA": AIRLINE,
    "SIGLADES": DESTINATION,
    "hora": HOUR,
    "HH:MM": HOUR,
    "periodo_dia": HOUR,
    "dia_semana": WEEKDAY,
    "FECHA": DATE,
    "MES": DATE,
    "DIA": DATE,
    "temporada_alta": DATE,
}

Coarser = Mapping[str, str | None]
"""Parts, and what is known in their place where they are not; None for nothing."""

UNDATED: Coarser = {"FECHA": "dia_semana", "MES": None, "DIA": None, "temporada_alta": None}
HOURLY: Coarser = {**UNDATED, "HH:MM": "hora"}


def inputs_of(tables: Iterable[Table]) -> tuple[str, ...]:
    """What those tables look at, in the order of `INPUTS`."""
    found = {INPUT_OF[part] for table in tables for part in table.key}
    return tuple(each for each in INPUTS if each in found)


def is_record(table: Table, last_day: str | None) -> bool:
    """`last_day` is that of the data; where nobody tells it, a table by date counts as a record."""
    if "FECHA" not in table.key:
        return False
    return last_day is None or max((str(_part(table, key, "FECHA")) for key in table.values), default="") <= last_day


def key_of(table: Table) -> Callable[[Parts], Key]:
    """What finds a flight's key of the table."""
    return itemgetter(*(PARTS.index(part) for part in table.key))


def unknown(table: Table) -> Table:
    """As it is for flights that it does not know."""
    return Table(table.name, (), table.default, {}, table.default)


def blurred(table: Table, counted: Counted | None, coarser: Coarser) -> Table:
    """The same table where less is known: the mean of what it has for what still is, over the flights of the data.

    Where nobody counted those, or none fit, the average of all flights.
    """
    if not set(table.key) & coarser.keys():
        return table
    key = tuple(dict.fromkeys(part for each in table.key if (part := coarser.get(each, each)) is not None))
    if not counted or not key:
        return Table(table.name, (), table.average, {}, table.average)
    sums: dict[tuple[str | int, ...], tuple[float, int]] = {}
    for own, value in table.values.items():
        found = counted.of(own if isinstance(own, tuple) else (own,))
        if found and found.flights and not math.isnan(value):  # a missing value is in no mean
            parts = tuple(_coarse(table, own, part) for part in key)
            total, number = sums.get(parts, (0.0, 0))
            sums[parts] = (total + found.flights * value, number + found.flights)
    values: dict[Key, float] = {
        parts[0] if len(parts) == 1 else parts: total / number for parts, (total, number) in sums.items()
    }
    return Table(table.name, key, table.average, values, table.average)


def counts_alike(table: Table, counted: Counted) -> dict[float, Count]:
    """For each value of a table, the counts of all keys that have it."""
    found: dict[float, Count] = {}
    for key, value in table.values.items():
        count = counted.of(key if isinstance(key, tuple) else (key,))
        if count and count.flights:
            flights, late = found.get(value, (0, 0))
            found[value] = Count(flights + count.flights, late + count.late)
    return found


def _coarse(table: Table, key: Key, part: str) -> str | int:
    """A part of a table's key, made of a finer one where it lacks it."""
    if part in table.key:
        return _part(table, key, part)
    if part == "hora":
        return int(str(_part(table, key, "HH:MM"))[:2])
    try:
        return date.fromisoformat(str(_part(table, key, "FECHA"))).weekday()
    except ValueError:  # such as 30 February, which is no flight's day
        return -1


def _part(table: Table, key: Key, part: str) -> str | int:
    return key[table.key.index(part)] if isinstance(key, tuple) else key
