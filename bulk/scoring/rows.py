"""A block of CSV -> its rows: where each begins, its columns, and what is wrong with what is none.

Arrow reads a block whose rows are lines; any other is read a row after the other by `bulk/scoring/oddly.py`, which
decides the same where both can.
"""

import codecs
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from bulk.reading.blocks import BLOCK
from bulk.reading.dialect import Dialect
from bulk.scoring.oddly import Wrong, read_record, records

QUOTE, NEWLINE, RETURN = map(ord, '"\n\r')


@dataclass(frozen=True)
class Rows:
    """`texts` [N] is each row as it stands with a line end before it, but for the block's first; `lines` are theirs.

    `columns` are those of OPERA, SIGLADES and FECHA_PROGRAMADA, or all where they were asked for.
    """

    texts: pa.Array
    lines: NDArray[np.int64]
    columns: list[pa.Array]
    wrong: list[Wrong]


class Table(NamedTuple):
    columns: list[pa.Array]
    skipped: dict[int, str]


def read_rows(block: bytes, dialect: Dialect, every: bool = False) -> Rows:
    """`every` asks for all columns. `block` ends with a line end."""
    return _read_plain(block, dialect, every) or read_oddly(block, dialect, every)


def line_ends(block: bytes, dialect: Dialect) -> NDArray[np.int32] | None:
    """Where the lines end, before their line ends; None where some end otherwise than the first, or are blank."""
    letters = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(letters == NEWLINE).astype(np.int32)
    returns = len(dialect.line_end) - 1
    if block.count(b"\r") != returns * len(ends) or (returns and not (letters[ends - 1] == RETURN).all()):
        return None
    ends -= returns
    return None if block.startswith(dialect.line_end) or not len(ends) else ends


def line_texts(block: bytes, ends: NDArray[np.int32]) -> pa.Array:
    """Each line with the line end before it, without a copy."""
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    return pa.BinaryArray.from_buffers(pa.binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(block)])


def _read_plain(block: bytes, dialect: Dialect, every: bool) -> Rows | None:
    if block.startswith(codecs.BOM_UTF8):
        return None  # Arrow takes it for a file's mark
    ends = line_ends(block, dialect)
    quoted = b'"' in block
    if not _is_utf8(block) or ends is None or (quoted and not _quotes_fit(block, ends, dialect)):
        return None
    table = _arrow(block, dialect, every, quoted)
    if table is None or len(table.columns[0]) + len(table.skipped) != len(ends):
        return None
    texts, kept = line_texts(block, ends), np.ones(len(ends), np.bool_)
    if table.skipped:
        kept[list(table.skipped)] = False
        texts = texts.filter(pa.array(kept))
    read = [read_record(line, text.encode(), dialect) for line, text in table.skipped.items()]
    wrong = [each for each in read if isinstance(each, Wrong)]
    if len(wrong) < sum(map(bool, read)):
        return None  # Arrow does not take what is a row
    return Rows(texts, np.flatnonzero(kept), table.columns, wrong)


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _quotes_fit(block: bytes, ends: NDArray[np.int32], dialect: Dialect) -> bool:
    """Whether every quote opens or closes a field within its line, or is doubled."""
    letters = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(letters == QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    if (np.searchsorted(ends, opening) != np.searchsorted(ends, closing)).any():
        return False
    separator = ord(dialect.separator)
    before = np.where(opening > 0, letters[opening - 1], NEWLINE)
    after = letters[closing + 1]  # the block's last letter is a line end
    return bool(np.isin(before, (separator, NEWLINE, QUOTE)).all()) and bool(
        np.isin(after, (separator, NEWLINE, RETURN, QUOTE)).all()
    )


def _arrow(block: bytes, dialect: Dialect, every: bool, quoted: bool) -> Table | None:
    """None where Arrow refuses the block: it says of no row alone what is wrong with it."""
    skipped: dict[int, str] = {}

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        skipped[row.number - 1] = row.text
        return "skip"

    names = [str(place) for place in range(dialect.width)]
    wanted = names if every else [names[place] for place in dialect.places]
    types = dict.fromkeys(wanted, pa.string())
    if not every:
        types |= dict.fromkeys(wanted[:2], pa.dictionary(pa.int32(), pa.string()))
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(block),
            pyarrow.csv.ReadOptions(use_threads=False, block_size=max(len(block), BLOCK), column_names=names),
            pyarrow.csv.ParseOptions(
                delimiter=dialect.separator,
                quote_char='"' if quoted else False,
                double_quote=quoted,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            pyarrow.csv.ConvertOptions(include_columns=wanted, column_types=types, strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    return Table([column.combine_chunks() for column in table.columns], skipped)


def read_oddly(block: bytes, dialect: Dialect, every: bool = False) -> Rows:
    texts: list[bytes] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    wrong: list[Wrong] = []
    for line, text in records(block, dialect):
        read = read_record(line, text, dialect)
        if isinstance(read, Wrong):
            wrong.append(read)
        elif read:
            texts.append(dialect.line_end + text)
            rows.append(read if every else [read[place] for place in dialect.places])
            lines.append(line)
    width = dialect.width if every else len(dialect.places)
    columns = [pa.array([row[place] for row in rows], pa.string()) for place in range(width)]
    return Rows(pa.array(texts, pa.binary()), np.array(lines, np.int64), columns, wrong)
