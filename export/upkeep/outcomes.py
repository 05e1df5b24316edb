"""A prediction log and the flights as they flew -> the predicted flights with what happened, as a CSV of flights.

It has the real data's columns that both know, so that `drift` and `refresh` read it; each flight stands in it once,
with what was said of it last.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from export.data.flights import FlightId, read_ids, read_rows
from export.errors import ExportError

SAID = ("delay_probability", "model_version", "request_id", "time")
COLUMNS = ("Fecha-I", "OPERA", "SIGLADES", "Fecha-O", *SAID)


@dataclass(frozen=True)
class Outcomes:
    """The CSV, how many flights were predicted, and how many of them have flown."""

    content: bytes
    predicted: int
    flown: int


def join_outcomes(logs: Sequence[Path], operated: Sequence[Path]) -> Outcomes:
    """Raises ExportError, where no predicted flight has flown too."""
    said = _last_said(logs)
    flown: dict[FlightId, list[str]] = defaultdict(list)
    for path in operated:
        for flight, (left,) in zip(read_ids(path), read_rows(path, "Fecha-O"), strict=True):
            if flight in said:
                flown[flight].append(left)
    if not flown:
        raise ExportError("none of the predicted flights is among those that flew: same airline, destination and time")
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for flight in sorted(flown, key=_by_time):
        opera, siglades, when = flight
        rows.writerows([when, opera, siglades, left, *said[flight]] for left in flown[flight])
    return Outcomes(text.getvalue().encode(), len(said), len(flown))


def _last_said(logs: Sequence[Path]) -> dict[FlightId, list[str]]:
    said: dict[FlightId, list[str]] = {}
    for path in logs:
        for flight, values in zip(read_ids(path), read_rows(path, *SAID), strict=True):
            if flight not in said or values[-1] >= said[flight][-1]:
                said[flight] = values
    return said


def _by_time(flight: FlightId) -> tuple[datetime, str, str]:
    opera, siglades, when = flight
    return when, opera, siglades
