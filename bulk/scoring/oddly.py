"""Rows of CSV that are not simply lines: quoted line breaks, quotes that do not close, mixed line ends, broken text."""

import csv
from collections.abc import Iterator
from typing import NamedTuple

from bulk.reading.blocks import BLOCK
from bulk.reading.dialect import Dialect
from service.api.contract import FIELDS
from service.model.keys import parse_time

LONGEST = BLOCK // 2
"""Characters of a row: a longer one may have been cut between blocks."""

csv.field_size_limit(LONGEST)


class Wrong(NamedTuple):
    """What is no flight. `line` is counted within the block, from 0."""

    line: int
    reason: str
    text: str


def records(block: bytes, dialect: Dialect) -> Iterator[tuple[int, bytes]]:
    """Each row with its line, without its line end. A quote that does not close costs its line, and no other."""
    lines = block.removesuffix(b"\n").split(b"\n")
    at = 0
    while at < len(lines):
        end, quotes = at, lines[at].count(b'"')
        while quotes % 2 and end + 1 < len(lines):
            end += 1
            quotes += lines[end].count(b'"')
        if end > at and not _is_one(lines[at : end + 1], dialect):
            end = at
        yield at, b"\n".join(lines[at : end + 1]).removesuffix(b"\r")
        at = end + 1


def read_record(line: int, text: bytes, dialect: Dialect) -> list[str] | Wrong:
    """The fields of a row; none where it is blank."""
    try:
        return _fields(text.decode(), dialect)
    except (csv.Error, ValueError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        return Wrong(line, reason, text.decode(errors="backslashreplace"))


def is_blank(text: str, dialect: Dialect) -> bool:
    return not text.strip(dialect.separator + " \t\r\n")


def _fields(text: str, dialect: Dialect) -> list[str]:
    """Raises csv.Error, and ValueError where they are not as many as the first line names."""
    if is_blank(text, dialect):
        return []
    if len(text) > LONGEST:
        raise ValueError(f"a row of {len(text):,} characters")
    if '"' in text:
        lines = [f"{line}\n" for line in text.split("\n")]
        fields = next(csv.reader(lines, delimiter=dialect.separator, strict=True))
    else:
        fields = text.split(dialect.separator)
    if len(fields) != dialect.width:
        raise ValueError(f"{len(fields)} fields, and the first line names {dialect.width}")
    return fields


def _is_one(lines: list[bytes], dialect: Dialect) -> bool:
    """Whether these lines are one row: of the right shape, and with no flight among them that a quote swallowed."""
    try:
        fields = _fields(b"\n".join(lines).decode(), dialect)
    except (csv.Error, ValueError):
        return False
    if any("\n" in fields[place] for place in dialect.places if fields):
        return False
    return not any(_is_flight(line.decode(), dialect) for line in lines[1:])


def _is_flight(line: str, dialect: Dialect) -> bool:
    parts = line.split(dialect.separator)
    return len(parts) >= len(FIELDS) and any(map(_is_time, parts))


def _is_time(text: str) -> bool:
    try:
        parse_time(text.strip())
    except ValueError:
        return False
    return True
