import numpy as np
import pytest

from export.learn.measures import Bin, at_threshold, calibration_error, measure, reliability

DELAYED = np.array([True, False, True, False])
PREDICTED = np.array([0.9, 0.8, 0.3, 0.1])


def test_measures_of_a_known_case() -> None:
    measures = measure(DELAYED, PREDICTED)
    assert measures["auc"] == 0.75
    assert measures["brier"] == pytest.approx((0.01 + 0.64 + 0.49 + 0.01) / 4)
    assert measures["delay_rate"] == 0.5
    assert measures["mean_probability"] == pytest.approx(2.1 / 4)


def test_a_threshold_for_all_or_for_each() -> None:
    at = at_threshold(DELAYED, PREDICTED, 0.5)
    assert (at["announced"], at["precision"], at["recall"], at["macro_f1"]) == (0.5, 0.5, 0.5, 0.5)
    assert at_threshold(DELAYED, PREDICTED, np.array([0.5, 0.9, 0.2, 0.2]))["macro_f1"] == 1


def test_nothing_announced_is_a_precision_of_zero() -> None:
    assert at_threshold(np.array([True, False]), np.array([0.1, 0.1]), 0.5)["precision"] == 0


def test_reliability_in_bins_of_equal_count() -> None:
    bins = reliability(DELAYED, PREDICTED, bins=2)
    assert bins == [Bin(2, 0.2, 0.5), Bin(2, pytest.approx(0.85), 0.5)]
    assert calibration_error(bins) == pytest.approx((0.3 + 0.35) / 2)


def test_calibrated_probabilities_have_a_small_error() -> None:
    random = np.random.default_rng(0)
    predicted = random.random(50_000)
    delayed = random.random(50_000) < predicted
    assert calibration_error(reliability(delayed, predicted)) < 0.01
    assert calibration_error(reliability(delayed, predicted / 2)) == pytest.approx(0.25, abs=0.02)
