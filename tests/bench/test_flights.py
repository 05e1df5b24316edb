from typing import Any

import orjson

from bench.flights import Flights, make


def test_no_two_are_alike_and_they_are_always_the_same(flights: Flights) -> None:
    assert len(set(flights.bodies)) == len(flights.bodies) >= 5_000
    assert make().bodies == flights.bodies


def test_the_golden_ones_expect_what_lightgbm_gave_them(flights: Flights, golden: list[dict[str, Any]]) -> None:
    names = ("OPERA", "SIGLADES", "FECHA_PROGRAMADA")
    first = [orjson.loads(body) for body in flights.bodies[: len(golden)]]
    assert first == [{name: flight[name] for name in names} for flight in golden]
    assert flights.probabilities[: len(golden)] == [flight["delay_probability"] for flight in golden]


def test_the_drawn_ones_are_of_airlines_destinations_and_times_of_all_kinds(flights: Flights) -> None:
    drawn = [orjson.loads(body) for body in flights.bodies[1_000:]]
    assert len({flight["OPERA"] for flight in drawn}) == 23
    assert len({flight["SIGLADES"] for flight in drawn}) > 60
    assert len({flight["FECHA_PROGRAMADA"][5:7] for flight in drawn}) == 12
    assert len({flight["FECHA_PROGRAMADA"][11:13] for flight in drawn}) == 24
