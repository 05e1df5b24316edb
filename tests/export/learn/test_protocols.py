from datetime import datetime, timedelta

import numpy as np
import pytest

from export.data.flights import Flights
from export.errors import ExportError
from export.learn.protocols import backtest, held_out, random_part, reference_split

NOON, NIGHT = datetime(2017, 1, 1, 12), datetime(2017, 1, 1, 23)
FLIGHTS = Flights([("A", "X", NOON), ("A", "X", NOON), ("A", "X", NIGHT), ("B", "X", NOON)], np.zeros(4, bool), "")


def daily(first: datetime, days: int) -> Flights:
    return Flights([("A", "X", first + timedelta(days=day)) for day in range(days)], np.zeros(days, bool), "")


def test_held_out_counts_repeats() -> None:
    assert held_out(FLIGHTS, [("A", "X", NOON)]).tolist() == [True, False, False, False]
    three = [("A", "X", NOON), ("B", "X", NOON), ("A", "X", NOON)]
    assert held_out(FLIGHTS, three).tolist() == [True, True, False, True]


def test_a_listed_flight_has_to_be_there() -> None:
    with pytest.raises(ExportError, match="2 of the listed flights are not in the data; the first is C to X at 2017"):
        held_out(FLIGHTS, [("C", "X", NOON), ("B", "X", NOON), ("B", "X", NOON)])


def test_something_has_to_be_left() -> None:
    with pytest.raises(ExportError, match="none is left"):
        held_out(FLIGHTS, FLIGHTS.ids)


def test_the_reference_split_is_70_20_10() -> None:
    flights = daily(NOON, 1000)
    (split,) = reference_split(flights, flights.ids[::5])
    assert (len(split.learn), len(split.test), len(split.validate)) == (700, 200, 100)
    assert sorted([*split.learn, *split.test, *split.validate]) == list(range(1000))


def test_a_random_part_is_the_same_each_time() -> None:
    rows = np.arange(5, 85)
    learn, validate = random_part(rows)
    assert sorted([*learn, *validate]) == rows.tolist()
    assert (random_part(rows)[1] == validate).all()
    assert (random_part(rows, seed=1)[1] != validate).any()


def test_a_backtest_learns_from_the_past_only() -> None:
    """Across a new year too: 2018-02 comes after 2017-12."""
    flights = daily(datetime(2017, 6, 15), 250)
    splits = backtest(flights)
    assert [split.name for split in splits] == ["2017-09", "2017-10", "2017-11", "2017-12", "2018-01", "2018-02"]
    for split in splits:
        learn, validate, test = (flights.scheduled[rows] for rows in (split.learn, split.validate, split.test))
        assert learn.max() < validate.min()
        assert validate.max() < test.min()
        assert len(learn) + len(validate) == (flights.scheduled < test.min()).sum()
        assert len({str(when)[:7] for when in validate}) == len({str(when)[:7] for when in test}) == 1


def test_a_backtest_needs_months() -> None:
    with pytest.raises(ExportError, match="a backtest needs flights of 8 months, and these are of 2"):
        backtest(daily(NOON, 40))
