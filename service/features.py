"""The manifest's features compiled into dict lookups: a flight's key parts -> its row of floats.

It neither parses requests nor runs the model.
"""

from collections.abc import Sequence
from operator import itemgetter

from service.bundle import Table
from service.keys import PARTS, Parts

Row = tuple[float, ...]
"""One value a feature, in the manifest's order: what the model takes."""

NAMED = ("OPERA", "SIGLADES")
"""The open parts: a flight may name one that no table knows."""


class Features:
    def __init__(self, tables: Sequence[Table]) -> None:
        self._lookups = [(t.values.get, itemgetter(*map(PARTS.index, t.key)), t.default) for t in tables]
        self.known = {part: _known(part, tables) for part in NAMED}
        self._airlines = self.known["OPERA"]
        self._destinations = self.known["SIGLADES"]

    def row(self, parts: Parts) -> Row:
        return tuple([get(key(parts), default) for get, key, default in self._lookups])

    def unknown(self, parts: Parts) -> tuple[str, ...]:
        """The names among OPERA and SIGLADES whose value no table knows."""
        airline = parts[0] in self._airlines or not self._airlines
        destination = parts[1] in self._destinations or not self._destinations
        if airline and destination:
            return ()
        return tuple(name for name, known in zip(NAMED, (airline, destination), strict=True) if not known)


def _known(part: str, tables: Sequence[Table]) -> frozenset[str]:
    """Every value of `part` in the tables' keys; empty where no table looks at it."""
    values: set[str] = set()
    for table in tables:
        if table.key == (part,):
            values.update(key for key in table.values if isinstance(key, str))
        elif part in table.key:
            at = table.key.index(part)
            values.update(str(key[at]) for key in table.values if isinstance(key, tuple))
    return frozenset(values)
