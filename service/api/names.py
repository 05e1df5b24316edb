"""Airlines and destinations as people write them: read as those that the tables have, and told in headers.

What stays unknown is counted and told too, or refused where the service is strict. A day beyond the tables' calendar is
only counted.
"""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import quote

from service.api.contract import MAX_TEXT, problem
from service.api.errors import InvalidRequest, Location, Problem
from service.model.features import NAMED, Features, spelled
from service.model.keys import Parts, fold

NEAR = 0.6
"""How much of two folded names has to be the same, for one to be told as near the other: difflib's ratio."""

NEAREST_KEPT = 1024
"""Names of at most `MAX_TEXT` characters whose nearest one is remembered: it takes as long as 30 predictions."""


class NameCounts(Protocol):
    def unknown(self, names: Collection[str], flights: int = 1) -> None: ...

    def read_as(self, names: Collection[str], flights: int = 1) -> None: ...


class Reading(NamedTuple):
    """A flight with a name that is not in the tables as it came, or on a day beyond their calendar."""

    flight: Parts
    """With the names that the tables have, where it is clear which are meant."""
    unknown: tuple[str, ...]
    """Which of OPERA and SIGLADES no table knows."""
    read_as: dict[str, str]
    """The others, and what they were read as."""
    beyond: bool = False
    """Whether the day is beyond the calendar: it is taken for a working day."""

    def headers(self) -> dict[str, str]:
        return _headers(self.unknown, {field: quote(name, safe="") for field, name in self.read_as.items()})


class Tally:
    """What the readings of many flights had in common: the headers do not grow with them."""

    def __init__(self) -> None:
        self._unknown: set[str] = set()
        self._read_as: dict[str, int] = {}

    def add(self, reading: Reading) -> None:
        self._unknown.update(reading.unknown)
        for name in reading.read_as:
            self._read_as[name] = self._read_as.get(name, 0) + 1

    def add_many(self, unknown: Sequence[int], read_as: Sequence[int]) -> None:
        """How many flights had such a name, by `NAMED`."""
        for name, some, others in zip(NAMED, unknown, read_as, strict=True):
            if some:
                self._unknown.add(name)
            if others:
                self._read_as[name] = self._read_as.get(name, 0) + others

    def headers(self) -> dict[str, str]:
        """How many flights had a name read as another one, by field."""
        return _headers(sorted(self._unknown), dict(sorted(self._read_as.items())))


class Names:
    def __init__(self, features: Features, counts: NameCounts, *, strict: bool = False) -> None:
        self._features = features
        self._strict = strict
        self._counts = counts
        self._known = {field: spelled(names) for field, names in features.known.items()}
        self._nearest = lru_cache(maxsize=NEAREST_KEPT)(self._find_nearest)

    def read(self, flight: Parts, where: Location) -> Reading | None:
        """None where the tables know names and day. Raises InvalidRequest where a name is unknown and strict."""
        names = self._features.unknown(flight)
        return self._read(flight, names, where) if names else None

    def _read(self, flight: Parts, names: tuple[str, ...], where: Location) -> Reading:
        opera, siglades = flight[:2]
        unknown: tuple[str, ...] = ()
        found: dict[str, str] = {}
        beyond = False
        for name in names:
            if name == "FECHA":
                beyond = True
            elif (known := self._features.find(name, opera if name == "OPERA" else siglades)) is None:
                unknown += (name,)
            else:
                found[name] = known
        if unknown and self._strict:
            written = {"OPERA": opera, "SIGLADES": siglades}
            raise InvalidRequest([self._unknown_value(name, written[name], where) for name in unknown])
        if found:
            flight = (found.get("OPERA", opera), found.get("SIGLADES", siglades), *flight[2:])
        return Reading(flight, unknown, found, beyond)

    def count(self, reading: Reading) -> None:
        self._counts.unknown((*reading.unknown, "FECHA") if reading.beyond else reading.unknown)
        self._counts.read_as(reading.read_as)

    def count_many(self, unknown: Sequence[int], read_as: Sequence[int]) -> None:
        """How many flights had such a name, by `NAMED`."""
        for name, some, others in zip(NAMED, unknown, read_as, strict=True):
            if some:
                self._counts.unknown((name,), some)
            if others:
                self._counts.read_as((name,), others)

    def _unknown_value(self, field: str, value: str, where: Location) -> Problem:
        nearest = self._nearest(field, fold(value)[:MAX_TEXT])
        told = "none is near it" if nearest is None else f"the nearest is {nearest!r}"
        text = f"{field} is not one that the model knows; {told}"
        return problem("unknown_value", (*where, field), text, value)

    def _find_nearest(self, field: str, value: str) -> str | None:
        found = get_close_matches(value, self._known[field], n=1, cutoff=NEAR)
        return self._known[field][found[0]] if found else None


def headers_of(reading: Reading | None) -> dict[str, str]:
    return reading.headers() if reading else {}


def _headers(unknown: Collection[str], read_as: Mapping[str, object]) -> dict[str, str]:
    headers = {"x-unknown": ", ".join(unknown)} if unknown else {}
    if read_as:
        headers["x-read-as"] = ", ".join(f"{field}={value}" for field, value in read_as.items())
    return headers
