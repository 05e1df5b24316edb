"""A recipe as it would be kept: trained at each month's begin, its tables refreshed every Monday, each from what was
known by then."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from export.data.flights import Flights
from export.errors import ExportError
from export.learn.evaluate import Tested
from export.learn.fitted.level import refreshed
from export.learn.protocols import Rows, backtest
from export.learn.recipes import AnyRecipe
from export.learn.train import train_on
from export.progress import Progress

DAY = np.timedelta64(1, "D")
MONTH = np.timedelta64(30, "D")
MONDAY = 3
"""Of day 0, 1 January 1970, a Thursday, days since a Monday."""


def run_weekly(
    recipe: AnyRecipe, flights: Flights, lag_days: int, progress: Progress
) -> tuple[list[Tested], list[Tested]]:
    """Of each of the last six months, what was said without a level and with one. Raises ExportError.

    Outcomes are known `lag_days` after the day: a model that is trained, or refreshed, on a day is made of the flights
    scheduled so many days before that day's begin. The newest 30 days of them validate.
    """
    plain: list[Tested] = []
    levelled: list[Tested] = []
    for split in backtest(flights):
        start = flights.scheduled[split.test].min().astype("datetime64[M]").astype("datetime64[s]")
        known = np.flatnonzero(flights.scheduled < start - lag_days * DAY)
        if not len(known):
            raise ExportError(f"with a lag of {lag_days} days nothing is known before {split.name}")
        new = flights.scheduled[known] >= flights.scheduled[known].max() - MONTH
        trained = train_on(recipe, flights, known[~new], known[new], _named(progress, split.name))
        said, raised = np.empty(len(split.test)), np.empty(len(split.test))
        for begin, own in weeks(flights, split.test):
            then = refreshed(trained, flights.take(np.flatnonzero(flights.scheduled < begin - lag_days * DAY)))
            parts = flights.parts.take(split.test[own])
            said[own], raised[own] = replace(then, level=0.0).predict(parts), then.predict(parts)
        for made, predicted in ((plain, said), (levelled, raised)):
            made.append(
                Tested(
                    split.name,
                    len(known),
                    trained.model.trees,
                    trained.chosen_threshold,
                    split.test,
                    flights.delayed[split.test],
                    predicted,
                )
            )
    return plain, levelled


def weeks(flights: Flights, month: Rows) -> Iterator[tuple[np.datetime64, Rows]]:
    """Of a month's rows: when each refresh is, on its first day and on every Monday, and the places of what follows."""
    days = flights.scheduled[month].astype("datetime64[D]").astype(int)
    begins = np.maximum(days - (days + MONDAY) % 7, days.min() - _day_of_month(flights, month))
    for begin in np.unique(begins):
        yield np.datetime64(int(begin), "D").astype("datetime64[s]"), np.flatnonzero(begins == begin)


def _day_of_month(flights: Flights, month: Rows) -> int:
    """How many days the first of a month's flights is behind its begin."""
    first = flights.scheduled[month].min().astype("datetime64[D]")
    return int((first - first.astype("datetime64[M]").astype("datetime64[D]")).astype(int))


def _named(progress: Progress, name: str) -> Progress:
    return lambda what, done, total: progress(f"{name}: {what}", done, total)


def horizon_days(lag_days: int) -> Sequence[int]:
    """How long before a flight's day what it is judged by was known, at least and at most."""
    return lag_days + 1, lag_days + 7
