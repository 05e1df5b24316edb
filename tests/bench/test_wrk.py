import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from bench import wrk
from bench.cpus import Cpus
from bench.errors import FailedRequests
from bench.flights import Flights
from bench.traffic import Traffic, proxied, proxied_alike, singles
from bench.wrk import FAILURES, Load, parse

WELL = dict.fromkeys(FAILURES, 0) | {"requests": 200, "microseconds": 2_000_000}
WELL |= {"p50": 500, "p90": 700, "p99": 1200, "p99.9": 4000}


def said(**changes: int) -> str:
    return "Running 2s test @ http://127.0.0.1\n  1 threads and 64 connections\n" + json.dumps(WELL | changes) + "\n"


def test_the_last_line_holds_the_figures() -> None:
    done = parse(said())
    assert (done.requests, done.seconds) == (200, 2.0)
    assert done.latency_ms == {"p50": 0.5, "p90": 0.7, "p99": 1.2, "p99.9": 4.0}


@pytest.mark.parametrize("failure", FAILURES)
def test_any_failure_leaves_no_figure(failure: str) -> None:
    with pytest.raises(FailedRequests, match=f"no figure: 3 {failure} errors beside 200 requests"):
        parse(said(**{failure: 3}))


def test_no_reply_leaves_no_figure() -> None:
    with pytest.raises(FailedRequests, match="none was answered"):
        parse(said(requests=0))


class Listener(BaseHTTPRequestHandler):
    """Keeps what it is sent, and answers with nothing."""

    protocol_version = "HTTP/1.1"
    heard: ClassVar[list[tuple[dict[str, str], bytes]]]

    def do_POST(self) -> None:
        self.heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def log_message(self, *args: Any) -> None:
        pass


class Listening(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """wrk leaves without waiting for its last replies."""


@pytest.fixture
def heard(need_tool: Callable[[str], None], tmp_path: Path) -> Callable[[Traffic], Any]:
    """What a server of its own is sent when wrk sends it that traffic, from two threads."""
    need_tool("wrk")

    def send(traffic: Traffic) -> list[tuple[dict[str, str], bytes]]:
        class Mine(Listener):
            heard: ClassVar[list[tuple[dict[str, str], bytes]]] = []

        with Listening(("127.0.0.1", 0), Mine) as server:
            Thread(target=server.serve_forever).start()
            bodies = wrk.written(traffic, tmp_path / "flights.bodies")
            wrk.run(wrk.command(Load(1, 4, 2), server.server_port, traffic, bodies), Cpus(None, None))
            server.shutdown()
        return Mine.heard

    return send


def test_proxied_heads_have_an_id_and_a_trace_of_their_own(heard: Callable[[Traffic], Any], flights: Flights) -> None:
    sent = heard(proxied(flights))
    assert len(sent) > 100
    assert {body for _, body in sent} <= set(flights.bodies)
    for name, form in {
        "X-Request-Id": r"[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}",
        "Traceparent": r"00-[\da-f]{32}-[\da-f]{16}-01",
    }.items():
        values = [head[name] for head, _ in sent]
        assert all(re.fullmatch(form, value) for value in values)
        assert len(set(values)) == len(values)


def test_others_repeat_theirs(heard: Callable[[Traffic], Any], flights: Flights) -> None:
    long, short = heard(proxied_alike(flights)), heard(singles(flights))
    assert len({head["X-Request-Id"] for head, _ in long}) == 1
    assert {frozenset(head) for head, _ in short} == {frozenset(("Host", "Content-Length", "Content-Type"))}
    own, shared = proxied(flights).headers_of(1), proxied_alike(flights).headers
    assert {name: len(value) for name, value in own.items()} == {name: len(value) for name, value in shared.items()}
