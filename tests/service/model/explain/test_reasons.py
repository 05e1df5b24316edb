"""Reasons by what a flight is, against the definition: all orders, over the real flights themselves."""

import asyncio
import math
from dataclasses import replace
from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from numpy.typing import NDArray

from export import bundle as export_bundle
from export.data.flights import Flights, read_flights
from export.learn.tables import matrix
from service.model.bundle import Bundle, Table, read
from service.model.evidence.counts import Counted, Evidence
from service.model.evidence.period import Period
from service.model.explain.inputs import DATE, INPUT_OF, INPUTS
from service.model.explain.reasons import Reasoner, Reasons
from service.model.keys import PARTS, Parts, key_parts
from service.model.scorer import Scorer

ROOT = Path(__file__).resolve().parents[4]
PART_OF = dict(zip(INPUTS, ("OPERA", "SIGLADES", "hora", "dia_semana", "FECHA"), strict=True))


@pytest.fixture(scope="module")
def flights(real_data: Path) -> Flights:
    return read_flights(real_data)


def asked(bundle: Bundle, *flights: Parts, scorer: Any = None) -> list[Reasons]:
    reasoner = Reasoner(bundle, scorer or Scorer(bundle))

    async def ask() -> list[Reasons]:
        return [await reasoner(flight) for flight in flights]

    return asyncio.run(ask())


def brute_force(players: tuple[str, ...], worth: Any) -> dict[str, float]:
    """The mean over all orders of what each changes by joining."""
    orders = list(permutations(players))
    total = dict.fromkeys(players, 0.0)
    for order in orders:
        for place, player in enumerate(order):
            total[player] += worth(frozenset(order[: place + 1])) - worth(frozenset(order[:place]))
    return {player: each / len(orders) for player, each in total.items()}


def test_every_part_belongs_to_an_input() -> None:
    assert set(PARTS) <= set(INPUT_OF)
    assert set(INPUT_OF.values()) == set(INPUTS)


def test_on_real_flights_they_are_the_definitions(flights: Flights) -> None:
    """What a coalition is worth: LightGBM's mean over the 68,206 flights that share its inputs, their day unknown."""
    tables = export_bundle.read(ROOT).tables
    rows = matrix(tables, flights.parts)
    records = ["FECHA" in table.key and not table.calendar for table in tables]
    dated = np.where(records, [table.default for table in tables], rows)
    columns = {name: np.array([parts[PARTS.index(part)] for parts in flights.parts]) for name, part in PART_OF.items()}
    undated = dated.copy()
    for place, table in enumerate(tables):
        for day in range(7) if table.calendar else ():  # where no date is known, it is as on average on that weekday
            of_day = columns["weekday"] == day
            undated[of_day, place] = rows[of_day, place].mean()
    booster = lgb.Booster(model_file=str(ROOT / "model.txt"))
    before, known, after = (np.asarray(booster.predict(each)) for each in (undated, dated, rows))
    some = np.random.default_rng(3).choice(len(flights), 25, replace=False)
    for row, told in zip(some, asked(read(ROOT), *(flights.parts[row] for row in some)), strict=True):
        alike: dict[str, NDArray[np.bool_]] = {name: columns[name] == columns[name][row] for name in INPUTS[:4]}

        def worth(joined: frozenset[str], row: int = row, alike: dict[str, NDArray[np.bool_]] = alike) -> float:
            some = [alike[each] for each in joined - {DATE}]
            shared = np.logical_and.reduce(some, axis=0) if some else slice(None)
            mean = before[row] if len(some) == 4 else before[shared].mean()
            if DATE not in joined:
                return float(mean)
            return float(1 / (1 + math.exp(-(odds(mean) + odds(known[row]) - odds(before[row])))))

        expected = brute_force(INPUTS, worth)
        assert told.contributions == pytest.approx(expected, abs=1e-6)
        assert told.base == pytest.approx(before.mean(), abs=1e-6)
        assert told.base + sum(told.contributions.values()) == pytest.approx(told.before, abs=1e-6)
        assert (told.before, told.probability) == pytest.approx((known[row], after[row]), abs=1e-6)
        assert told.everything == (68_206, 12_614)
        assert told.counts.pop(DATE) is None
        for name, count in told.counts.items():
            assert count == (alike[name].sum(), flights.delayed[alike[name]].sum())
        assert len(told.records) == 3


def odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


