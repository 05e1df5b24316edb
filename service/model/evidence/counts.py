"""`tables/evidence.json` -> how many flights the data have for a table's key or a route's hours, how many of them late.

For who explains or tells what was flown; no probability depends on it, and no prediction looks here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from service.model.files import LARGEST_JSON, BundleError, check_sha256, read_bytes, short
from service.model.keys import DOMAINS, SEPARATOR, key_text

NAME = "evidence.json"

WEEK = ("dia_semana", "hora")
"""The key of a route's counts."""

HOURS: dict[str, tuple[int, int]] = {
    key_text((day, hour)): (int(day), int(hour)) for day in DOMAINS["dia_semana"] for hour in DOMAINS["hora"]
}
"""Each hour of a week by its text in that key, Monday's midnight first: the weekday and the hour."""


class Count(NamedTuple):
    flights: int
    late: int


@dataclass(frozen=True)
class Counted:
    """A table's counts by key text; of the last `months` of the data, or of all of them."""

    months: int | None
    counts: Mapping[str, Sequence[int]]

    def of(self, parts: Sequence[str | int]) -> Count | None:
        """None where a name has the separator in it: such keys are in no table, and were not counted."""
        if len(parts) > 1 and any(SEPARATOR in str(part) for part in parts):
            return None
        return Count(*self.counts.get(key_text(parts), (0, 0)))


@dataclass(frozen=True)
class Evidence:
    tables: Mapping[str, Counted]
    routes: Mapping[str, Mapping[str, Mapping[str, Sequence[int]]]]
    """By airline and destination: the counts of each `dia_semana|hora`."""

    def weeks(self) -> dict[str, dict[str, list[int]]]:
        """The flights of each route in each hour of a week: 168 numbers, those of Monday at midnight first."""
        return {
            airline: {place: [found.get(hour, (0,))[0] for hour in HOURS] for place, found in destinations.items()}
            for airline, destinations in self.routes.items()
        }


def read_evidence(folder: Path, sha256: str) -> Evidence:
    """The file in the folder of the tables. Raises BundleError."""
    path = folder / NAME
    content = read_bytes(path, LARGEST_JSON)
    check_sha256(path, content, sha256)
    try:
        told = orjson.loads(content)
    except ValueError as error:
        raise BundleError(path, f"not JSON: {error}") from None
    match told:
        case {"tables": dict(tables), "routes": dict(routes)}:
            counted = {name: _counted(path, name, table) for name, table in tables.items()}
            for airline, destinations in routes.items():
                for counts in _object(path, airline, destinations).values():
                    _check(path, airline, counts)
                    if strange := counts.keys() - HOURS.keys():
                        raise BundleError(path, f"{short(min(strange))} of {short(airline)} is no hour of a week")
            return Evidence(counted, routes)
    raise BundleError(path, "it should hold `tables` and `routes`")


def _counted(path: Path, name: str, told: Any) -> Counted:
    match told:
        case {"months": (int() | None) as months, "counts": counts}:
            _check(path, name, counts)
            return Counted(months, counts)
    raise BundleError(path, f"{short(name)} should have `months` and `counts`")


def _check(path: Path, name: str, counts: Any) -> None:
    for key, pair in _object(path, name, counts).items():
        if not _is_count(pair):
            text = f"{short(key)} of {short(name)} should have flights and late ones, not {short(pair)}"
            raise BundleError(path, text)


def _is_count(pair: Any) -> bool:
    """Without a `match`, which takes three times as long: there are thousands of them."""
    return type(pair) is list and len(pair) == 2 and type(pair[0]) is type(pair[1]) is int and 0 <= pair[1] <= pair[0]


def _object(path: Path, name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BundleError(path, f"{short(name)} should have an object, not {short(value)}")
    return value
