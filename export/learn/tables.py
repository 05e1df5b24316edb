"""A feature's table, from key to number, as data: looking up many flights at once, and its JSON file.

It does not compute ratios; `export/learn/ratios.py` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from export.data.keyed import keyed
from service.model.keys import SEPARATOR, Parts


@dataclass(frozen=True)
class Table:
    """`values` by key text (`Sky Airline|Calama`), and the `default` of a key that it lacks.

    A `calendar` knows days of the future too: one that it lacks is beyond it.
    """

    name: str
    key: tuple[str, ...]
    default: float
    values: dict[str, float]
    calendar: bool = False

    def numbers(self) -> NDArray[np.float64]:
        """Every value that a flight can be given, the default last: float64 [len(values) + 1]."""
        return np.array([*self.values.values(), self.default], dtype=np.float64)

    def with_numbers(self, numbers: NDArray[np.float64]) -> "Table":
        """The same table with other numbers, in the order of `numbers()`."""
        *values, default = map(float, numbers)
        return replace(self, default=default, values=dict(zip(self.values, values, strict=True)))


def keys_of(parts: Sequence[Parts], key: tuple[str, ...]) -> list[str]:
    """The key text of each flight."""
    names, codes = keyed(parts).keys(key)
    return [names[code] for code in codes.tolist()]


def matrix(tables: Sequence[Table], parts: Sequence[Parts]) -> NDArray[np.float64]:
    """The features of each flight: float64 [N, F]."""
    own = keyed(parts)
    features = np.empty((len(own), len(tables)))
    for place, table in enumerate(tables):
        names, codes = own.keys(table.key)
        features[:, place] = np.array([table.values.get(name, table.default) for name in names])[codes]
    return features


def known_values(part: str, tables: Sequence[Table]) -> list[str]:
    """Every value of `part` that some table's key has, sorted."""
    found: set[str] = set()
    for table in tables:
        if table.key == (part,):
            found.update(table.values)
        elif part in table.key:
            found.update(key.split(SEPARATOR)[table.key.index(part)] for key in table.values)
    return sorted(found)
