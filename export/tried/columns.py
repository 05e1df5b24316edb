"""Flights -> the columns that the notebook worked with, as categories. It computes no features."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.data.flights import Flights, read_column, read_flights
from export.learn.protocols import Rows
from service.model.keys import PARTS

NAMES = ("SIGLADES", "OPERA", "MES", "DIA", "DIANOM", "TIPOVUELO", "temporada_alta", "periodo_dia")

PART_OF = {"DIANOM": "dia_semana"}
"""DIANOM names the weekday; its number says the same."""


@dataclass(frozen=True)
class Column:
    """A category for each flight: `codes` intp [N] are places in `labels`."""

    codes: NDArray[np.intp]
    labels: list[str]


@dataclass(frozen=True)
class Table:
    """The flights, and a `Column` for each of `NAMES`."""

    flights: Flights
    columns: dict[str, Column]

    def take(self, rows: Rows) -> "Table":
        taken = {name: Column(column.codes[rows], column.labels) for name, column in self.columns.items()}
        return Table(self.flights.take(rows), taken)


def read_table(path: Path) -> Table:
    """Read what `read_flights` reads, and TIPOVUELO. Raises ExportError."""
    flights = read_flights(path)
    return Table(flights, {name: _column(name, flights, path) for name in NAMES})


def _column(name: str, flights: Flights, path: Path) -> Column:
    if name == "TIPOVUELO":
        values = read_column(path, name)
    else:
        place = PARTS.index(PART_OF.get(name, name))
        values = [str(flight[place]) for flight in flights.parts]
    labels, codes = np.unique(values, return_inverse=True)
    return Column(codes, labels.tolist())
