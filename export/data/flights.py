"""The flights CSV -> checked columns. It derives labels and key parts, and computes no features."""

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.data.keyed import Keyed
from export.errors import ExportError
from service.model.keys import key_parts, parse_time

LATE = timedelta(minutes=15)
"""A flight is delayed when it left more than this after its scheduled time."""

LEFT = "Fecha-O"
"""The column that is empty where a flight was cancelled."""

APART = np.timedelta64(60, "D")
FEW = 20
"""Flights that may be of any times."""

FlightId = tuple[str, str, datetime]
"""OPERA, SIGLADES and the scheduled local time."""


@dataclass(frozen=True)
class Flights:
    """N flights. `delayed` is the label `atraso_15`, bool [N]; `sha256` that of the unpacked CSV they came from.

    Flights that nobody knows the outcome of yet, those of a prediction log, have an empty `delayed`. `notes` tell a
    person what was not read as it stands.
    """

    ids: list[FlightId]
    delayed: NDArray[np.bool_]
    sha256: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def happened(self) -> bool:
        """Whether the outcomes are known."""
        return len(self.delayed) == len(self.ids)

    @cached_property
    def parts(self) -> Keyed:
        return Keyed([key_parts(*flight) for flight in self.ids])

    @cached_property
    def scheduled(self) -> NDArray[np.datetime64]:
        """Local scheduled times, datetime64[s] [N]."""
        return np.array([when for _, _, when in self.ids], dtype="datetime64[s]")

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> "Flights":
        """Those flights, with what was derived of them so far."""
        taken = Flights([self.ids[row] for row in rows], self.delayed[rows], self.sha256)
        taken.__dict__["parts"] = self.parts.take(rows)
        taken.__dict__["scheduled"] = self.scheduled[rows]
        return taken


def read_flights(path: Path) -> Flights:
    """Read a CSV of flights as the civil aviation board publishes it, plain or gzipped. Raises ExportError."""
    content = _unpack(path)
    ids: list[FlightId] = []
    delayed, lines = [], []
    bare = cancelled = 0
    for line, row in _rows(path, content, "OPERA", "SIGLADES", "Fecha-I", LEFT):
        *names, scheduled, operated = row
        when = _time(path, line, "Fecha-I", scheduled)
        if not operated.strip():
            cancelled += 1
            continue
        opera, siglades = map(str.strip, names)
        bare += [opera, siglades] != names
        ids.append((opera, siglades, when))
        delayed.append(_time(path, line, LEFT, operated) - when > LATE)
        lines.append(line)
    if not ids:
        raise ExportError(f"{path}: none of its {cancelled} flights has left: {LEFT} is empty")
    flights = Flights(
        ids, np.array(delayed, dtype=np.bool_), hashlib.sha256(content).hexdigest(), _notes(path, cancelled, bare)
    )
    rows = strays(flights.scheduled)
    if len(rows):
        raise ExportError(f"{path}, line {lines[int(rows[0])]}: {stray_sentence(flights, rows)}")
    return flights


def _notes(path: Path, cancelled: int, bare: int) -> tuple[str, ...]:
    notes = {
        f"{path}: {cancelled:,} flights that never left ({LEFT} is empty) are not counted": cancelled,
        f"{path}: {bare:,} flights have names with spaces around them, which are read without": bare,
    }
    return tuple(note for note, count in notes.items() if count)


