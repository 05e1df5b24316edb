import pytest

from export.data.days_off import days_off


@pytest.mark.parametrize(
    ("day", "length"),
    [
        ("2017-09-15", 0),
        ("2017-09-16", 4),  # Saturday, Sunday, 18 and 19 September
        ("2017-09-19", 4),
        ("2017-12-31", 3),  # goes on in the next year
        ("2018-01-01", 3),
        ("2017-11-25", 2),
        ("2017-11-27", 0),
        ("2017-08-15", 1),
        ("2036-12-25", 1),
    ],
)
def test_runs_of_days_off(day: str, length: int) -> None:
    assert days_off([2017, 2018, 2036])[day] == length


def test_every_day_of_the_years_and_no_other() -> None:
    assert len(days_off([2017])) == 365
    assert len(days_off([1, 9999, 2020])) == 365 + 365 + 366
