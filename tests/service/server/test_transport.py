"""What goes to the wire together."""

import socket
from typing import Any

import orjson
import pytest

from service.api.contract import EXAMPLE
from service.server.wire.transport import TwoSteps

EXPLAIN, BODY = "/explain_delay_probability", orjson.dumps(EXAMPLE)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


class Wire:
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        self.given: list[bytes] = []
        self.write = self.given.append
        self.parted = False

    def is_closing(self) -> bool:
        return self.parted

    def part(self) -> None:
        self.parted = True


def two_steps(wire: Wire, bodiless: bool = False) -> TwoSteps:
    made: Any = wire
    return TwoSteps(made, wire.part, bodiless=bodiless)


@pytest.mark.parametrize("body", [b"body", b""], ids=["body", "empty"])
def test_a_head_goes_with_the_start_of_its_body(body: bytes) -> None:
    wire = Wire()
    transport = two_steps(wire)
    transport.write(HEAD)
    assert wire.given == []
    transport.write(body)
    transport.write(b"more")
    assert wire.given == [HEAD + body, b"more"]


def test_a_reply_to_head_waits_for_nothing() -> None:
    wire = Wire()
    two_steps(wire, bodiless=True).write(HEAD)
    assert wire.given == [HEAD]


def test_who_waits_to_be_told_to_go_on_is_told_at_once() -> None:
    wire = Wire()
    transport = two_steps(wire)
    told = b"HTTP/1.1 100 Continue\r\n\r\n"
    for each in (told, HEAD, b"body"):
        transport.write(each)
    assert wire.given == [told, HEAD + b"body"]


def test_a_head_whose_body_does_not_come_is_sent_before_the_end() -> None:
    wire = Wire()
    transport = two_steps(wire)
    transport.write(HEAD)
    transport.close()
    assert (wire.given, transport.is_closing()) == ([HEAD], True)


@pytest.mark.parametrize(("method", "path", "body"), [("GET", "/model_status", b""), ("POST", EXPLAIN, BODY)])
def test_a_server_sends_a_reply_whole(server: Any, method: str, path: str, body: bytes) -> None:
    """The first bytes that come are all of it."""
    request = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(request)
        head, _, rest = client.recv(1 << 16).partition(b"\r\n\r\n")
    assert f"content-length: {len(rest)}".encode() in head