def strays(scheduled: NDArray[np.datetime64]) -> NDArray[np.intp]:
    """The rows of the few flights that are much newer than all others.

    A mistyped year makes all others old: their weights vanish, and so do their last months.
    """
    order = np.argsort(scheduled, kind="stable")
    late = len(order) - max(1, len(order) // 100)  # one in a hundred at most is a mistake
    gaps = late + np.flatnonzero(np.diff(scheduled[order])[late - 1 :] > APART)
    return order[gaps[0] :] if len(gaps) and len(order) >= FEW else order[:0]


def stray_sentence(flights: Flights, rows: NDArray[np.intp]) -> str:
    opera, siglades, when = flights.ids[int(rows[0])]
    days = APART.astype(int)
    return (
        f"the flight of {opera} to {siglades} at {when} is more than {days} days after all but {len(rows)} "
        "of the flights: is its year mistyped?"
    )


def read_asked(path: Path) -> Flights:
    """Read a CSV that may lack Fecha-O, as the service's prediction log does. Raises ExportError."""
    content = _unpack(path)
    header = next(csv.reader(io.StringIO(_decode(path, content), newline="")), [])
    if "Fecha-O" in header:
        return read_flights(path)
    return Flights(read_ids(path), np.zeros(0, dtype=np.bool_), hashlib.sha256(content).hexdigest())


def read_ids(path: Path) -> list[FlightId]:
    """Read the flights that a CSV with OPERA, SIGLADES and Fecha-I lists. Raises ExportError."""
    rows = _rows(path, _unpack(path), "OPERA", "SIGLADES", "Fecha-I")
    return [
        (opera.strip(), siglades.strip(), _time(path, line, "Fecha-I", when)) for line, (opera, siglades, when) in rows
    ]


def read_rows(path: Path, *columns: str) -> list[list[str]]:
    """More columns of the file that `read_ids` reads, in the same order. Raises ExportError."""
    return [values for _, values in _rows(path, _unpack(path), *columns)]


def read_column(path: Path, name: str) -> list[str]:
    """One more column of the file that `read_flights` reads, of the same flights. Raises ExportError."""
    return [value for value, left in read_rows(path, name, LEFT) if left.strip()]


def _unpack(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ExportError(f"{path}: the gzip file is damaged or cut short: {error}") from None
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}") from None


def _rows(path: Path, content: bytes, *columns: str) -> Iterator[tuple[int, list[str]]]:
    """The line number and the values of `columns` of every row; at least one row, no value empty but `LEFT`."""
    reader = csv.reader(io.StringIO(_decode(path, content), newline=""), strict=True)
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise ExportError(f"{path}, line {reader.line_num}: not CSV: {error}") from None
    if header is None:
        raise ExportError(f"{path}: the file is empty")
    for column in columns:
        if column not in header:
            raise ExportError(f"{path}, line 1: there is no column {column}{_guess(header, column)}")
    places = [header.index(column) for column in columns]
    empty = True
    try:
        for row in reader:
            if row:
                empty = False
                yield reader.line_num, _values(f"{path}, line {reader.line_num}", header, row, places)
    except csv.Error as error:
        raise ExportError(f"{path}, line {reader.line_num}: not CSV: {error}") from None
    if empty:
        raise ExportError(f"{path}: there is a header and no flight")


def _guess(header: list[str], column: str) -> str:
    """What seems to be wrong with a header that lacks `column`."""
    for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) <= 2 and column in [each.strip(' "') for each in separator.join(header).split(separator)]:
            return f"; its columns are separated by {name}: save it with commas"
    alike = [each for each in header if each.strip().casefold() == column.casefold()]
    return f", but one that is written {alike[0]!r}: rename it" if alike else ""


def _values(where: str, header: list[str], row: list[str], places: list[int]) -> list[str]:
    if len(row) != len(header):
        raise ExportError(f"{where}: {len(row)} columns, and the header has {len(header)}")
    for place in places:
        if not row[place].strip() and header[place] != LEFT:
            raise ExportError(f"{where}: {header[place]} is empty")
    return [row[place] for place in places]


OTHERS = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "a zip archive, as a workbook of Excel is",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""What else people have flights in, by its first bytes."""


def _decode(path: Path, content: bytes) -> str:
    for begin, kind in OTHERS.items():
        if content.startswith(begin):
            raise ExportError(f"{path}: it is {kind}, and CSV in UTF-8 is read: save it as that")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = _column_at(content, error.start)
        raise ExportError(f"{path}, line {line}: not UTF-8 ({error.reason}) in column {column}") from None


def _column_at(content: bytes, position: int) -> str:
    """The name of the column that holds the byte at `position`, counted by commas."""
    number = content.count(b",", content.rfind(b"\n", 0, position) + 1, position)
    names = content.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip().split(",")
    return names[number] if number < len(names) and names[number].isprintable() else str(number + 1)


def _time(path: Path, line: int, column: str, text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise ExportError(f"{path}, line {line}: {column} {text!r} is not a time: {error}") from None
