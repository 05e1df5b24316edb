"""Thousands of different flights, always the same ones, and the probability that each has to get.

The shipped golden flights come first, with LightGBM's own probabilities; the others are drawn from the airlines and
destinations that the tables know, and their probabilities computed in this process.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from bench.model import Matrix, Model
from service.api.contract import FIELDS
from service.model.bundle import Table
from service.model.keys import key_parts
from service.settings import ROOT

COUNT = 5_000
SEED = 2017
GOLDEN = ROOT / "examples" / "golden.json"
MINUTES = 365 * 24 * 60

Flight = tuple[str, str, str]
"""The values of FIELDS."""


@dataclass(frozen=True)
class Flights:
    """Each has an entry a flight: its JSON, the model's features, the probability of a delay."""

    bodies: list[bytes]
    matrix: Matrix
    probabilities: list[float]
    threshold: float


def make(count: int = COUNT) -> Flights:
    """`count` flights, no two alike. Raises BundleError."""
    model = Model()
    golden: list[dict[str, Any]] = json.loads(GOLDEN.read_bytes())[:count]
    chosen: dict[Flight, None] = {(f["OPERA"], f["SIGLADES"], f["FECHA_PROGRAMADA"]): None for f in golden}
    tables = model.bundle.tables
    draw, airlines, destinations = random.Random(SEED), known("OPERA", tables), known("SIGLADES", tables)
    while len(chosen) < count:
        when = datetime(2017, 1, 1) + timedelta(minutes=draw.randrange(MINUTES))
        chosen[draw.choice(airlines), draw.choice(destinations), str(when)] = None
    matrix = model.matrix([key_parts(name, to, datetime.fromisoformat(when)) for name, to, when in chosen])
    probabilities = [*(flight["delay_probability"] for flight in golden), *model.score(matrix)[len(golden) :]]
    bodies = [orjson.dumps(dict(zip(FIELDS, flight, strict=True))) for flight in chosen]
    return Flights(bodies, matrix, probabilities, model.bundle.threshold)


def known(part: str, tables: Sequence[Table]) -> list[str]:
    """Every value of `part`, OPERA or SIGLADES, that a table is looked up by."""
    return sorted({key for table in tables if table.key == (part,) for key in table.values if isinstance(key, str)})
