"""Evidence <-> `tables/evidence.json`, checked. It counts nothing; `count.py` does."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from export.data.flights import Flights
from export.errors import ExportError
from export.learn.evidence.count import WEEK, Counted, Counts, Evidence, count
from export.learn.tables import Table
from service.model.keys import SEPARATOR, part_value

FILE = "evidence.json"

PAIR = re.compile(r"\[\n +(\d+),\n +(\d+)\n +\]")


def to_bytes(evidence: Evidence) -> bytes:
    """JSON, one key a line; its texts have no line break, so what `PAIR` finds is two numbers."""
    text = json.dumps(asdict(evidence), indent=1, ensure_ascii=False)
    return (PAIR.sub(r"[\1, \2]", text) + "\n").encode()


def from_object(path: Path, told: dict[str, Any], tables: Sequence[Table]) -> Evidence:
    """Raises ExportError where it is not evidence for these tables, or its numbers contradict each other."""
    match told:
        case {"flights": int(flights), "late": int(late), "first": str(first), "last": str(last),
              "routes": dict(routes), "tables": dict(counted)}:  # fmt: skip
            pass
        case _:
            raise ExportError(f"{path}: it should hold flights, late, first, last, routes and tables")
    if not (_is_time(first) and _is_time(last) and first <= last):
        raise ExportError(f"{path}: first and last should be the times of two flights, not {first!r:.50}, {last!r:.50}")
    own = {table.name: table for table in tables}
    if counted.keys() != own.keys():
        raise ExportError(f"{path}: its tables are not the manifest's")
    evidence = Evidence(
        flights=flights,
        late=late,
        first=first,
        last=last,
        routes={airline: _destinations(path, airline, told) for airline, told in routes.items()},
        tables={name: _counted(path, table, counted[name]) for name, table in sorted(own.items())},
    )
    _check_sums(path, evidence)
    return evidence


def _check_sums(path: Path, evidence: Evidence) -> None:
    """Each flight has one route, and at most one key of a table: none where a name has the separator in it."""
    whole = (evidence.flights, evidence.late)
    found = [counts for airline in evidence.routes.values() for counts in airline.values()]
    if _total(found) != whole:
        raise ExportError(f"{path}: its routes have {_total(found)} flights and late ones, and all are {whole}")
    for name, table in evidence.tables.items():
        total = _total([table.counts])
        if total[0] > whole[0] or total[1] > whole[1]:
            raise ExportError(f"{path}: {name!r} counts {total} flights and late ones, more than all, {whole}")


def _total(parts: Sequence[Counts]) -> tuple[int, int]:
    flights = sum(pair[0] for counts in parts for pair in counts.values())
    return flights, sum(pair[1] for counts in parts for pair in counts.values())


def _destinations(path: Path, airline: str, told: Any) -> dict[str, Counts]:
    if not isinstance(told, dict):
        raise ExportError(f"{path}: the routes of {airline!r:.50} should be an object")
    return {destination: _counts(path, WEEK, counts) for destination, counts in told.items()}


def _counted(path: Path, table: Table, told: Any) -> Counted:
    match told:
        case {"months": (int() | None) as months, "counts": counts} if not isinstance(months, bool):
            return Counted(months, _counts(path, table.key, counts))
    raise ExportError(f"{path}: {table.name!r} should have `months`, a whole number or null, and `counts`")


def _counts(path: Path, key: tuple[str, ...], told: Any) -> Counts:
    if not isinstance(told, dict):
        raise ExportError(f"{path}: counts should be an object, not {told!r:.50}")
    for text, pair in told.items():
        check_key(path, key, text)
        match pair:
            case [int(flights), int(late)] if 0 <= late <= flights > 0:
                continue
        raise ExportError(f"{path}: {text!r} should have flights and late ones, not {pair!r:.50}")
    return {text: (flights, late) for text, (flights, late) in told.items()}


def check_anew(folder: Path, evidence: Evidence, tables: Sequence[Table], flights: Flights) -> None:
    """Raises ExportError where the very flights that were counted give other counts."""
    if evidence != count(tables, flights):
        raise ExportError(f"{folder / 'tables' / FILE}: its counts are not those of the manifest's flights")


def check_key(path: Path, key: tuple[str, ...], text: str) -> None:
    """Raises ExportError where a text is no key of a table with those parts."""
    texts = text.split(SEPARATOR) if len(key) > 1 else [text]
    if len(texts) != len(key):
        raise ExportError(f"{path}: the key {text!r} should have the parts {'|'.join(key)}")
    for part, value in zip(key, texts, strict=True):
        try:
            part_value(part, value)
        except ValueError as error:
            raise ExportError(f"{path}: {error}") from None


def _is_time(text: str) -> bool:
    try:
        return str(datetime.fromisoformat(text)) == text
    except ValueError:
        return False
