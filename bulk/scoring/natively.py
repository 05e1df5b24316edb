"""A block of CSV read in Rust, where that was built: plain lines there, the others as `bulk/scoring/rows.py` does."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from bulk.reading.dialect import Dialect
from bulk.scoring.lookup import Found, Lookup
from bulk.scoring.model import reason
from bulk.scoring.oddly import Wrong, read_record
from bulk.scoring.rows import line_texts
from service.model.bundle import Table

try:
    import atraso_native
except ImportError:
    atraso_native = None  # type: ignore[assignment]

INTERFACE = 4
"""Of the module that this one was written for."""

Rows = Callable[[bytes, int, bool, int, tuple[int, int, int]], tuple[bytearray, bytes, list[int]] | None]


class Natively(NamedTuple):
    """`texts` is each line with a line end before it, but for the first; those that are no flight are in `wrong`."""

    texts: pa.Array
    found: Found
    wrong: list[Wrong]


def reader_of(tables: tuple[Table, ...]) -> Rows | None:
    """None where the module was not built, or not of this version, or the tables are beyond it."""
    if atraso_native is None or atraso_native.INTERFACE != INTERFACE or not hasattr(atraso_native.Reader, "lines"):
        return None
    try:
        return atraso_native.Reader([(each.key, each.values, each.default, each.calendar) for each in tables]).lines
    except ValueError:
        return None


def read_natively(rows: Rows, block: bytes, dialect: Dialect, lookup: Lookup) -> Natively | None:
    """None where rows may be more than lines."""
    if block.startswith(dialect.line_end):
        return None
    returns = len(dialect.line_end) > 1
    read = rows(block, ord(dialect.separator), returns, dialect.width, dialect.places)
    if read is None:
        return None
    matrix = np.frombuffer(read[0], np.float32)
    ends = np.frombuffer(read[1], np.int32)
    found = Found(matrix.reshape(len(ends), -1), np.ones(len(ends), np.bool_), np.zeros(len(ends), np.uint8))
    texts = line_texts(block, ends)
    return Natively(texts, found, _read_others(read[2], texts, found, dialect, lookup))


def _read_others(others: list[int], texts: pa.Array, found: Found, dialect: Dialect, lookup: Lookup) -> list[Wrong]:
    """Put what they are into `found`; what is wrong with the rest."""
    found.good[others] = False
    wrong: list[Wrong] = []
    lines, rows = [], []
    for line in others:
        text = texts[line].as_py().strip(b"\r\n")
        fields = read_record(line, text, dialect)
        if isinstance(fields, Wrong):
            wrong.append(fields)
        elif fields:
            lines.append(line)
            rows.append([fields[place] for place in dialect.places])
    if rows:
        of_those = lookup(*(pa.array(column, pa.string()) for column in zip(*rows, strict=True)))
        found.matrix[lines], found.good[lines], found.unknown[lines] = of_those
        for place in np.flatnonzero(~of_those.good).tolist():
            text = texts[lines[place]].as_py().strip(b"\r\n").decode()
            wrong.append(Wrong(lines[place], reason(*rows[place]), text))
    return sorted(wrong)
