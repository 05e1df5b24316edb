"""The start of a CSV -> how it is written, and which of its columns are which."""

import codecs
import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bulk.errors import BulkError
from export.data.headers import SEPARATORS, find, known
from service.model.keys import parse_time

RESULTS = ("delay_probability", "clase", "desconocidos", "model_version")
"""The columns that are added; a file that was scored before has them, and gets new ones."""


@dataclass(frozen=True)
class Dialect:
    """`places` are those of OPERA, SIGLADES and FECHA_PROGRAMADA; `start` is where rows begin, on line `lines` + 1."""

    separator: str
    names: tuple[str, ...]
    places: tuple[int, int, int]
    line_end: bytes
    start: int
    lines: int
    header: bytes
    """As it stands, without its end."""

    @property
    def width(self) -> int:
        return len(self.names)


def read_dialect(where: str, head: bytes, asked: Mapping[str, str]) -> Dialect:
    """`head` is the text's start. Raises ExportError."""
    if not head.strip(b"\r\n \t" + codecs.BOM_UTF8):
        raise BulkError(f"{where}: the file is empty")
    if b"\0" in head[:4096]:
        raise BulkError(f"{where}: that is no text; CSV, gzipped CSV and Parquet are read")
    _check_utf8(where, head)
    mark = len(codecs.BOM_UTF8) * head.startswith(codecs.BOM_UTF8)
    start, told = mark, re.compile(rb'"?sep=(.)"?\r?\n').match(head, mark)
    if told:
        start = told.end()
    end = _record_end(where, head, start)
    header = head[start:end].rstrip(b"\r\n")
    line_end = b"\r\n" if head[start:end].endswith(b"\r\n") else b"\n"
    separators = (told[1].decode(),) if told else SEPARATORS
    separator, names = max(
        ((each, _names(where, header, each)) for each in separators), key=lambda pair: (known(pair[1]), len(pair[1]))
    )
    _check_header(where, names)
    places = find(f"{where}, line {1 + bool(told)}", names, asked)
    lines = head.count(b"\n", 0, end) + (not head[:end].endswith(b"\n"))
    return Dialect(separator, tuple(names), places, line_end, end, lines, head[:mark] + header)


def _check_utf8(where: str, head: bytes) -> None:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        line = head.count(b"\n", 0, error.start) + 1
        around = head[max(0, error.start - 12) : error.start + 12].decode("cp1252", "replace").strip()
        raise BulkError(
            f"{where}, line {line}: not UTF-8. In Windows' encoding it says {around!r} there: "
            "if that is right, give --encoding cp1252, else the encoding that it was saved in"
        ) from None


def _record_end(where: str, head: bytes, start: int) -> int:
    """Where the header ends: at the first line end that is not within quotes."""
    end = start - 1
    while True:
        end = head.find(b"\n", end + 1)
        if end < 0:
            if b"\r" in head[start:].rstrip(b"\r\n"):
                raise BulkError(f"{where}: its lines end with CR alone; save it with LF or CRLF")
            return len(head)
        if head.count(b'"', start, end) % 2 == 0:
            return end + 1


def _names(where: str, header: bytes, separator: str) -> list[str]:
    try:
        lines = header.decode().splitlines(keepends=True)
        return next(csv.reader(lines, delimiter=separator, strict=True), [])
    except csv.Error as error:
        raise BulkError(f"{where}, line 1: not CSV: {error}") from None


def _check_header(where: str, names: list[str]) -> None:
    """A first line that names nothing and holds a time is a flight."""
    if known(names):
        return
    for name in names:
        try:
            parse_time(name.strip())
        except ValueError:
            continue
        raise BulkError(f"{where}, line 1: it holds a flight; put a line with the columns' names in front of it")
