"""Requests cut, joined and damaged anywhere: each way answers the same, in order."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service.server.lane.wire import (
    BODY,
    CHUNKED,
    GET,
    HOT,
    LAST,
    WAYS,
    chunks,
    flight,
    parse,
    request,
    same,
    statuses,
    talk,
)

AIRLINES = ("Grupo LATAM", "Air Canada", "Aeromexico", "Nueva", "Sky Airline", "Plus Ultra Lineas Aereas")


def test_a_head_and_its_body_cut_at_every_byte(ways: tuple[Any, ...]) -> None:
    stream = request(flight("Nueva")) + LAST
    whole = same(ways, stream)
    assert statuses(whole) == [200, 200]
    for server in ways:
        for cut in range(1, len(stream)):
            assert parse(talk(server.port, [stream[:cut], stream[cut:]], pause=0.0005)) == whole


def test_one_byte_at_a_time(ways: tuple[Any, ...]) -> None:
    stream = request() + request(b"x") + LAST
    assert statuses(same(ways, *(stream[at : at + 1] for at in range(len(stream))))) == [200, 422, 200]


def test_pipelined_replies_come_in_order(ways: tuple[Any, ...]) -> None:
    """Hot and cold, cached and not: the reply tells which request it belongs to."""
    stream = b"".join(
        request(flight(AIRLINES[n % 6], n % 24)) + (GET if n % 7 == 3 else request(b"{") if n % 7 == 5 else b"")
        for n in range(200)
    )
    replies = same(ways, stream + LAST)
    assert len(replies) == 200 + 29 + 28 + 1
    assert len({body for _, _, body in replies}) > 10


def test_more_requests_than_one_read_takes_are_answered_in_order(
    ways: tuple[Any, ...], servers: Callable[..., Any]
) -> None:
    """What follows in the next read must not overtake what is waiting for the model."""
    uncached = [servers("--workers", 1, "--cache-size", 0, *flags) for flags in WAYS]
    requests = [request(flight(AIRLINES[n % 6], n % 24)) for n in range(5000)]
    replies = same((*uncached, ways[-1]), b"".join(requests) + LAST)
    assert len(replies) == 5001


SPLIT = {
    "in a header": (b"GET /v2/health/live HTTP/1.1\r\nX-A: ", request() + LAST, [200, 200]),
    "in a target": (b"GET /", request() + LAST, [400]),
    "in a body": (request(b"", "Content-Length: 500", length=False), request() + b" " * 500 + LAST, []),
    "in a body answered before its end": (
        request(b"", "Content-Length: 20001", length=False), request().ljust(20_001) + LAST, [413, 200]),
    "in a chunk": (CHUNKED + b"c8\r\n", request().ljust(0xC8) + b"\r\n0\r\n\r\n" + LAST, [422, 200]),
}  # fmt: skip


@pytest.mark.parametrize(("first", "second", "expected"), SPLIT.values(), ids=SPLIT)
def test_what_looks_like_a_request_inside_another_is_none(
    ways: tuple[Any, ...], first: bytes, second: bytes, expected: list[int]
) -> None:
    replies = same(ways, first, second)
    assert not expected or statuses(replies) == expected


PLAIN = st.builds(
    lambda a, h: request(flight(a, h)), st.sampled_from(["Sky Airline", "Nueva", "Avianca"]), st.integers(0, 23)
)
OTHERS = st.sampled_from(
    [
        GET,
        request(b"x"),
        CHUNKED + chunks(BODY),
        request(path=HOT + "?a=b"),
        request(method="PUT"),
        request(BODY, "Expect: x"),
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PLAIN | OTHERS, max_size=6), st.lists(st.floats(0, 1), max_size=4))
def test_any_stream_cut_anywhere(ways: tuple[Any, ...], requests: list[bytes], cuts: list[float]) -> None:
    stream = b"".join(requests) + LAST
    places = [0, *sorted(int(cut * len(stream)) for cut in cuts), len(stream)]
    replies = same(ways, *(stream[a:b] for a, b in pairwise(places) if b > a))
    assert len(replies) == len(requests) + 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damaged_stream(ways: tuple[Any, ...], data: st.DataObject) -> None:
    """A byte of a request replaced, left out or doubled."""
    stream = data.draw(PLAIN)
    at = data.draw(st.integers(0, len(stream) - 1))
    byte = data.draw(st.sampled_from([b"", b"\0", b"\r", b"\n", b" ", b":", b"\xff", b"9", stream[at : at + 1] * 2]))
    same(ways, stream[:at] + byte + stream[at + 1 :] + LAST)
