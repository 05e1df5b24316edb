"""What is sent to the servers that the lane's tests compare, and how their replies are read."""

import json
import re
import socket
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpx

from service.api.contract import EXAMPLE

HOT = "/predict_delay_probability"
SILENCE = 0.5
KEEP_ALIVE = 2

MADE = re.compile(rb"[0-9a-f]{8}-[0-9a-f]+")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Reply = tuple[bytes, tuple[bytes, ...], bytes]
"""Status line, sorted headers but for the date, body."""


def request(
    body: bytes | None = None,
    *headers: str,
    method: str = "POST",
    path: str = HOT,
    version: str = "1.1",
    length: bool = True,
) -> bytes:
    body = json.dumps(EXAMPLE).encode() if body is None else body
    lines = [f"{method} {path} HTTP/{version}", "Host: x", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def flight(airline: str, hour: int = 10) -> bytes:
    return json.dumps(
        {**EXAMPLE, "OPERA": airline, "FECHA_PROGRAMADA": f"2017-07-{hour % 28 + 1:02} {hour:02}:30"}
    ).encode()


GET = request(b"", method="GET", path="/v2/health/live", length=False)
LAST = request(b"", "Connection: close", method="GET", path="/v2/health/live", length=False)
CHUNKED = request(b"", "Transfer-Encoding: chunked", length=False)
WRONG = request(b"", "X A: 1")
BODY = json.dumps(EXAMPLE).encode()


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


WAYS: tuple[tuple[str, ...], ...] = ((), ("--no-native",), ("--no-fast-lane",))
"""The lane in Rust, the lane in Python, and none."""


def talk(port: int, pieces: Iterable[bytes], pause: float = 0.002) -> bytes:
    """Send the pieces, each in a packet of its own, and read until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        except OSError:
            pass  # the server closed already: what it said is still to be read
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    connection.settimeout(SILENCE)
    received = b""
    try:
        while data := connection.recv(65536):
            received += data
    except (TimeoutError, ConnectionResetError):
        pass
    return received


def read_one(connection: socket.socket) -> Reply:
    """The next reply; it has to have a body."""
    received = b""
    while not received.endswith((b"}", b"]")):
        data = connection.recv(65536)
        assert data
        received += data
    (reply,) = parse(received)
    return reply


def parse(stream: bytes) -> list[Reply]:
    """The replies in a stream of bytes."""
    replies = []
    while stream:
        head, separator, stream = stream.partition(b"\r\n\r\n")
        assert separator, head
        status, *headers = head.split(b"\r\n")
        named = dict(header.lower().split(b": ", 1) for header in headers)
        assert len(named) == len(headers)
        named.pop(b"date", None)
        if MADE.fullmatch(named.get(b"x-request-id", b"")):
            named[b"x-request-id"] = b"made"
        size = int(named.get(b"content-length", 0))
        replies.append((status, tuple(sorted(b"%b: %b" % pair for pair in named.items())), stream[:size]))
        stream = stream[size:]
    return replies


def same(ways: tuple[Any, ...], *pieces: bytes) -> list[Reply]:
    """Send the pieces to all servers, see that the replies are the same, and return them."""
    first, *others = (parse(talk(server.port, pieces)) for server in ways)
    for other in others:
        assert first == other
    return first


def statuses(replies: Sequence[Reply]) -> list[int]:
    return [int(status.split()[1]) for status, _, _ in replies]


def in_lane(server: Any, key: str = "") -> int:
    told = httpx.get(server.url + "/metrics", headers={"x-api-key": key}).text
    found = re.search(r"^atraso_fast_lane_total (\d+)$", told, re.M)
    assert found
    return int(found.group(1))
