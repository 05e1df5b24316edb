"""The manifest's features compiled into dict lookups: a flight's key parts -> its row of float32 values.

And what people type -> the name that the tables have for it. It neither parses requests nor runs the model.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from struct import Struct, unpack
from typing import Any
from unicodedata import normalize

from service.model.bundle import Table
from service.model.keys import PARTS, Parts, fold, unambiguous

Row = bytes
"""One float32 a feature, in the manifest's order: what the model takes, and a key that hashes fast."""

Pairs = bytes
"""What the model gives to rows: float32 [N, 2], that each flight is on time and that it is late."""

PAIR = 8
"""Bytes of one."""

_pack = Struct("f").pack


def delays(pairs: Pairs) -> list[float]:
    """The probability of a delay of each row."""
    return list(unpack(f"{len(pairs) // 4}f", pairs)[1::2])


NAMED = ("OPERA", "SIGLADES")
"""The open parts: a flight may name one that no table knows."""


UNKNOWN = {
    known: tuple(name for name, is_known in zip((*NAMED, "FECHA"), known, strict=True) if not is_known)
    for known in product((False, True), repeat=3)
}
"""By which of them are known, the names of the others."""

LONGEST = 256
"""Characters of a name that is told in a header."""

LENGTHENED = 3
"""How many times as long as its folded form a name is at most that is looked for: a bound on what that costs."""

FOUND = 1024
"""Texts of a part that are remembered with what was found: the same ones come again, and folding one takes as long as
all of a flight's lookups. They have `LENGTHENED * LONGEST` characters at most, so that is 3 MB at most.
"""


class Features:
    def __init__(self, tables: Sequence[Table], names: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """`names` are the bundle's spellings; without them only the tables' own names are known, folded."""
        self.row_size = 4 * len(tables)
        self.row: Callable[[Parts], Row] = compile_row(tables)
        self.known = {part: known_values(part, tables) for part in NAMED}
        self._dates = known_values("FECHA", tables) if any(table.calendar for table in tables) else None
        self._airlines = self.known["OPERA"]
        self._destinations = self.known["SIGLADES"]
        given = names or {part: spelled(known) for part, known in self.known.items()}
        self._spellings = {part: Spellings(given.get(part, {}), self.known[part]) for part in NAMED}
        self.spellings = {part: each.names for part, each in self._spellings.items()}

    def unknown(self, parts: Parts) -> tuple[str, ...]:
        """Which of OPERA and SIGLADES no table knows, and FECHA where its day is beyond the calendar."""
        airline = parts[0] in self._airlines or not self._airlines
        destination = parts[1] in self._destinations or not self._destinations
        date = self._dates is None or parts[2] in self._dates
        if airline and destination and date:
            return ()
        return UNKNOWN[airline, destination, date]

    def find(self, part: str, text: str) -> str | None:
        """The name that the tables have for what somebody wrote as OPERA or SIGLADES, if it is clear which."""
        return self._spellings[part].find(text)

    def name(self, part: str, text: str) -> str:
        """What an OPERA or SIGLADES is looked up as: the name that the tables have for it, or the text itself."""
        return text if text in self.known[part] else self.find(part, text) or text


class Spellings:
    """Of one part: folded spellings with their names."""

    def __init__(self, names: Mapping[str, str], known: frozenset[str]) -> None:
        self.names = {text: name for text, name in names.items() if name in known and len(name) <= LONGEST}
        self._most = LENGTHENED * max(map(len, self.names), default=0)
        self._found = lru_cache(maxsize=FOUND)(self._find)

    def find(self, text: str) -> str | None:
        text = text.strip()
        return None if len(text) > self._most else self._found(text)

    def _find(self, text: str) -> str | None:
        if not text.isascii() and len(normalize("NFKD", text)) > self._most:
            return None
        return self.names.get(fold(text))


def spelled(names: Iterable[str]) -> dict[str, str]:
    """The names by their folded spelling."""
    return unambiguous((fold(name), name) for name in names)


def compile_row(tables: Sequence[Table]) -> Callable[[Parts], Row]:
    """One expression with all lookups: `join((get0(parts[1], default0), get1((parts[0], parts[5]), default1), …))`.

    It takes half the time of a loop over the tables. Only places and our own names are in its text.
    """
    names: dict[str, Any] = {"join": b"".join}
    lookups = []
    for number, table in enumerate(tables):
        places = [f"parts[{PARTS.index(part)}]" for part in table.key]
        key = places[0] if len(places) == 1 else f"({', '.join(places)})"
        names[f"get{number}"] = {key: _pack(value) for key, value in table.values.items()}.get
        names[f"default{number}"] = _pack(table.default)
        lookups.append(f"get{number}({key}, default{number})")
    row: Callable[[Parts], Row] = eval(f"lambda parts: join(({', '.join(lookups)},))", names)
    return row


def known_values(part: str, tables: Sequence[Table]) -> frozenset[str]:
    """Every value of `part` in the tables' keys; empty where no table looks at it."""
    values: set[str] = set()
    for table in tables:
        if table.key == (part,):
            values.update(key for key in table.values if isinstance(key, str))
        elif part in table.key:
            at = table.key.index(part)
            values.update(str(key[at]) for key in table.values if isinstance(key, tuple))
    return frozenset(values)
