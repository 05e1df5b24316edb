"""Golden vectors: flights with their features and the probability that LightGBM itself gives them.

Whoever runs the model elsewhere, in another runtime or another language, can check it against them.
"""

import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from export.data.flights import FlightId
from export.learn.fitted.linear import Truth
from export.learn.fitted.trained import raised
from export.learn.tables import Table, known_values, matrix
from export.learn.train import predict
from service.model.keys import PARTS, key_parts, parse_time

COUNT = 1_000
STEP = timedelta(days=3, hours=17, minutes=23)  # walks through every month, day, weekday and hour
START = datetime(2017, 1, 1, 0, 30)


def golden_flights(tables: Sequence[Table]) -> list[FlightId]:
    """Flights with every airline and destination that the tables know, an unknown one in between, at all times."""
    airlines = [*known_values("OPERA", tables), "Aerolínea Nueva"]
    destinations = [*known_values("SIGLADES", tables), "Ciudad Nueva"]
    return [
        (airlines[n % len(airlines)], destinations[n * 5 % len(destinations)], START + n * STEP) for n in range(COUNT)
    ]


def golden_vectors(tables: Sequence[Table], truth: Truth, level: float = 0.0) -> list[dict[str, Any]]:
    flights = golden_flights(tables)
    features = matrix(tables, [key_parts(*flight) for flight in flights])
    predicted = raised(predict(truth, features), level)
    return [
        {
            "OPERA": opera,
            "SIGLADES": siglades,
            "FECHA_PROGRAMADA": str(when),
            "features": [None if math.isnan(value) else value for value in row.tolist()],
            "delay_probability": float(probability),
        }
        for (opera, siglades, when), row, probability in zip(flights, features, predicted, strict=True)
    ]


TIMES = (
    "2017-11-27 13:00", "2017-11-27T13:00", "2017-11-27 13:00:59", "2017-11-27 13:00:00.5",
    "2017-11-27T13:00:00,123456789", "2017-11-27T13:00Z", "2017-11-27T13:00:00.000Z", "2017-11-27 13:00-03:00",
    "2017-11-27 13:00+0000", "2017-11-27 13:00+09", "2017-11-27T02:30Z", "2017-12-31 23:59-14:00",
    "2018-01-01T02:59Z", "2017-05-14T02:59Z", "2017-05-14T03:00Z", "2017-08-13T03:59Z", "2017-08-13T04:00Z",
    "2017-11-27 13:00+23:59", "2016-02-29 00:00", "2016-02-29T01:00Z", "1950-06-01 12:00Z", "2030-07-01T12:00Z",
    "2030-01-01T12:00Z", "0001-01-01 00:00", "9999-12-31 23:59:59", "2017-11-27", "2017-11-27 13", "2017-11-27 1:00",
    "27/11/2017 13:00", "20171127T1300", "2017-W48-1 13:00", "2017-11-27t13:00", "2017-11-27 13:00z",
    "2017-11-27 13:00 +0300", "2017-11-27 13:00+3", "2017-11-27 13:00+24:00", " 2017-11-27 13:00",
    "2017-11-27 13:00 ", "2017-11-27 13:00\n", "2017-11-27  13:00", "2017-02-29 10:00", "1900-02-29 10:00",
    "2017-04-31 10:00", "2017-13-01 10:00", "2017-00-01 10:00", "2017-11-00 10:00", "0000-01-01 00:00",
    "2017-11-27 23:60", "2017-11-27 25:00", "2017-11-27 23:59:60", "2017-11-27 13:00.5", "2017-11-27 13:00:00.",
    "0001-01-01 00:00Z", "9999-12-31 23:59-03:00", "-017-11-27 13:00", "+2017-11-27 13:00",
    "2017-11-27 13:00-03:00:00", "", "ma\u00f1ana", "\N{FULLWIDTH DIGIT TWO}017-11-27 13:00", "2017-11-27 13:00\0",
)  # fmt: skip
"""Forms that the service reads, offsets and their days and seasons among them, and near ones that it refuses."""


def golden_times() -> list[dict[str, Any]]:
    """What the service reads each of `TIMES` as; None where it refuses it."""
    return [{"FECHA_PROGRAMADA": text, **_time_parts(text)} for text in TIMES]


def _time_parts(text: str) -> dict[str, Any]:
    names = ("FECHA", "dia_semana", "hora")
    try:
        parts = dict(zip(PARTS, key_parts("", "", parse_time(text)), strict=True))
    except ValueError:
        return dict.fromkeys(names)
    return {name: parts[name] for name in names}


def to_json(vectors: Sequence[dict[str, Any]]) -> bytes:
    """A JSON array, one vector a line."""
    lines = ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors)
    return f"[\n{lines}\n]\n".encode()
