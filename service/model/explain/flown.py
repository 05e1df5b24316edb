"""The data's flights by what they share: the mean of the model's probabilities for them, and how many there were.

They are those of `evidence.json`: of each airline and destination, how many flew in each hour of a week.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.model.evidence.counts import HOURS, Evidence
from service.model.explain.inputs import AIRLINE, DESTINATION, HOUR, WEEKDAY
from service.model.explain.ranges import log_odds
from service.model.features import Row
from service.model.keys import PARTS, Parts, period

SHARED = (AIRLINE, DESTINATION, HOUR, WEEKDAY)
"""What flights can share, in the order of a mask's bits."""

PLACES = tuple(PARTS.index(part) for part in ("OPERA", "SIGLADES", "hora", "dia_semana"))

SLICE = 512
"""Kinds of flights looked at before others get a turn."""

Score = Callable[[bytes], NDArray[np.float64]]


Group = tuple[float, float, int, int]
"""Flights that share something: their mean probability, its log-odds, their number, and how many were late.

A plain tuple: the garbage collector looks at thousands of these once, and at any other kind again and again.
"""


@dataclass(frozen=True)
class Flown:
    """By the mask of what flights share, the groups by their code; made by `fly`.

    A flight's code is the sum of those that its inputs have in `codes`.
    """

    codes: list[dict[str | int, int]]
    groups: list[dict[int, Group]]

    def all_of(self, flight: Parts) -> list[Group | None]:
        """For each mask of `SHARED`, the data's flights that share that with this one; None where there are none."""
        own = [known.get(flight[place]) for known, place in zip(self.codes, PLACES, strict=True)]
        sums: list[int | None] = [0]
        for code in own:
            sums += [None if code is None or before is None else before + code for before in sums]
        return [None if code is None else groups.get(code) for code, groups in zip(sums, self.groups, strict=True)]


async def fly(evidence: Evidence, row: Callable[[Parts], Row], score: Score) -> Flown | None:
    """Score each kind of flight that the data have, a slice a turn of the loop; None where they have none."""
    kinds: list[tuple[Parts, int, int]] = [
        (_parts(airline, destination, *HOURS[hour]), counts[0], counts[1])
        for airline, destinations in evidence.routes.items()
        for destination, hours in destinations.items()
        for hour, counts in hours.items()
        if counts[0]
    ]
    if not kinds:
        return None
    await asyncio.sleep(0)
    means = []
    for start in range(0, len(kinds), SLICE):
        rows = b"".join([row(parts) for parts, _, _ in kinds[start : start + SLICE]])
        means.append(score(rows))
        await asyncio.sleep(0)
    found = np.concatenate(means)
    flights, late = (np.array([kind[place] for kind in kinds], dtype=np.int64) for place in (1, 2))
    columns: list[list[str | int]] = [[parts[place] for parts, _, _ in kinds] for place in PLACES]
    names = [list(dict.fromkeys(column)) for column in columns]
    strides = _strides([len(known) for known in names])
    known = [
        {name: number * stride for number, name in enumerate(some)} for some, stride in zip(names, strides, strict=True)
    ]
    await asyncio.sleep(0)
    codes = np.array([[own[name] for name in column] for own, column in zip(known, columns, strict=True)])
    groups = []
    for mask in range(2 ** len(SHARED)):
        shared = [bool(mask >> bit & 1) for bit in range(len(SHARED))]
        groups.append(_grouped(codes[shared].sum(axis=0), found, flights, late))
        await asyncio.sleep(0)
    return Flown(known, groups)


def _grouped(
    codes: NDArray[np.int64], found: NDArray[np.float64], flights: NDArray[np.int64], late: NDArray[np.int64]
) -> dict[int, Group]:
    known, places = np.unique(codes, return_inverse=True)
    number = np.bincount(places, flights)
    means = (np.bincount(places, flights * found) / number).tolist()
    counts = number.astype(np.int64).tolist(), np.bincount(places, late).astype(np.int64).tolist()
    return dict(zip(known.tolist(), zip(means, map(log_odds, means), *counts, strict=True), strict=True))


def _strides(sizes: list[int]) -> list[int]:
    strides = [1]
    for size in sizes[:-1]:
        strides.append(strides[-1] * size)
    return strides


def _parts(airline: str, destination: str, weekday: int, hour: int) -> Parts:
    """A flight at that hour of the week, on a day and at a minute that nobody looks at."""
    known = {"OPERA": airline, "SIGLADES": destination, "dia_semana": weekday, "hora": hour}
    return tuple({**known, "periodo_dia": period(hour)}.get(part, "") for part in PARTS)  # type: ignore[return-value]
