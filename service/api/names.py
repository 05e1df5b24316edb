"""Airlines and destinations that no table knows: counted and told in a header, or refused where strict."""

from collections.abc import Collection
from difflib import get_close_matches
from functools import lru_cache
from typing import Protocol

from service.api.contract import problem
from service.api.errors import InvalidRequest, Location, Problem
from service.model.features import NAMED, Features
from service.model.keys import Parts

NEAR = 0.6
"""How much of two names has to be the same, for one to be told as near the other: difflib's ratio."""

NEAREST_KEPT = 1024
"""Names of at most `MAX_TEXT` characters whose nearest one is remembered: it takes as long as 30 predictions."""


class UnknownCounts(Protocol):
    def unknown(self, names: Collection[str]) -> None: ...


class Names:
    def __init__(self, features: Features, counts: UnknownCounts, *, strict: bool = False) -> None:
        self._features = features
        self._strict = strict
        self.count = counts.unknown
        self._known = {field: sorted(names) for field, names in features.known.items()}
        self._nearest = lru_cache(maxsize=NEAREST_KEPT)(self._find_nearest)

    def unknown(self, flight: Parts, where: Location) -> tuple[str, ...]:
        """Which of OPERA and SIGLADES no table knows. Raises InvalidRequest instead where the service is strict."""
        names = self._features.unknown(flight)
        if names and self._strict:
            raise InvalidRequest([self._unknown_value(name, str(flight[NAMED.index(name)]), where) for name in names])
        return names

    def _unknown_value(self, field: str, value: str, where: Location) -> Problem:
        nearest = self._nearest(field, value)
        told = "none is near it" if nearest is None else f"the nearest is {nearest!r}"
        text = f"{field} is not one that the model knows; {told}"
        return problem("unknown_value", (*where, field), text, value)

    def _find_nearest(self, field: str, value: str) -> str | None:
        found = get_close_matches(value, self._known[field], n=1, cutoff=NEAR)
        return found[0] if found else None


def unknown_header(names: Collection[str]) -> dict[str, str]:
    return {"x-unknown": ", ".join(names)} if names else {}
