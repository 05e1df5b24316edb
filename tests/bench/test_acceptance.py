from typing import Any

import pytest

from bench.acceptance import PROMISES, Promise, verdicts
from bench.commands.compare import ROWS

COST = Promise("a cost", "cpu_us", "ours", "theirs", must=2, reach=1.5)
RATE = Promise("a rate", "requests_s", "ours", "theirs", must=2, reach=3)
ALONE = Promise("seconds", "first_200_s", "ours", None, must=1.2, reach=0.6)

CASES = {
    "cost reached": (COST, {"cpu_us": 3}, {"cpu_us": 2}, "held, and reached"),
    "cost held": (COST, {"cpu_us": 4}, {"cpu_us": 2}, "held"),
    "cost not held": (COST, {"cpu_us": 4.1}, {"cpu_us": 2}, "NOT held"),
    "rate reached": (RATE, {"requests_s": 9}, {"requests_s": 3}, "held, and reached"),
    "rate held": (RATE, {"requests_s": 6}, {"requests_s": 3}, "held"),
    "rate not held": (RATE, {"requests_s": 5}, {"requests_s": 3}, "NOT held"),
    "alone": (ALONE, {"first_200_s": 0.7}, {}, "held"),
    "no figure": (COST, {"reason": "failed"}, {"cpu_us": 2}, "not measured"),
    "nothing beside it": (COST, {"cpu_us": 3}, {}, "not measured"),
}


@pytest.mark.parametrize(("promise", "ours", "theirs", "said"), CASES.values(), ids=CASES)
def test_a_promise_is_judged(promise: Promise, ours: dict[str, Any], theirs: dict[str, Any], said: str) -> None:
    assert promise.verdict({"ours": [ours], "theirs": [theirs]})["verdict"] == said


def test_rows_are_compared_within_a_round() -> None:
    """The machine was slow for ours alone in the second round, and for both in the third."""
    ours, theirs = ([{"cpu_us": cost} for cost in costs] for costs in ([8, 18, 19], [5, 5, 10]))
    assert COST.verdict({"ours": ours, "theirs": theirs})["value"] == 1.9
    assert COST.verdict({"ours": ours, "theirs": theirs[:2]})["verdict"] == "not measured"


def test_every_promise_is_about_rows_that_are_compared() -> None:
    assert {name for promise in PROMISES for name in (promise.over, promise.under) if name} <= set(ROWS)
    assert [promise["verdict"] for promise in verdicts({})] == ["not measured"] * len(PROMISES)
