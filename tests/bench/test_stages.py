from typing import Any

import orjson
import pytest

from bench.flights import Flights
from bench.stages import read_in_rust, stages
from bench.traffic import singles
from service import native
from service.api.contract import Replies
from service.model import bundle as bundles
from service.settings import ROOT


@pytest.mark.skipif(native.missing() is not None, reason="the module in Rust was not built")
def test_rust_takes_every_flight_through_its_stages(flights: Flights) -> None:
    made = native.native_of(bundles.read(ROOT).tables, Replies(flights.threshold), 0)
    assert made
    places = read_in_rust(flights, made.reader)
    assert len(set(places)) > 0.95 * len(flights.bodies)
    done: list[Any] = [stage() for name, stage in stages(flights).items() if name.startswith("in Rust")]
    rows, batches, known, waiting = done
    assert b"".join(rows) == b"".join(matrix for matrix, _, _ in batches)
    assert not any(others for _, others, _ in batches)
    for place, reply in zip(places, known, strict=True):
        assert singles(flights).problem(place, body_of(reply)) is None
    assert len(waiting) == len(flights.bodies)
    assert {orjson.loads(body_of(reply))["delay_probability"] for reply in waiting} == {0.5}


def test_without_it_there_are_pythons(flights: Flights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "atraso_native", None)
    assert len(stages(flights)) == 7


def body_of(reply: bytes) -> bytes:
    return reply.partition(b"\r\n\r\n")[2]
