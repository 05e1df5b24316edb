from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.data.flights import Flights, read_flights
from export.learn.examples import make_examples
from export.learn.ratios import make_tables
from export.learn.recipes import IMPROVED, REFERENCE
from export.learn.tables import matrix


@pytest.fixture
def flights(small_csv: Path) -> Flights:
    return read_flights(small_csv)


def test_without_folds_the_features_are_those_of_the_tables(flights: Flights) -> None:
    examples = make_examples(REFERENCE, flights)
    assert (examples.features == matrix(make_tables(REFERENCE.features, flights), flights.parts)).all()
    assert (examples.weights == 1).all()


def test_with_folds_no_flights_own_outcome_is_in_its_features(flights: Flights) -> None:
    """Without them it is: that is what the folds are for."""
    folded = replace(IMPROVED, unknown_days=0.0)
    for recipe, own in ((folded, False), (replace(folded, folds=None), True)):
        delayed = flights.delayed.copy()
        delayed[100] = ~delayed[100]
        before = make_examples(recipe, flights).features
        after = make_examples(recipe, Flights(flights.ids, delayed, "")).features
        assert (before[100] != after[100]).any() == own
        assert (before != after).any()


def test_the_second_copy_of_a_flight_knows_no_day(flights: Flights) -> None:
    examples = make_examples(replace(IMPROVED, half_life=None), flights)
    count = len(flights)
    assert examples.features.shape == (2 * count, len(IMPROVED.features))
    assert (examples.delayed == np.tile(flights.delayed, 2)).all()
    assert np.unique(examples.weights[:count]) == pytest.approx(1 - IMPROVED.unknown_days)
    assert np.unique(examples.weights[count:]) == pytest.approx(IMPROVED.unknown_days)
    dated = np.array([feature.dated for feature in IMPROVED.features])
    first, second = examples.features[:count], examples.features[count:]
    assert (first[:, ~dated] == second[:, ~dated]).all()
    assert len(np.unique(first[:, dated])) > 100
    assert len(np.unique(second[:, dated])) <= IMPROVED.folds


def test_old_flights_weigh_less(flights: Flights) -> None:
    weights = make_examples(replace(IMPROVED, unknown_days=0.0), flights).weights
    oldest, newest = flights.scheduled.argmin(), flights.scheduled.argmax()
    assert weights[newest] == 1
    assert weights[oldest] == pytest.approx(0.25, abs=0.01)  # a year is two half-lives
