"""The days on which Chile rests, weekends and holidays, and how long the run is that each belongs to.

They come from the package `holidays`, when a model is made: the service has what it needs of them in a table.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache

import holidays

SATURDAY = 5
MARGIN = 31
"""Days that are looked at on both sides of a year, for runs that go on there."""


def days_off(years: Iterable[int]) -> dict[str, int]:
    """For each date (`2017-09-18`) of those years: the days of its run, and 0 on a working day."""
    return {day: length for year in sorted(set(years)) for day, length in _of_year(year).items()}


@cache
def _of_year(year: int) -> dict[str, int]:
    told = holidays.country_holidays("CL", years=range(year - 1, year + 2))
    lengths: dict[str, int] = {}
    run: list[str] = []
    for day in _around(year):
        if day.weekday() >= SATURDAY or day in told:
            run.append(day.isoformat())
        else:
            lengths |= dict.fromkeys(run, len(run)) | {day.isoformat(): 0}
            run = []
    lengths |= dict.fromkeys(run, len(run))
    return {day: length for day, length in lengths.items() if int(day[:4]) == year}


def _around(year: int) -> Iterator[date]:
    first, last = date(year, 1, 1).toordinal() - MARGIN, date(year, 12, 31).toordinal() + MARGIN
    return map(date.fromordinal, range(max(first, date.min.toordinal()), min(last, date.max.toordinal()) + 1))
