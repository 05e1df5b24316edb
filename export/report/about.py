"""What the report tells of the flights and of the recipe that ships, and the variants that it trains beside it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.data.flights import Flights
from export.learn.ratios import DaysOff, Ratio
from export.learn.recipes import IMPROVED, Recipe
from export.tried.columns import Table
from service.model.keys import PARTS

Figures = dict[str, Any]

QUICK_SHARE = 4
"""A quick report looks at every fourth flight."""

TALKED_OF = 3
"""Variants that the page has a sentence about; a quick report has no others."""


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


def variants() -> list[tuple[str, Recipe]]:
    """Each by its name; those that the page talks of first."""
    undated = tuple(feature for feature in IMPROVED.features if not feature.dated)
    plain = tuple(
        feature for feature in IMPROVED.features if not (isinstance(feature, Ratio) and "hora" in feature.key)
    )
    worked = tuple(feature for feature in IMPROVED.features if not isinstance(feature, DaysOff))
    raw = tuple(replace(each, smoothing=0.0) if isinstance(each, Ratio) else each for each in IMPROVED.features)
    month = (*IMPROVED.features, Ratio(("MES",), smoothing=20))
    day = (*undated, Ratio(("MES",)), Ratio(("DIA",)))
    return [
        ("old flights count as much as new ones", replace(IMPROVED, half_life=None)),
        ("no features of single days", replace(IMPROVED, features=undated, unknown_days=0.0)),
        ("month's ratio added", replace(IMPROVED, features=month)),
        ("no copies with unknown days", replace(IMPROVED, unknown_days=0.0)),
        ("no days off", replace(IMPROVED, features=worked)),
        ("greedy trees", replace(IMPROVED, params={**IMPROVED.params, "extra_trees": False})),
        ("no ratios by hour", replace(IMPROVED, features=plain)),
        ("no smoothing", replace(IMPROVED, features=raw)),
        ("own outcome in the ratios (no folds)", replace(IMPROVED, folds=None)),
        ("month and day of month instead of single days", replace(IMPROVED, features=day, unknown_days=0.0)),
        ("31 leaves", replace(IMPROVED, params={**IMPROVED.params, "num_leaves": 31})),
        ("7 leaves", replace(IMPROVED, params={**IMPROVED.params, "num_leaves": 7})),
    ]
