"""Flights -> the tables of a recipe's features: shares of delayed flights by key, and plain numbers."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, datetime

import numpy as np
from numpy.typing import NDArray

from export.data.days_off import days_off
from export.data.flights import Flights
from export.learn.tables import Table
from service.model.keys import DOMAINS, SEPARATOR

MONTH = np.timedelta64(30, "D") + np.timedelta64(12, "h")
"""What a half-life counts in: 30.5 days."""


@dataclass(frozen=True)
class Ratio:
    """The share of delayed flights with the same key, over all months (None) or the last ones of the data.

    `smoothing` flights with the overall rate are added to every key, so that few flights say little.
    """

    key: tuple[str, ...]
    months: int | None = None
    smoothing: float = 0.0

    @property
    def name(self) -> str:
        window = "historical" if self.months is None else f"Last {self.months} Months"
        return f"{window}_delay_ratio_{'_'.join(self.key)}"

    @property
    def dated(self) -> bool:
        """Whether it knows past days only, and gives a flight of the future its default."""
        return "FECHA" in self.key


@dataclass(frozen=True)
class Value:
    """The part's own number, such as the hour."""

    part: str
    dated = False

    @property
    def name(self) -> str:
        return self.part

    @property
    def key(self) -> tuple[str, ...]:
        return (self.part,)


AHEAD = 20
"""Years behind those of the flights whose days off are told."""


@dataclass(frozen=True)
class DaysOff:
    """The length of the run of days off that a date belongs to: known long before, so no day is unknown to it."""

    key = ("FECHA",)
    name = "dias_libres"
    dated = False


Feature = Ratio | Value | DaysOff


def make_tables(features: Sequence[Feature], flights: Flights, half_life: float | None = None) -> list[Table]:
    """A table a feature. With a half-life, in months, a flight that much older than the newest counts half."""
    weights = age_weights(flights, half_life)
    return [_table(feature, flights, weights) for feature in features]


def _table(feature: Feature, flights: Flights, weights: NDArray[np.float64]) -> Table:
    match feature:
        case Value():
            return value_table(feature)
        case DaysOff():
            return calendar_table(feature, flights)
        case Ratio():
            return ratio_table(feature, flights, weights)


def value_table(value: Value) -> Table:
    """The numbers that the part can be; `part` is one of `DOMAINS` whose values are numbers."""
    return Table(value.name, (value.part,), 0.0, {str(number): float(number) for number in DOMAINS[value.part]})


def calendar_table(feature: DaysOff, flights: Flights) -> Table:
    """Every day of the flights' years and of AHEAD years behind them; a day that is beyond is a working day."""
    years: list[int] = (np.unique(flights.scheduled.astype("datetime64[Y]")).astype(int) + 1970).tolist()
    last = min(years[-1] + AHEAD, MAXYEAR)
    lengths = days_off([*years, *range(years[-1] + 1, last + 1)])
    return Table(feature.name, feature.key, 0.0, {day: float(length) for day, length in lengths.items()}, calendar=True)


def ratio_table(ratio: Ratio, flights: Flights, weights: NDArray[np.float64]) -> Table:
    """The ratio's table over `flights`, each counting as its weight; its default is the rate of those it counts."""
    if ratio.months is not None:
        rows = last_months(flights, ratio.months)
        flights, weights = flights.take(rows), weights[rows]
    names, places = flights.parts.keys(ratio.key).used()
    totals = np.bincount(places, weights)
    late = np.bincount(places, weights * flights.delayed)
    rate = late.sum() / totals.sum()
    shares = (late + ratio.smoothing * rate) / (totals + ratio.smoothing)
    values = dict(zip(names, shares.tolist(), strict=True))
    return Table(ratio.name, ratio.key, float(rate), {key: values[key] for key in values if is_plain(key, ratio.key)})


def is_plain(text: str, key: tuple[str, ...]) -> bool:
    """Not so where a name in a composite key has the separator in it: such a flight takes the default."""
    return len(key) == 1 or text.count(SEPARATOR) == len(key) - 1


def age_weights(flights: Flights, half_life: float | None) -> NDArray[np.float64]:
    """1 for the newest flight and half as much `half_life` months before it: float64 [N]; without one, 1 for all."""
    if half_life is None:
        return np.ones(len(flights))
    ages = (flights.scheduled.max() - flights.scheduled) / MONTH
    return np.asarray(0.5 ** (ages / half_life), dtype=np.float64)


def last_months(flights: Flights, months: int) -> NDArray[np.intp]:
    """The rows of the flights in the last months of them all."""
    newest: datetime = flights.scheduled.max().item()
    start = np.datetime64(months_before(newest, months), "s")
    return np.flatnonzero(flights.scheduled >= start)


def months_before(when: datetime, months: int) -> datetime:
    """The same day and hour `months` calendar months earlier; the month's last day where it is shorter."""
    year, month = divmod(when.year * 12 + when.month - 1 - months, 12)
    day = min(when.day, calendar.monthrange(year, month + 1)[1])
    return when.replace(year=year, month=month + 1, day=day)
