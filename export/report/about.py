"""What the report tells of the flights and of the recipe that ships, before anything is trained."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.data.flights import Flights
from export.learn.ratios import Ratio
from export.learn.recipes import IMPROVED
from export.tried.columns import Table
from service.model.keys import PARTS

Figures = dict[str, Any]


def about_flights(flights: Flights) -> Figures:
    airlines, destinations = ({flight[place] for flight in flights.ids} for place in (0, 1))
    return {
        "flights": len(flights),
        "sha256": flights.sha256,
        "from": str(flights.scheduled.min())[:10],
        "to": str(flights.scheduled.max())[:10],
        "delay_rate": float(flights.delayed.mean()),
        "airlines": len(airlines),
        "destinations": len(destinations),
    }


def rates(table: Table) -> dict[str, list[Figures]]:
    """Flights and delay rate by airline, destination, month, weekday and hour."""
    found = {
        name: _rates(table.columns[name].labels, table.columns[name].codes, table.flights)
        for name in ("OPERA", "SIGLADES")
    }
    for name in ("MES", "dia_semana", "hora"):
        codes = np.array([part[PARTS.index(name)] for part in table.flights.parts])
        found[name] = _rates([str(value) for value in range(int(codes.max()) + 1)], codes, table.flights)
    return found


def _rates(labels: Sequence[str], codes: NDArray[np.intp], flights: Flights) -> list[Figures]:
    totals = np.bincount(codes, minlength=len(labels))
    late = np.bincount(codes, flights.delayed, minlength=len(labels))
    return [
        {"value": label, "flights": int(count), "delay_rate": float(delayed / count)}
        for label, count, delayed in zip(labels, totals, late, strict=True)
        if count
    ]


def about_recipe() -> Figures:
    return {
        "recipe": IMPROVED.name,
        "threshold": IMPROVED.threshold,
        "trees": IMPROVED.max_trees,
        "leaves": IMPROVED.params["num_leaves"],
        "half_life": IMPROVED.half_life,
        "unknown_days": IMPROVED.unknown_days,
        "folds": IMPROVED.folds,
        "features": [
            {
                "name": feature.name,
                "key": "|".join(feature.key),
                "smoothing": feature.smoothing if isinstance(feature, Ratio) else None,
                "dated": feature.dated,
            }
            for feature in IMPROVED.features
        ],
    }
