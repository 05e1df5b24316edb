import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from export.errors import ExportError
from export.evaluate import at_threshold, held_out, measure
from export.flights import Flights

NOON, NIGHT = datetime(2017, 1, 1, 12), datetime(2017, 1, 1, 23)
FLIGHTS = Flights([("A", "X", NOON), ("A", "X", NOON), ("A", "X", NIGHT), ("B", "X", NOON)], np.zeros(4, bool), "")


def test_held_out_counts_repeats() -> None:
    assert held_out(FLIGHTS, [("A", "X", NOON)]).tolist() == [True, False, False, False]
    assert held_out(FLIGHTS, [("A", "X", NOON), ("B", "X", NOON), ("A", "X", NOON)]).tolist() == [
        True,
        True,
        False,
        True,
    ]


def test_a_listed_flight_has_to_be_there() -> None:
    with pytest.raises(ExportError, match="2 of the listed flights are not in the data; the first is C to X at 2017"):
        held_out(FLIGHTS, [("C", "X", NOON), ("B", "X", NOON), ("B", "X", NOON)])


def test_something_has_to_be_left() -> None:
    with pytest.raises(ExportError, match="none is left"):
        held_out(FLIGHTS, FLIGHTS.ids)


def test_measures_of_a_known_case() -> None:
    delayed = np.array([True, False, True, False])
    predicted = np.array([0.9, 0.8, 0.3, 0.1])
    assert measure(delayed, predicted)["auc"] == 0.75
    assert measure(delayed, predicted)["brier"] == pytest.approx((0.01 + 0.64 + 0.49 + 0.01) / 4)
    at = at_threshold(delayed, predicted, 0.5)
    assert (at["precision"], at["recall"], at["macro_f1"]) == (0.5, 0.5, 0.5)


def test_nothing_announced_is_a_precision_of_zero() -> None:
    assert at_threshold(np.array([True, False]), np.array([0.1, 0.1]), 0.5)["precision"] == 0


def test_the_command_line(small_csv: Path, tmp_path: Path, run_export: Callable[..., str]) -> None:
    lines = small_csv.read_text().splitlines()
    listed = tmp_path / "listed.csv"
    listed.write_text("\n".join([lines[0], *lines[1::5]]) + "\n")
    result = json.loads(run_export("evaluate", "--data", small_csv, "--test", listed, "--json"))
    assert (result["train_flights"], result["test_flights"]) == (2400, 600)
    assert 0.5 < result["auc"] < 1
    assert result["at_half"]["threshold"] == 0.5
    text = run_export("evaluate", "--data", small_csv, "--test", listed)
    assert f"AUC {result['auc']:.4f}" in text


def test_the_reference_recipe_on_the_references_own_test_flights(
    real_data: Path, reference_predictions: Path, run_export: Callable[..., str]
) -> None:
    """The reference solution reached 0.7416 and 0.5622."""
    text = run_export("evaluate", "--data", real_data, "--test", reference_predictions, "--json")
    result = json.loads(text)
    assert result["test_flights"] == 13_641
    assert result["auc"] >= 0.73
    assert result["at_half"]["macro_f1"] >= 0.55
