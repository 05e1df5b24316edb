"""The tables' names and the flights' codes -> `names.json`: how people write names, and what the tables call them.

A spelling that could mean two names is left out: who writes it is told that it is unknown.
"""

import re
from collections import Counter
from collections.abc import Iterator

from export.data.codes import Codes
from export.learn.tables import Table, known_values
from service.model.keys import fold, unambiguous

Spellings = dict[str, dict[str, str]]
"""For OPERA and SIGLADES: folded spelling -> name."""

FIELDS = ("OPERA", "SIGLADES")

MOST = 0.99
"""The share of a code's flights that have to have one name: single flights are diverted, or mistyped."""

SHORTEST = 4
"""Letters of a word in capitals that airlines are called by, as the LATAM of `Grupo LATAM`; `SPA` is none."""


def spellings(tables: list[Table], codes: Codes | None = None, old: Spellings | None = None) -> Spellings:
    """`old` are an earlier bundle's, kept where nothing speaks against them."""
    found: Spellings = {}
    for field in FIELDS:
        names = known_values(field, tables)
        kept = {spelling: name for spelling, name in (old or {}).get(field, {}).items() if name in names}
        others = [*_coded((codes or {}).get(field, {})), *kept.items(), *_short(names, field)]
        found[field] = _clear(names, others)
    return found


def _clear(names: list[str], others: list[tuple[str, str]]) -> dict[str, str]:
    """The names' own spellings, and of the other ones those that are nobody's own."""
    own = [(fold(name), name) for name in names]
    taken = {spelling for spelling, _ in own}
    further = unambiguous(pair for pair in others if pair[0] not in taken)
    known = {spelling: name for spelling, name in further.items() if name in names}
    return dict(sorted((unambiguous(own) | known).items()))


def _coded(codes: dict[str, Counter[str]]) -> Iterator[tuple[str, str]]:
    """A code with its name, or with each of them where it has no clear one."""
    for code, flights in codes.items():
        ((name, most),) = flights.most_common(1)
        for each in [name] if most >= MOST * flights.total() else flights:
            yield fold(code), each


def _short(names: list[str], field: str) -> Iterator[tuple[str, str]]:
    """What names are called for short: up to a comma or bracket, and airlines by a word that no other one has."""
    shared = Counter(word for name in names for word in set(fold(name).split()))
    for name in names:
        yield fold(re.split(r",|\(", name)[0]), name
        if field == "OPERA":
            yield from ((word, name) for word in _words(name) if shared[word] == 1)


def _words(name: str) -> list[str]:
    """Those in capitals where not all are, or else the first one."""
    words = name.split()
    capitals = [word for word in words if word.isupper() and word.isalpha() and len(word) >= SHORTEST]
    return [fold(word) for word in (capitals if capitals and not name.isupper() else words[:1])]
