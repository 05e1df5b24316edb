from typing import Any

import pytest

from bench.check import check
from bench.errors import BenchError, WrongReply
from bench.flights import Flights
from bench.server import free_port
from bench.traffic import batches, constant, model_status, proxied, singles


@pytest.mark.parametrize("traffic", [singles, proxied, batches(100), batches(1000), model_status])
def test_our_server_is_right(server: Any, flights: Flights, traffic: Any) -> None:
    check(server.port, traffic(flights))


def test_a_wrong_reply_is_told(server: Any, flights: Flights) -> None:
    with pytest.raises(WrongReply, match="instead of the constant"):
        check(server.port, constant(flights))


def test_a_strict_server_is_wrong_about_unknown_airlines(servers: Any, flights: Flights) -> None:
    with pytest.raises(WrongReply, match="status 422"):
        check(servers("--workers", 1, "--strict").port, singles(flights))


def test_nobody_there_is_told(flights: Flights) -> None:
    with pytest.raises(BenchError, match=r"could not be asked: .*refused"):
        check(free_port(), singles(flights))
