import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.learn.evidence.ranges import Alike, Width, fit, held, likelihood
from service.model.explain.ranges import Range

ROOT = Path(__file__).resolve().parents[4]


def drawn(width: Width, count: int = 1500, seed: int = 0) -> Alike:
    """Groups whose shares are off by just that width."""
    random = np.random.default_rng(seed)
    known = random.integers(0, 300, count).astype(float)
    flights = random.integers(1, 60, count).astype(float)
    predicted = random.uniform(0.05, 0.5, count)
    odds = np.log(predicted / (1 - predicted)) + random.normal(size=count) * np.sqrt(width.variance(known))
    late = random.binomial(flights.astype(int), 1 / (1 + np.exp(-odds))).astype(float)
    return Alike(np.zeros(count), flights, late, predicted, known)


@pytest.mark.parametrize("width", [Width(0.1, 0.0), Width(0.4, 16.0), Width(0.05, 40.0)])
def test_the_width_that_flights_were_drawn_with_is_found_and_holds(width: Width) -> None:
    groups = drawn(width)
    found = fit(groups)
    for known in (20.0, 200.0):
        expected = width.variance(np.array(known))
        assert found.variance(np.array(known)) == pytest.approx(expected, rel=0.4), known
    assert held(groups, width).mean() == pytest.approx(0.8, abs=0.03)
    assert held(groups, width, 0.5).mean() == pytest.approx(0.5, abs=0.03)
    assert likelihood(groups, found) >= likelihood(groups, width) - 1


def test_one_that_is_too_narrow_does_not_hold() -> None:
    groups = drawn(Width(0.4, 16.0))
    assert held(groups, Width(0.05, 0.0)).mean() < 0.65
    assert held(groups, Width(4.0, 0.0)).mean() > 0.9


def test_a_single_flight_says_nothing_of_the_width() -> None:
    """Late or not: half of what it could be, each within by the share that its step has."""
    one = Alike(*(np.array([each]) for each in (0.0, 1.0, 0.0, 0.5, 10.0)))
    assert held(one, Width(0.1, 0.0)).item() == pytest.approx(0.8)


def test_the_report_tells_of_the_shipped_numbers() -> None:
    told = json.loads((ROOT / "docs" / "model.json").read_bytes())["range"]
    shipped = json.loads((ROOT / "tables" / "manifest.json").read_bytes())["range"]
    assert {name: told[name] for name in shipped} == shipped
    assert shipped["flights"] == 35_815
    assert len(told["checked"]) == 4
    assert 0.75 <= told["held"] <= 0.9
    assert 0.75 <= told["held_large"] <= 0.9
    example = told["example"][3]
    numbers = Range(shipped["coverage"], shipped["steady"], shipped["few"], shipped["prior"])
    assert numbers.around(example["probability"], example["known"]) == pytest.approx(
        (example["low"], example["high"]), abs=1e-6
    )


def test_it_is_trained_with_and_carried_over(small_csv: Path, tmp_path: Path, run_export: Callable[..., Any]) -> None:
    """`train --range` writes it, `refresh` keeps it; without the flag there is none."""
    made, fresh = tmp_path / "made", tmp_path / "fresh"
    booster = tmp_path / "model.txt"
    run_export("train", "--data", small_csv, "--recipe", "reference", "--out", made, "--booster", booster, "--range")
    run_export("refresh", "--bundle", made, "--booster", booster, "--data", small_csv, "--out", fresh)
    told = [json.loads((folder / "tables" / "manifest.json").read_bytes())["range"] for folder in (made, fresh)]
    assert told[0] == told[1]
    assert told[0]["months"] == 6
