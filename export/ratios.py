"""Flights -> delay-ratio tables: the share of delayed flights by key, over all of them or the last months."""

import calendar
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from export.flights import Flights
from export.tables import Table, keys_of


@dataclass(frozen=True)
class Ratio:
    """A feature to be: the key, and how many months back from the newest flight count (None for all)."""

    key: tuple[str, ...]
    months: int | None = None

    @property
    def name(self) -> str:
        window = "historical" if self.months is None else f"Last {self.months} Months"
        return f"{window}_delay_ratio_{'_'.join(self.key)}"


def ratio_table(ratio: Ratio, flights: Flights) -> Table:
    """The ratio's table over `flights`; its default is the overall delay rate of the flights it counts."""
    counted = flights if ratio.months is None else _last_months(flights, ratio.months)
    keys = keys_of(counted.parts, ratio.key)
    totals = Counter(keys)
    late = Counter(key for key, delayed in zip(keys, counted.delayed, strict=True) if delayed)
    values = {key: late[key] / totals[key] for key in sorted(totals)}
    return Table(ratio.name, ratio.key, float(counted.delayed.mean()), values)


def _last_months(flights: Flights, months: int) -> Flights:
    newest: datetime = flights.scheduled.max().item()
    start = np.datetime64(months_before(newest, months), "s")
    return flights.take(np.flatnonzero(flights.scheduled >= start))


def months_before(when: datetime, months: int) -> datetime:
    """The same day and hour `months` calendar months earlier; the month's last day where it is shorter."""
    year, month = divmod(when.year * 12 + when.month - 1 - months, 12)
    day = min(when.day, calendar.monthrange(year, month + 1)[1])
    return when.replace(year=year, month=month + 1, day=day)
