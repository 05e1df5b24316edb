from math import log
from pathlib import Path

import numpy as np
import pytest

from export.data.flights import read_flights
from export.learn.distribution import spread, spreads, stability_index
from export.learn.ratios import make_tables
from export.learn.recipes import IMPROVED


def test_the_same_values_have_not_moved() -> None:
    values = np.random.default_rng(0).random(1000)
    found = spread(values)
    assert len(found["edges"]) == 9
    assert found["shares"] == pytest.approx([0.1] * 10, abs=0.002)
    assert stability_index(found, values) == 0


def test_an_index_worked_out_by_hand() -> None:
    before = {"edges": [0.5], "shares": [0.5, 0.5]}
    now = np.array([0.1, 0.5, 0.5, 0.9])  # an edge belongs to the bin below
    assert stability_index(before, now) == pytest.approx(0.25 * log(0.75 / 0.5) - 0.25 * log(0.25 / 0.5))


def test_an_empty_bin_is_finite() -> None:
    assert 4 < stability_index({"edges": [0.5], "shares": [0.5, 0.5]}, np.zeros(10)) < 6


def test_values_that_repeat_make_fewer_bins() -> None:
    found = spread(np.array([0.0] * 50 + [1.0] * 50))
    assert found["edges"] == [0.0, 1.0]
    assert sum(found["shares"]) == 1


def test_features_of_the_calendar_are_left_out(small_csv: Path) -> None:
    flights = read_flights(small_csv)
    found = spreads(make_tables(IMPROVED.features, flights), flights)
    assert set(found) == {feature.name for feature in IMPROVED.features if "FECHA" not in feature.key}
    assert all(sum(each["shares"]) == pytest.approx(1) for each in found.values())
