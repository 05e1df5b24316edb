"""Airlines and destinations that no table knows: counted and told in a header, or refused where strict."""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Protocol

from service.api.contract import problem
from service.api.errors import InvalidRequest, Location, Problem
from service.model.features import NAMED, Features
from service.model.keys import Parts


class UnknownCounts(Protocol):
    def unknown(self, names: Collection[str]) -> None: ...


class Names:
    def __init__(self, features: Features, counts: UnknownCounts, *, strict: bool = False) -> None:
        self._features = features
        self._strict = strict
        self.count = counts.unknown

    def unknown(self, flight: Parts, where: Location) -> tuple[str, ...]:
        """Which of OPERA and SIGLADES no table knows. Raises InvalidRequest instead where the service is strict."""
        names = self._features.unknown(flight)
        if names and self._strict:
            raise InvalidRequest([self._unknown_value(name, str(flight[NAMED.index(name)]), where) for name in names])
        return names

    def _unknown_value(self, field: str, value: str, where: Location) -> Problem:
        nearest = get_close_matches(value, sorted(self._features.known[field]), n=1, cutoff=0)
        text = f"{field} is not one that the model knows; the nearest is {nearest[0]!r}"
        return problem("unknown_value", (*where, field), text, value)


def unknown_header(names: Collection[str]) -> dict[str, str]:
    return {"x-unknown": ", ".join(names)} if names else {}
