"""Many flights' key parts, and the keys that they have: spelled once, whichever of them tables are then made of."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from service.model.keys import PARTS, Parts, key_text

Rows = NDArray[np.intp]
Key = tuple[str, ...]


class Keys(NamedTuple):
    """Key texts, sorted, and the place of each flight's among them, intp [N].

    Of a part of the flights, `names` are those of all: some of them may be nobody's.
    """

    names: list[str]
    codes: Rows

    def used(self) -> "Keys":
        """Without the names that are nobody's."""
        there = np.bincount(self.codes, minlength=len(self.names)) > 0
        names = [name for name, used in zip(self.names, there.tolist(), strict=True) if used]
        return Keys(names, (np.cumsum(there) - 1)[self.codes])


class Keyed(Sequence[Parts]):
    """The key parts of N flights, and what is known of their keys so far, which a part of them shares."""

    def __init__(self, parts: Sequence[Parts]) -> None:
        self._parts = parts
        self._known: dict[Key, Keys] = {}
        self._rows: Rows | None = None

    def keys(self, key: Key) -> Keys:
        if key not in self._known:
            self._known[key] = _spelled(self._parts, key)
        found = self._known[key]
        return found if self._rows is None else Keys(found.names, found.codes[self._rows])

    def take(self, rows: Sequence[int] | Rows) -> "Keyed":
        """Those flights."""
        taken = Keyed(self._parts)
        taken._known = self._known
        taken._rows = np.asarray(rows, dtype=np.intp) if self._rows is None else self._rows[rows]
        return taken

    @cached_property
    def _own(self) -> Sequence[Parts]:
        return self._parts if self._rows is None else [self._parts[row] for row in self._rows.tolist()]

    def __len__(self) -> int:
        return len(self._parts) if self._rows is None else len(self._rows)

    def __iter__(self) -> Iterator[Parts]:
        return iter(self._own)

    @overload
    def __getitem__(self, place: int) -> Parts: ...
    @overload
    def __getitem__(self, place: slice) -> "Keyed": ...
    def __getitem__(self, place: int | slice) -> "Parts | Keyed":
        return self.take(np.arange(len(self))[place]) if isinstance(place, slice) else self._own[place]


def keyed(parts: Sequence[Parts]) -> Keyed:
    """The same flights; what is known of their keys is kept."""
    return parts if isinstance(parts, Keyed) else Keyed(parts)


def _spelled(parts: Sequence[Parts], key: Key) -> Keys:
    values = list(map(itemgetter(*(PARTS.index(part) for part in key)), parts))
    spell = key_text if len(key) > 1 else str
    texts = {value: spell(value) for value in set(values)}  # flights repeat their keys
    names = sorted(set(texts.values()))
    place = {name: number for number, name in enumerate(names)}
    code = {value: place[text] for value, text in texts.items()}
    return Keys(names, np.fromiter(map(code.__getitem__, values), np.intp, len(values)))
