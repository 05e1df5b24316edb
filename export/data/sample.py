"""A few hundred of the flights, with what happened: something to try the service with."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from export.data.flights import Flights
from service.model.keys import parse_time

COUNT = 300


def sample(flights: Flights, left: Sequence[str], count: int = COUNT) -> list[dict[str, Any]]:
    """Flights at even steps through the schedule, in order of time; `id` is a flight's place in it, from 1.

    `left` are the times at which they really left.
    """
    order = np.argsort(flights.scheduled, kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int))
    return [_told(place + 1, flights, left, int(order[place])) for place in places.tolist()]


def _told(number: int, flights: Flights, left: Sequence[str], at: int) -> dict[str, Any]:
    opera, siglades, when = flights.ids[at]
    return {
        "id": number,
        "OPERA": opera,
        "SIGLADES": siglades,
        "FECHA_PROGRAMADA": str(when),
        "minutos_de_atraso": round((parse_time(left[at]) - when).total_seconds() / 60),
        "atrasado": bool(flights.delayed[at]),
    }


def to_json(flights: list[dict[str, Any]]) -> bytes:
    """A JSON array, one flight a line."""
    lines = ",\n".join(json.dumps(flight, ensure_ascii=False) for flight in flights)
    return f"[\n{lines}\n]\n".encode()
