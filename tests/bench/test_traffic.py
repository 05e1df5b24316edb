from dataclasses import replace

import orjson
import pytest

from bench.flights import Flights
from bench.traffic import CONSTANT, batches, constant, model_status, singles

LOW, HIGH = "Baja probabilidad de atraso", "Alta probabilidad de atraso"

REPLIES = {
    "right": (0.123, {"delay_probability": 0.12, "clase": [LOW]}, True),
    "a hundredth too much": (0.123, {"delay_probability": 0.13, "clase": [LOW]}, False),
    "not rounded": (0.123, {"delay_probability": 0.123, "clase": [LOW]}, False),
    "the other class": (0.123, {"delay_probability": 0.12, "clase": [HIGH]}, False),
    "half-way, rounded down": (0.125, {"delay_probability": 0.12, "clase": [LOW]}, True),
    "half-way, rounded up": (0.125, {"delay_probability": 0.13, "clase": [LOW]}, True),
    "beyond half-way": (0.1251, {"delay_probability": 0.12, "clase": [LOW]}, False),
    "above the threshold": (0.251, {"delay_probability": 0.25, "clase": [HIGH]}, True),
    "at the threshold, either class": (0.250001, {"delay_probability": 0.25, "clase": [LOW]}, True),
    "no class": (0.123, {"delay_probability": 0.12}, False),
    "no number": (0.123, {"delay_probability": "0.12", "clase": [LOW]}, False),
    "no object": (0.123, [0.12], False),
}


@pytest.mark.parametrize(("probability", "reply", "right"), REPLIES.values(), ids=REPLIES)
def test_a_reply_is_the_probability_in_hundredths(
    flights: Flights, probability: float, reply: object, right: bool
) -> None:
    traffic = singles(replace(flights, probabilities=[probability]))
    assert (traffic.problem(0, orjson.dumps(reply)) is None) == right


def test_what_is_no_json_is_wrong(flights: Flights) -> None:
    assert singles(flights).problem(0, b"<html>") is not None


def test_a_batch_is_right_when_each_reply_is(flights: Flights) -> None:
    traffic = batches(2)(replace(flights, bodies=flights.bodies[:4], probabilities=[0.3, 0.4, 0.1, 0.2]))
    assert len(traffic.bodies) == 2
    replies = [{"delay_probability": hundredths, "clase": [LOW]} for hundredths in (0.1, 0.2)]
    assert traffic.problem(1, orjson.dumps(replies)) is None
    assert traffic.problem(1, orjson.dumps(replies[::-1])) is not None
    assert traffic.problem(1, orjson.dumps(replies[:1])) is not None


def test_a_constant_is_that_constant(flights: Flights) -> None:
    assert constant(flights).problem(0, CONSTANT) is None
    assert constant(flights).problem(0, CONSTANT + b" ") is not None


def test_the_model_status_names_the_example(flights: Flights) -> None:
    assert model_status(flights).method == "GET"
    assert model_status(flights).problem(0, b'{"input_example": {}}') is not None
