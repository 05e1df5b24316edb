"""Flights made up to prove on: drawn at random from what tables know, and one for every key of every table."""

from collections.abc import Iterator, Sequence
from itertools import chain, product
from typing import Any, NamedTuple

import numpy as np

from export.data.keyed import Keyed, keyed
from export.learn.tables import Table, known_values
from service.model.keys import DOMAINS, PARTS, SEPARATOR, Parts, high_season, part_value, period

RANDOM_KEYS = 100_000
NO_DAY = "0001-01-01"
"""A day that no table knows."""


class Samples(NamedTuple):
    """The flights to prove a bundle on: those that are given, one for each key of each table, and random ones."""

    flights: Keyed
    keys: Keyed
    random: Keyed


def samples(tables: Sequence[Table], flights: Sequence[Parts] = ()) -> Samples:
    """The same for tables that differ in their numbers alone."""
    return Samples(keyed(flights), Keyed(key_flights(tables)), Keyed(random_flights(tables)))


def random_flights(tables: Sequence[Table], count: int = RANDOM_KEYS, seed: int = 0) -> list[Parts]:
    """Key parts drawn at random from what the tables know, one in ten unknown; the same for the same seed."""
    random = np.random.default_rng(seed)
    columns = {part: _random_column(part, tables, count, random) for part in PARTS}
    if any("HH:MM" in table.key for table in tables):  # a flight has the ones that follow from its time
        columns["hora"] = [int(clock[:2]) for clock in columns["HH:MM"]]
    else:
        columns["HH:MM"] = [
            f"{hour:02}{clock[2:]}" for hour, clock in zip(columns["hora"], columns["HH:MM"], strict=True)
        ]
    columns["periodo_dia"] = [*map(period, columns["hora"])]
    columns["temporada_alta"] = [*map(high_season, columns["MES"], columns["DIA"])]
    return [tuple(flight) for flight in zip(*columns.values(), strict=True)]


def _random_column(part: str, tables: Sequence[Table], count: int, random: np.random.Generator) -> list[Any]:
    values: list[Any]
    if part == "HH:MM":
        values = _clocks(tables)
    elif part in DOMAINS:
        values = list(DOMAINS[part])
    elif part == "FECHA":
        values = known_values(part, [table for table in tables if not table.calendar])
        ahead = sorted({day for table in tables if table.calendar for day in table.values} - set(values))
        if ahead:  # as many as there are days of the data, which would else hardly be drawn
            values += [ahead[place] for place in random.integers(len(ahead), size=1 + len(values))]
        values += [NO_DAY]
    else:
        values = known_values(part, tables)
        values += [f"unknown {part}"] * max(1, len(values) // 9)
    return [values[place] for place in random.integers(len(values), size=count)]


def _clocks(tables: Sequence[Table]) -> list[Any]:
    """Half of them those that tables know, which would else hardly be drawn, and half of them any."""
    known = known_values("HH:MM", tables)
    return [*DOMAINS["HH:MM"], *known * (len(DOMAINS["HH:MM"]) // max(1, len(known)))]


def key_flights(tables: Sequence[Table]) -> list[Parts]:
    """A flight for each key of each table, its other parts drawn at random; none for a key that no flight can have."""
    keys = [(table.key, text) for table in tables for text in table.values]
    others = random_flights(tables, len(keys), seed=1)
    return [flight for (key, text), other in zip(keys, others, strict=True) for flight in _with_key(key, text, other)]


def _with_key(key: tuple[str, ...], text: str, other: Parts) -> Iterator[Parts]:
    texts = text.split(SEPARATOR) if len(key) > 1 else [text]
    wanted = {part: part_value(part, value) for part, value in zip(key, texts, strict=True)}
    flight: dict[str, Any] = {**dict(zip(PARTS, other, strict=True)), **wanted}
    clock = wanted.get("HH:MM")
    if clock is not None and wanted.setdefault("hora", int(str(clock)[:2])) != int(str(clock)[:2]):
        return
    flight["hora"] = wanted.get("hora", flight["hora"])
    times: Iterator[Any] = iter([(flight["MES"], flight["DIA"], flight["hora"])])
    if "periodo_dia" in wanted or "temporada_alta" in wanted:  # the time of the flight has to follow them
        others = ([wanted[part]] if part in wanted else DOMAINS[part] for part in ("MES", "DIA", "hora"))
        times = chain(times, product(*others))
    for month, day, hour in times:
        derived = {"periodo_dia": period(hour), "temporada_alta": high_season(month, day)}
        if all(wanted.get(part, value) == value for part, value in derived.items()):
            flight.update(derived, MES=month, DIA=day, hora=hour)
            flight["HH:MM"] = clock or f"{hour:02}{flight['HH:MM'][2:]}"
            yield tuple(flight[part] for part in PARTS)
            return
