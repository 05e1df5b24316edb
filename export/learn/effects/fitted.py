"""Flights -> the tables of the recipe `effects`. Nothing else of it is learnt: the model adds them up."""

import numpy as np

from export.data.flights import Flights
from export.data.keyed import Keys
from export.learn.effects.effect import Effect, Effects, KindOfDay
from export.learn.effects.ridge import Block, Fit, Float64, fit
from export.learn.ratios import DaysOff, age_weights, calendar_table, is_plain
from export.learn.tables import Table

DIGITS = 9
"""Of a table's log-odds: what is beyond says nothing, and might differ from machine to machine."""

Names = list[str]


def effect_tables(recipe: Effects, flights: Flights) -> list[Table]:
    """A table for each part of the recipe, in its order: log-odds, 0 for a key that was not there.

    The parts that know past days are fitted to what the others leave, so those stand alone on a day to come. The
    weights' mean is 1.
    """
    calendar = calendar_table(DaysOff(), flights)
    weights = age_weights(flights, recipe.half_life)
    weights /= weights.mean()
    outcomes = flights.delayed.astype(np.float64)
    made: dict[str, Table] = {}
    offset: Float64 | None = None
    for dated in (False, True):
        features = [feature for feature in recipe.features if feature.dated == dated]
        if not features:
            continue
        columns = [_column(feature, flights, calendar) for feature in features]
        blocks = [Block(codes, len(names), each.scale) for each, (names, codes) in zip(features, columns, strict=True)]
        found = fit(blocks, outcomes, weights, recipe.strength, offset)
        offset = found.log_odds
        for feature, (names, codes), effects in zip(features, columns, found.effects, strict=True):
            made[feature.name] = (
                _calendar(feature, names, effects, found, calendar, np.bincount(codes, weights).astype(np.float64))
                if isinstance(feature, KindOfDay)
                else _table(feature, names, effects)
            )
    return [made[feature.name] for feature in recipe.features]


def _column(feature: Effect | KindOfDay, flights: Flights, calendar: Table) -> Keys:
    """The keys that the flights have."""
    keys = flights.parts.keys(feature.key).used()
    if not isinstance(feature, KindOfDay):
        return keys
    runs = [_run(calendar, date) for date in keys.names]
    names = sorted(set(runs))
    return Keys(names, np.array([names.index(run) for run in runs], dtype=np.intp)[keys.codes])


def _run(calendar: Table, date: str) -> str:
    return str(int(calendar.values[date]))


def _table(feature: Effect, names: Names, effects: Float64) -> Table:
    values = {name: _told(value) for name, value in zip(names, effects, strict=True) if is_plain(name, feature.key)}
    return Table(feature.name, feature.key, 0.0, values)


def _calendar(
    feature: KindOfDay, names: Names, effects: Float64, found: Fit, calendar: Table, weights: Float64
) -> Table:
    """Every day's kind with the base added; a run of a length that was not there is as the nearest one."""
    lengths = np.array([int(name) for name in names])
    by_length = {
        length: _told(found.base + effects[int(np.argmin(np.abs(lengths - length)))])
        for length in {int(value) for value in calendar.values.values()}
    }
    usual = float(np.average(effects, weights=weights))
    values = {day: by_length[int(length)] for day, length in calendar.values.items()}
    return Table(feature.name, feature.key, _told(found.base + usual), values, calendar=True)


def _told(value: float) -> float:
    return round(float(value), DIGITS) + 0.0  # no minus zero
