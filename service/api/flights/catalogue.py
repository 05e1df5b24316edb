"""What a bundle's tables know of: airlines, destinations, the routes that were flown, and how people spell names."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.model.bundle import Table
from service.model.evidence.counts import Evidence
from service.model.evidence.period import Period
from service.model.features import known_values

PAIR = ("OPERA", "SIGLADES")

Catalogue = dict[str, Any]


def catalogue(
    tables: Sequence[Table],
    spellings: Mapping[str, Mapping[str, str]],
    evidence: Evidence | None = None,
    period: Period | None = None,
) -> Catalogue:
    """Airlines, destinations, and the destinations of each airline; a bundle without such a table tells no routes.

    And the flights of each route in each hour of a week, where the bundle has counted them, and of when its data are.
    """
    routes: dict[str, set[str]] = {}
    for table in tables:
        if set(PAIR) <= set(table.key):
            opera, siglades = (table.key.index(part) for part in PAIR)
            for key in table.values:
                if isinstance(key, tuple):
                    routes.setdefault(str(key[opera]), set()).add(str(key[siglades]))
    airlines, destinations = (sorted(known_values(part, tables)) for part in PAIR)
    return {
        "OPERA": airlines,
        "SIGLADES": destinations,
        "rutas": {airline: sorted(routes[airline]) for airline in sorted(routes)},
        "nombres": spellings,
        "semanas": evidence.weeks() if evidence else {},
        "datos": {"vuelos": period.flights, "desde": period.first, "hasta": period.last} if period else None,
    }