class Sum:
    """A model: the log-odds are the sum of the features."""

    def score(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(1 / (1 + np.exp(-rows.astype(np.float64).sum(axis=1))))


OPERA = Table("airline", ("OPERA",), 0.4, {"A": -1.0, "B": 0.5}, -0.25)
HORA = Table("hour", ("hora",), 0.0, {hour: hour / 24 - 1 for hour in range(24)}, -0.5)
MINUTE = Table("minute", ("FECHA", "hora"), 0.1, {}, 0.0)
FREE = Table("dias_libres", ("FECHA",), 0.0, {"2017-01-01": 1.0, "2017-01-02": 0.0, "2030-01-01": 1.0}, 0.5)
DAY = Table("day", ("FECHA",), -0.3, {"2017-01-01": 2.0, "2017-01-02": -1.0}, 0.5)
ROUTES = {"A": {"X": {"0|9": [30, 3], "6|9": [10, 2]}}, "B": {"Y": {"0|9": [20, 8], "1|13": [40, 10]}}}


def bundle_of(*tables: Table, counted: bool = True) -> Bundle:
    dates = Counted(None, {"2017-01-01": [10, 2], "2017-01-02": [90, 21]})
    tables_counted = {table.name: dates if table.key == ("FECHA",) else Counted(None, {}) for table in tables}
    evidence = Evidence(tables_counted, ROUTES) if counted else None
    return replace(read(ROOT), tables=tables, evidence=evidence, period=Period(2, "2017-01-01", "2017-01-02"))


def share(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def test_a_calendar_is_an_input_and_a_record_is_none() -> None:
    """All 5! orders of the five inputs, those that no table looks at among them, by a worth written out here."""
    flight = key_parts("B", "Y", datetime(2030, 1, 1, 9))  # a Tuesday: B flies at 13 h then
    (told,) = asked(bundle_of(OPERA, HORA, FREE, DAY), flight, scorer=Sum())
    kinds = [("A", 9, 0, 30), ("A", 9, 6, 10), ("B", 9, 0, 20), ("B", 13, 1, 40)]
    sunday = {6: 1.0, 0: 0.0}
    odds = [
        OPERA.values[airline] + HORA.values[hour] + sunday.get(weekday, FREE.average) - 0.3
        for airline, hour, weekday, _ in kinds
    ]
    full = 0.5 + HORA.values[9] - 0.3 + FREE.average

    def mean(joined: frozenset[str]) -> float:
        own = {"airline": ("B", 0), "hour": (9, 1), "weekday": (1, 2)}
        if {"airline", "hour", "weekday"} <= joined:
            return full
        fits = [all(kind[own[each][1]] == own[each][0] for each in joined if each in own) for kind in kinds]
        if not any(fits):  # nobody flies at 9 on a Tuesday: the mean of both alone
            return float(np.mean([log(share_of(joined - {each})) for each in ("hour", "weekday")]))
        weights = [kind[3] * fit for kind, fit in zip(kinds, fits, strict=True)]
        return log(float(np.average([share(each) for each in odds], weights=weights)))

    def share_of(joined: frozenset[str]) -> float:
        return share(mean(joined))

    def log(probability: float) -> float:
        return math.log(probability / (1 - probability))

    def worth(joined: frozenset[str]) -> float:
        known = joined & {"airline", "hour", "weekday"}
        unflown = known == {"hour", "weekday"}
        together = log(np.mean([share_of(frozenset({each})) for each in known]).item()) if unflown else mean(known)
        return share(together + (FREE.values["2030-01-01"] - FREE.average) * (DATE in joined))

    expected = brute_force(INPUTS, worth)
    assert expected.pop("destination") == 0
    assert told.contributions == pytest.approx(expected, abs=1e-6)
    assert told.records == ()
    assert told.before == told.probability == pytest.approx(share(full + 0.5), abs=1e-6)
    (past,) = asked(bundle_of(OPERA, HORA, FREE, DAY), key_parts("B", "Y", datetime(2017, 1, 1, 9)), scorer=Sum())
    assert past.records == (DAY,)
    assert past.probability == pytest.approx(share(0.5 + HORA.values[9] + 1 + 2), abs=1e-6)
    assert past.before == pytest.approx(share(0.5 + HORA.values[9] + 1 - 0.3), abs=1e-6)


@pytest.mark.parametrize("tables", [(OPERA,), (HORA,), (FREE,), (DAY,), (OPERA, MINUTE), (OPERA,) * 1 + (HORA,) * 1])
@pytest.mark.parametrize("counted", [True, False], ids=["counted", "not counted"])
def test_bundles_of_fewer_inputs_leave_the_others_out(tables: tuple[Table, ...], counted: bool) -> None:
    when = [datetime(2030, 1, 1, 9), datetime(2017, 1, 1, 9), datetime(2017, 1, 2, 4)]
    some = [key_parts(airline, "Y", each) for airline in ("A", "B", "nobody") for each in when]
    for told in asked(bundle_of(*tables, counted=counted), *some, scorer=Sum()):
        used = {INPUT_OF[part] for table in tables if table not in (DAY, MINUTE) for part in table.key}
        assert set(told.contributions) - {"weekday"} == used
        assert told.base + sum(told.contributions.values()) == pytest.approx(told.before, abs=1e-6)
        assert (told.everything is None) == (not counted)


def test_more_features_than_can_be_explained_by_table_are_no_matter() -> None:
    tables = [replace(OPERA, name=str(number)) for number in range(40)]
    (told,) = asked(bundle_of(*tables), key_parts("B", "Y", datetime(2030, 1, 1, 9)), scorer=Sum())
    assert told.base + told.contributions["airline"] == pytest.approx(told.before, abs=1e-6)


def test_a_name_that_nobody_knows_has_its_own_move() -> None:
    """An airline without flights moves the log-odds by as much whoever else has joined."""
    whole = read(ROOT)
    known, strange = asked(whole, *(key_parts(name, "Lima", datetime(2018, 3, 9, 6)) for name in ("JetSmart SPA", "?")))
    assert strange.counts["airline"] == (0, 0)
    assert strange.base == known.base
    assert strange.base + sum(strange.contributions.values()) == pytest.approx(strange.before, abs=1e-6)
    nothing = replace(whole, evidence=Evidence({}, {}))
    (told,) = asked(nothing, key_parts("JetSmart SPA", "Lima", datetime(2018, 3, 9, 6)))
    assert told.everything is None
    assert told.base + sum(told.contributions.values()) == pytest.approx(told.before, abs=1e-6)


def test_many_who_ask_at_once_get_the_same() -> None:
    bundle = read(ROOT)
    reasoner, flight = Reasoner(bundle, Scorer(bundle)), key_parts("Air Canada", "Calama", datetime(2017, 11, 27, 13))

    async def ask() -> list[Reasons]:
        return await asyncio.gather(*(reasoner(flight) for _ in range(8)))

    assert asyncio.run(ask()) == asked(bundle, flight) * 8
