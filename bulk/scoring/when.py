"""Columns of scheduled times as text -> where their key parts stand in short lists; `service/model/keys.py` reads each.

Of the usual form, `YYYY-MM-DD HH:MM[:SS]`, a column has few dates and few times of day: each is read once a block. What
a date gives does not depend on the time of day, nor the other way round; tests hold every hour of many years to that.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from service.model.keys import TimeParts, time_parts

Places = NDArray[np.int32]

LONG, SHORT = 19, 16
"""Characters of the usual form."""
DATE = 10

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)


@dataclass(frozen=True)
class When:
    """`date` [N] and `clock` [N] are places in `dates` and `clocks`, and -1 where a text is no time."""

    date: Places
    clock: Places
    dates: list[TimeParts]
    clocks: list[TimeParts]

    @property
    def good(self) -> NDArray[np.bool_]:
        return (self.date >= 0) & (self.clock >= 0)


def read_when(texts: pa.StringArray) -> When:
    count = len(texts)
    date, clock = np.full(count, -1, np.int32), np.full(count, -1, np.int32)
    found = When(date, clock, [], [])
    lengths = np.diff(_offsets(texts))
    usual = np.zeros(count, np.bool_)
    for length in (LONG, SHORT):
        those = lengths == length
        if not those.any():
            continue
        matrix = _letters(texts if those.all() else texts.filter(pa.array(those))).reshape(-1, length)
        gaps = matrix[:, DATE]
        those[those] = fits = (gaps == ord(" ")) | (gaps == ord("T"))
        matrix = matrix if fits.all() else matrix[fits]
        date[those] = _places(matrix[:, :DATE], _date, found.dates)
        clock[those] = _places(matrix[:, DATE + 1 :], _clock, found.clocks)
        usual |= those & found.good
    _read_rare(texts, np.flatnonzero(~usual), found)
    return found


def _offsets(texts: pa.StringArray) -> Places:
    offsets: Places = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return offsets


def _letters(texts: pa.StringArray) -> NDArray[np.uint8]:
    """Of all texts, one behind the other."""
    offsets = _offsets(texts)
    return np.frombuffer(texts.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]


def _places(letters: NDArray[np.uint8], read: Callable[[bytes], TimeParts | None], known: list[TimeParts]) -> Places:
    """Where the parts of each row of letters stand in `known`, which grows; -1 where it has none."""
    rows, width = letters.shape
    column = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), rows, [None, pa.py_buffer(np.ascontiguousarray(letters))]
    ).dictionary_encode()
    places = np.array([_add(read(text), known) for text in column.dictionary.to_pylist()] or [-1], np.int32)
    found: Places = places[column.indices.to_numpy()]
    return found


def _read_rare(texts: pa.StringArray, rows: NDArray[np.intp], found: When) -> None:
    """Times of any other form that the API takes, with an offset from UTC most of all, and what is no time."""
    if not len(rows):
        return
    column = texts.take(pa.array(rows)).dictionary_encode()
    read = [_rare(text) for text in column.dictionary.to_pylist()]
    indices = column.indices.to_numpy()
    for places, known in ((found.date, found.dates), (found.clock, found.clocks)):
        places[rows] = np.array([_add(parts, known) for parts in read], np.int32)[indices]


def _add(parts: TimeParts | None, known: list[TimeParts]) -> int:
    if parts is None:
        return -1
    known.append(parts)
    return len(known) - 1


@lru_cache(maxsize=1 << 14)
def _date(text: bytes) -> TimeParts | None:
    date = text.decode("latin-1")
    return _rare(f"{date} 00:00") if _DATE.fullmatch(date) else None


@lru_cache(maxsize=1 << 14)
def _clock(text: bytes) -> TimeParts | None:
    clock = text.decode("latin-1")
    return _rare(f"2000-01-01 {clock}") if _CLOCK.fullmatch(clock) else None


def _rare(text: str) -> TimeParts | None:
    try:
        return time_parts(text)
    except ValueError:
        return None
