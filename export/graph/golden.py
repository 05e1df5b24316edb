"""Golden vectors: flights with their features and the probability that LightGBM itself gives them.

Whoever runs the model elsewhere, in another runtime or another language, can check it against them.
"""

import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import lightgbm as lgb

from export.data.flights import FlightId
from export.learn.tables import Table, known_values, matrix
from export.learn.train import predict
from service.model.keys import key_parts

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


def golden_vectors(tables: Sequence[Table], booster: lgb.Booster) -> list[dict[str, Any]]:
    flights = golden_flights(tables)
    features = matrix(tables, [key_parts(*flight) for flight in flights])
    return [
        {
            "OPERA": opera,
            "SIGLADES": siglades,
            "FECHA_PROGRAMADA": str(when),
            "features": [None if math.isnan(value) else value for value in row.tolist()],
            "delay_probability": float(probability),
        }
        for (opera, siglades, when), row, probability in zip(flights, features, predict(booster, features), strict=True)
    ]


def to_json(vectors: Sequence[dict[str, Any]]) -> bytes:
    """A JSON array, one vector a line."""
    lines = ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors)
    return f"[\n{lines}\n]\n".encode()
