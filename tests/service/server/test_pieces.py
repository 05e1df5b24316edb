"""What a client is told does not depend on how its bytes were cut, nor on when its end came."""

import re
import socket
from collections.abc import Callable
from typing import Any

import pytest

from service.api.contract import EXAMPLE

COLD = ["/predict_delay_probabilities", "/explain_delay_probability", "/v2/models/flight_delay/infer"]
ROUTES = ["/predict_delay_probability", *COLD]
MAX_BODY = 10_000
TIMES = 8

EARLY = {
    "no such route": (b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{}", [404]),
    "no such method": (b"POST /flights HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{}", [405]),
    "too large": (b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 10001\r\n\r\n{}", [413]),
    "compressed oddly": (b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Encoding: odd\r\nContent-Length: 9\r\n\r\n{}", [415]),
    "chunks too large": (
        b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (b"%b", 20_000) + b"x" * 12_000,
        [413],
    ),
    "not whole": (b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{}", []),
    "behind another": (
        b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{}",
        [200, 404],
    ),
    "no chunk, no route": (b"POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", [404]),
    "no chunk": (b"POST %b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", [400]),
    "chunks in HTTP/1.0": (b"POST %b HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", [400]),
    "chunks and a length in HTTP/1.0": (
        b"POST %b HTTP/1.0\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        [400],
    ),
}


@pytest.fixture(scope="module", params=[(), ("--no-fast-lane",)], ids=["lane", "plain"])
def server(request: pytest.FixtureRequest, servers: Callable[..., Any]) -> Any:
    return servers("--workers", 1, "--max-body", MAX_BODY, *request.param)


def said(port: int, data: bytes, cut: int, *, end: bool = True) -> list[int]:
    """The replies to `data` in pieces of `cut` bytes; what is sent is never more than what the server waits for."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), cut):
            connection.sendall(data[start : start + cut])
        if end:
            connection.shutdown(socket.SHUT_WR)
        return statuses(connection)


def statuses(connection: socket.socket) -> list[int]:
    received = b""
    while data := connection.recv(65_536):
        received += data
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", received)]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("name", EARLY)
def test_an_end_changes_no_answer(server: Any, name: str, path: str) -> None:
    """A request that does not come whole gets the answer that needs no more of it, or none."""
    data, expected = EARLY[name]
    data = data.replace(b"%b", path.encode())
    for cut in (len(data), *[max(1, len(data) // 40)] * 2):
        assert [said(server.port, data, cut) for _ in range(TIMES)] == [expected] * TIMES


LAST = {
    "HTTP/1.0": b"POST /nothing HTTP/1.0\r\nContent-Length: 3000\r\n\r\n",
    "close": b"POST /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3000\r\n\r\n",
}


@pytest.mark.parametrize("head", LAST.values(), ids=LAST)
def test_a_last_reply_comes_while_its_client_still_sends(server: Any, head: bytes) -> None:
    """Closed at once, what is sent behind it would take it back."""
    assert [said(server.port, head + b"x" * 3000, 100, end=False) for _ in range(TIMES)] == [[404]] * TIMES


EXPECT = b"POST %b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(("size", "status"), [(MAX_BODY + 1, 413), (2, 404)], ids=["too large", "no route"])
def test_a_client_that_is_not_told_to_send_a_body(server: Any, path: str, size: int, status: int) -> None:
    """It may never send it, and its next request would be taken for it: the connection ends, and says so."""
    path = path if status == 413 else "/nothing"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(EXPECT % (path.encode(), size))
        received = b""
        while data := connection.recv(65_536):
            received += data
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"\r\nconnection: close\r\n" in received


@pytest.mark.parametrize("path", ROUTES)
def test_a_client_that_is_told_to_send_its_body(server: Any, path: str) -> None:
    """Its connection is kept, for one that does not wait too."""
    body = str(EXAMPLE).replace("'", '"').encode()
    head = EXPECT % (path.encode(), len(body))
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head)
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body + head + body + b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        first, second, last = [status for status in statuses(connection) if status != 100]
    assert first == second != 404
    assert last == 404


def test_an_old_client_is_told_nothing_of_100(server: Any) -> None:
    request = EXPECT.replace(b"HTTP/1.1", b"HTTP/1.0") % (ROUTES[0].encode(), 2) + b"{}"
    assert said(server.port, request, len(request) - 2) == [422]
