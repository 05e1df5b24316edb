from datetime import datetime

import numpy as np
import pytest

from export.data.flights import Flights
from export.learn.ratios import Ratio, Value, age_weights, make_tables, months_before
from export.learn.tables import Table


def flights(*rows: tuple[str, str, bool]) -> Flights:
    ids = [(opera, "Calama", datetime.fromisoformat(when)) for opera, when, _ in rows]
    return Flights(ids, np.array([delayed for *_, delayed in rows]), "")


def ratio_table(ratio: Ratio, flights: Flights) -> Table:
    (table,) = make_tables([ratio], flights)
    return table


YEAR = flights(
    ("A", "2017-01-10", True),
    ("A", "2017-11-30", True),
    ("A", "2017-12-01", False),
    ("B", "2017-12-02", True),
    ("B", "2017-12-31", False),
    ("B", "2017-12-31", False),
)


def test_a_ratio_is_the_share_of_delayed_flights() -> None:
    table = ratio_table(Ratio(("OPERA",)), YEAR)
    assert table.name == "historical_delay_ratio_OPERA"
    assert table.values == {"A": 2 / 3, "B": 1 / 3}
    assert table.default == 0.5


def test_a_window_counts_from_the_newest_flight() -> None:
    """One month before 31 December is 30 November, included."""
    table = ratio_table(Ratio(("OPERA",), months=1), YEAR)
    assert table.name == "Last 1 Months_delay_ratio_OPERA"
    assert table.values == {"A": 1 / 2, "B": 1 / 3}
    assert table.default == 2 / 5


def test_composite_keys() -> None:
    table = ratio_table(Ratio(("OPERA", "MES")), YEAR)
    assert table.name == "historical_delay_ratio_OPERA_MES"
    assert table.values == {"A|1": 1.0, "A|11": 1.0, "A|12": 0.0, "B|12": 1 / 3}


def test_a_name_with_the_separator_is_left_out_of_composite_keys_only() -> None:
    pair = flights(("A | B", "2017-01-10", True), ("A", "2017-01-11", False))
    assert ratio_table(Ratio(("OPERA",)), pair).values == {"A | B": 1.0, "A": 0.0}
    assert ratio_table(Ratio(("OPERA", "SIGLADES")), pair).values == {"A|Calama": 0.0}


def test_smoothing_adds_flights_with_the_overall_rate() -> None:
    table = ratio_table(Ratio(("OPERA",), smoothing=3), YEAR)
    assert table.values == {"A": (2 + 3 * 0.5) / 6, "B": (1 + 3 * 0.5) / 6}
    assert table.default == 0.5


def test_a_value_is_the_parts_own_number() -> None:
    (table,) = make_tables([Value("hora")], YEAR)
    assert (table.name, table.key) == ("hora", ("hora",))
    assert table.values == {str(hour): float(hour) for hour in range(24)}


def test_only_ratios_of_days_are_dated() -> None:
    assert Ratio(("FECHA", "OPERA")).dated
    assert not Ratio(("MES", "DIA")).dated
    assert not Value("hora").dated


def test_a_flight_counts_half_after_a_half_life() -> None:
    pair = flights(("A", "2017-12-31 12:00", True), ("A", "2017-12-01", False))
    assert age_weights(pair, 1).tolist() == [1.0, 0.5]
    assert age_weights(pair, None).tolist() == [1.0, 1.0]
    (table,) = make_tables([Ratio(("OPERA",))], pair, half_life=1)
    assert table.values == {"A": pytest.approx(1 / 1.5)}
    assert table.default == pytest.approx(1 / 1.5)


@pytest.mark.parametrize(
    ("when", "months", "expected"),
    [
        ("2017-12-31 23:55", 1, "2017-11-30 23:55"),
        ("2017-03-31", 1, "2017-02-28"),
        ("2016-03-31", 1, "2016-02-29"),
        ("2017-01-15", 1, "2016-12-15"),
        ("2017-05-15", 12, "2016-05-15"),
        ("2017-12-15", 3, "2017-09-15"),
    ],
)
def test_months_before(when: str, months: int, expected: str) -> None:
    assert months_before(datetime.fromisoformat(when), months) == datetime.fromisoformat(expected)
