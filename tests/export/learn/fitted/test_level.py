import numpy as np
import pytest

from export.learn.fitted.level import SHRINKAGE, level
from export.learn.fitted.trained import raised


def test_the_level_solves_its_equation() -> None:
    random = np.random.default_rng(0)
    predicted, weights = random.uniform(0.05, 0.5, 2000), random.uniform(0, 1, 2000)
    delayed = random.random(2000) < 0.4
    found = level(delayed, predicted, weights)
    assert (weights * (delayed - raised(predicted, found))).sum() == pytest.approx(SHRINKAGE * found)
    assert found > 0


def test_no_flight_that_counts_asks_for_nothing() -> None:
    assert level(np.ones(3, bool), np.full(3, 0.2), np.zeros(3)) == pytest.approx(0)


def test_a_level_is_added_to_the_log_odds() -> None:
    predicted = np.array([0.0, 0.2, 0.5, 1.0])
    assert raised(predicted, 0.0) is predicted
    assert raised(predicted, np.log(2)) == pytest.approx([0, 1 / 3, 2 / 3, 1])
