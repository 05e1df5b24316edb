from datetime import datetime, timedelta

import numpy as np
import pytest

from export.data.flights import Flights
from export.learn import evaluate
from export.learn.measured.intervals import gains, intervals
from export.learn.measures import measure

RANDOM = np.random.default_rng(0)
DELAYED = RANDOM.random(600) < 0.3
FLIGHTS = Flights([("A", "X", datetime(2017, 1, 1) + timedelta(hours=3 * n)) for n in range(600)], DELAYED, "")


def parts_of(predicted: np.ndarray) -> list[evaluate.Tested]:
    rows = np.array_split(np.arange(600), 2)
    return [evaluate.Tested(str(n), 1, 1, 0.5, own, DELAYED[own], predicted[own]) for n, own in enumerate(rows)]


def test_the_values_are_the_measures_and_lie_within() -> None:
    predicted = np.round(RANDOM.uniform(0.1, 0.9, 600), 1)  # with ties
    found, expected = intervals(parts_of(predicted), FLIGHTS), measure(DELAYED, predicted)
    for name in ("auc", "log_loss"):
        assert found[name]["value"] == pytest.approx(expected[name])
        assert found[name]["from"] < found[name]["value"] < found[name]["to"]


def test_a_model_gains_nothing_over_itself_and_much_over_chance() -> None:
    chance = parts_of(RANDOM.random(600))
    assert gains(chance, chance, FLIGHTS)["auc"] == {"value": 0, "from": 0, "to": 0}
    good = parts_of(np.where(DELAYED, 0.6, 0.2) + RANDOM.uniform(0, 0.1, 600))
    assert gains(good, chance, FLIGHTS)["auc"]["from"] > 0.3
