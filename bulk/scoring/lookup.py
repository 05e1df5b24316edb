"""The bundle's tables as arrays: where many flights' key parts stand -> their rows of features, all at once.

It gives what `service/model/features.py` gives a flight after the other.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bulk.scoring.when import When, read_when
from service.model.bundle import Table
from service.model.features import LONGEST, NAMED, Features
from service.model.keys import DOMAINS, PARTS

Places = NDArray[np.integer]

DENSE = 1 << 22
"""Keys of a table that is an array with a value for each; a larger one is searched."""

KEPT = 1 << 16
"""Spellings of names that are remembered."""

OF_CLOCK = ("hora", "periodo_dia", "HH:MM")
"""Parts that a time of day gives; a date gives the others."""

WRONG = -1


class Found(NamedTuple):
    """Of N flights: float32 [N, F]; which of them are flights; which have an unknown airline (1), destination (2)."""

    matrix: NDArray[np.float32]
    good: NDArray[np.bool_]
    unknown: NDArray[np.uint8]


class Lookup:
    def __init__(self, features: Features, tables: Sequence[Table]) -> None:
        self._names = [Names(part, features) for part in NAMED]
        dates = {str(key[table.key.index("FECHA")] if isinstance(key, tuple) else key)
                 for table in tables if "FECHA" in table.key for key in table.values}  # fmt: skip
        self._codes: dict[str, dict[str | int, int]] = {
            **{part: {value: code for code, value in enumerate(values)} for part, values in DOMAINS.items()},
            **{names.part: names.codes for names in self._names},
            "FECHA": {date: code for code, date in enumerate(sorted(dates))},
        }
        self._columns = [Column(table, self._codes) for table in tables]
        self._used = {part for table in tables for part in table.key}

    def __call__(self, opera: pa.Array, siglades: pa.Array, when: pa.Array) -> Found:
        """Columns of texts, plain or dictionary-encoded, without nulls."""
        times = read_when(when)
        codes = [names(column) for names, column in zip(self._names, (opera, siglades), strict=True)]
        good = times.good & (codes[0] != WRONG) & (codes[1] != WRONG)
        unknown = np.zeros(len(good), np.uint8)
        for flag, names, code in zip((1, 2), self._names, codes, strict=True):
            unknown |= np.uint8(flag) * (code == names.unknown)
        places = self._places(times, codes)
        matrix = np.empty((len(good), len(self._columns)), np.float32)
        for number, column in enumerate(self._columns):
            matrix[:, number] = column(places)
        return Found(matrix, good, unknown)

    def _places(self, times: When, codes: Sequence[Places]) -> dict[str, Places]:
        """The code of every part that a table looks at; where a flight is none, any."""
        places = {part: np.maximum(code, 0) for part, code in zip(NAMED, codes, strict=True) if part in self._used}
        for at, part in enumerate(PARTS[len(NAMED) :]):
            if part in self._used:
                rows, known = (times.clock, times.clocks) if part in OF_CLOCK else (times.date, times.dates)
                code, other = self._codes[part], len(self._codes[part])
                table = np.array([code.get(each[at], other) for each in known] or [other], np.int32)
                places[part] = table[rows]
        return places


class Names:
    """The codes of the airlines or destinations that tables know; the next one is that of all others."""

    def __init__(self, part: str, features: Features) -> None:
        self.part = part
        self.codes: dict[str | int, int] = {name: code for code, name in enumerate(sorted(features.known[part]))}
        self.unknown = len(self.codes) if self.codes else -2  # where no table looks at names, none is unknown
        self._features = features
        self._read: dict[str, int] = {}

    def __call__(self, column: pa.Array) -> Places:
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        codes = np.array([self._code(text) for text in column.dictionary.to_pylist()] or [0], np.int32)
        found: Places = codes[column.indices.to_numpy()]
        return found

    def _code(self, text: str) -> int:
        code = self._read.get(text)
        if code is None:
            if len(self._read) >= KEPT:
                self._read.clear()
            code = self._read[text] = self._find(text)
        return code

    def _find(self, text: str) -> int:
        if not text.strip() or len(text) > LONGEST:
            return WRONG
        return self.codes.get(self._features.name(self.part, text), len(self.codes))


class Column:
    """One feature."""

    def __init__(self, table: Table, codes: dict[str, dict[str | int, int]]) -> None:
        self._steps: list[tuple[str, int]] = []
        size = 1
        for part in table.key:
            self._steps.append((part, size))
            size *= len(codes[part]) + 1
        keys = [key if isinstance(key, tuple) else (key,) for key in table.values]
        places = np.array(
            [
                sum(codes[part][value] * step for (part, step), value in zip(self._steps, key, strict=True))
                for key in keys
            ],
            np.int64,
        )
        values = np.fromiter(table.values.values(), np.float64, len(keys)).astype(np.float32)
        self._default = np.float32(table.default)
        self._sparse = size > DENSE
        if self._sparse:
            order = np.argsort(places)
            self._keys, self._values = places[order], values[order]
        else:
            self._values = np.full(size, self._default)
            self._values[places] = values

    def __call__(self, places: dict[str, Places]) -> NDArray[np.float32]:
        (first, _), *more = self._steps
        at = places[first].astype(np.int64) if self._sparse else places[first]
        for part, step in more:
            at = at + places[part] * (np.int64(step) if self._sparse else np.int32(step))
        if not self._sparse:
            return self._values[at]
        if not len(self._keys):
            return np.full(len(at), self._default)
        found = np.minimum(np.searchsorted(self._keys, at), len(self._keys) - 1)
        return np.where(self._keys[found] == at, self._values[found], self._default)
