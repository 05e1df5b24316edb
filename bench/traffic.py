"""Requests that are sent over and over, and what the reply to each has to be.

It sends nothing: `bench/check.py` does once, `bench/wrk.py` and `bench/oha.py` do by the thousands.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from bench.flights import Flights
from service.api.contract import EXAMPLE, HIGH, LOW, Replies

TOLERANCE = 1e-5
"""How far float32 may be from LightGBM's float64: a half-way case may be rounded either way."""

CONSTANT = Replies(threshold=0.5)(0.12)
"""What the servers answer that compute nothing: a reply like any other, so of the same size."""

NEW = "{new}"
"""In a header's value: twelve hexadecimal digits that no other request has."""

PROXIED = {
    "User-Agent": "okhttp/5.3.2",
    "Accept": "*/*",
    "X-Forwarded-For": "203.0.113.17",
    "X-Forwarded-Proto": "https",
    "X-Envoy-External-Address": "203.0.113.17",
    "X-Envoy-Expected-Rq-Timeout-Ms": "15000",
    "X-Request-Id": f"5e1f6c0a-93d4-4c2b-8e7a-{NEW}",
    "Traceparent": f"00-4bf92f3577b34da6a3ce{NEW}-a2fb{NEW}-01",
}
"""What a proxy such as Envoy adds to a request: an id and a trace of its own among it."""


@dataclass(frozen=True)
class Traffic:
    """`problem(number, reply)` says what is wrong with the reply to a body; without bodies it is a GET."""

    path: str
    bodies: list[bytes]
    problem: Callable[[int, bytes], str | None]
    flights: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside what every request has; NEW may stand in their values."""

    def headers_of(self, number: int) -> dict[str, str]:
        return {name: value.replace(NEW, f"{number:012x}") for name, value in self.headers.items()}

    @property
    def method(self) -> str:
        return "POST" if self.bodies else "GET"


def singles(flights: Flights) -> Traffic:
    """A flight a request."""

    def problem(number: int, reply: bytes) -> str | None:
        return _problem(_decoded(reply), flights.probabilities[number], flights.threshold)

    return Traffic("/predict_delay_probability", flights.bodies, problem)


def proxied(flights: Flights) -> Traffic:
    """The same, with heads as behind a proxy, of which no two are alike."""
    return replace(singles(flights), headers=PROXIED)


def proxied_alike(flights: Flights) -> Traffic:
    """The same, with heads as long, which repeat."""
    traffic = proxied(flights)
    return replace(traffic, headers=traffic.headers_of(0))


def constant(flights: Flights) -> Traffic:
    """The same requests, to a server that answers CONSTANT whatever it is asked."""

    def problem(number: int, reply: bytes) -> str | None:
        return None if reply == CONSTANT else f"{reply[:100]!r} instead of the constant"

    return replace(singles(flights), problem=problem)


def batches(size: int) -> Callable[[Flights], Traffic]:
    """`size` flights a request."""

    def traffic(flights: Flights) -> Traffic:
        starts = range(0, len(flights.bodies), size)
        bodies = [b"[%b]" % b",".join(flights.bodies[start : start + size]) for start in starts]

        def problem(number: int, reply: bytes) -> str | None:
            wanted = flights.probabilities[number * size : (number + 1) * size]
            replies = _decoded(reply)
            if not isinstance(replies, list) or len(replies) != len(wanted):
                return f"{reply[:100]!r} is no array of {len(wanted)} replies"
            problems = (_problem(*pair, flights.threshold) for pair in zip(replies, wanted, strict=True))
            return next(filter(None, problems), None)

        return Traffic("/predict_delay_probabilities", bodies, problem, size)

    return traffic


def model_status(flights: Flights) -> Traffic:
    """Asks what the model is."""

    def problem(number: int, reply: bytes) -> str | None:
        status = _decoded(reply)
        right = isinstance(status, dict) and status.get("input_example") == EXAMPLE
        return None if right else f"{reply[:100]!r} is no model status"

    return Traffic("/model_status", [], problem)


def _problem(reply: Any, probability: float, threshold: float) -> str | None:
    classes = [[word] for word in (LOW, HIGH) if abs(probability - threshold) <= TOLERANCE]
    classes = classes or [[HIGH if probability > threshold else LOW]]
    if not isinstance(reply, dict) or reply.get("clase") not in classes:
        return f"{reply} for a flight that is late with probability {probability:.5f}"
    got = reply.get("delay_probability")
    if not isinstance(got, int | float) or round(got, 2) != got or abs(got - probability) > 0.005 + TOLERANCE:
        return f"{got} for a flight that is late with probability {probability:.5f}"
    return None


def _decoded(reply: bytes) -> Any:
    """The JSON value of a reply, None where it is not JSON."""
    try:
        return orjson.loads(reply)
    except orjson.JSONDecodeError:
        return None
