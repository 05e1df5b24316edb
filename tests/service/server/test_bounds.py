"""No client makes the server hold, or read for ever, what is no request that anybody waits for."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import repeat
from typing import Any

import httpx
import pytest

from service.api.contract import EXAMPLE
from tests.processes import children, memory_kib

MAX_BODY = 500_000
BLOCK = b"x" * 65_536
HOT = b"POST /predict_delay_probability HTTP/1.1\r\nHost: x\r\n"
COLD = b"POST /predict_delay_probabilities HTTP/1.1\r\nHost: x\r\n"
LONG = b"Content-Length: 300000000\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
BODY = json.dumps(EXAMPLE).encode()


@pytest.fixture(scope="module", params=[[], ["--no-fast-lane"]], ids=["lane", "plain"])
def bounded(request: pytest.FixtureRequest, servers: Callable[..., Any]) -> Any:
    return servers("--workers", 1, "--max-body", MAX_BODY, *request.param)


def endless(first: bytes, block: bytes) -> Iterator[bytes]:
    yield first
    yield from repeat(block * (len(BLOCK) // len(block)), 300_000_000 // len(BLOCK))


FLOODS = {
    "header": (HOT + b"X-A: ", BLOCK, 431, "head_too_large"),
    "header's name": (HOT, BLOCK, 431, "head_too_large"),
    "headers": (HOT, b"X-A: 1\r\n", 431, "head_too_large"),
    "URL": (b"GET /", BLOCK, 414, "url_too_long"),
    "trailer": (HOT + CHUNKED + b"1\r\n{\r\n0\r\nX-A: ", BLOCK, 431, "head_too_large"),
    "trailers": (HOT + CHUNKED + b"1\r\n{\r\n0\r\n", b"X-A: 1\r\n", 431, "head_too_large"),
    "chunk extension": (HOT + CHUNKED + b"1;", BLOCK, 431, "head_too_large"),
    "chunk extensions": (COLD + CHUNKED, b"1;" + b"x" * 100 + b"\r\n{\r\n", 431, "head_too_large"),
    "body": (HOT + LONG, BLOCK, 413, ""),
    "body of a batch": (COLD + LONG, BLOCK, 413, ""),
    "body of chunks": (COLD + CHUNKED, b"ff\r\n" + b"x" * 255 + b"\r\n", 413, ""),
    "body that nobody waits for": (b"POST /nowhere HTTP/1.1\r\nHost: x\r\n" + LONG, BLOCK, 404, ""),
    "body of a GET": (b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n" + LONG, BLOCK, 200, ""),
    "no HTTP": (b"", BLOCK, 400, "bad_request"),
}


@pytest.mark.parametrize(("first", "block", "status", "event"), FLOODS.values(), ids=FLOODS)
def test_what_never_ends_is_refused_and_cut(bounded: Any, first: bytes, block: bytes, status: int, event: str) -> None:
    """The reply comes whole, little more is read, nothing of it is kept, and others are served."""
    before, refused = resident(bounded), events(bounded, status)
    with socket.create_connection(("127.0.0.1", bounded.port), timeout=20) as connection:
        sent = send_while_taken(connection, endless(first, block))
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        received = read_to_end(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"%d" % status]
    assert int(re.findall(rb"content-length: (\d+)", head)[0]) == len(body)
    assert status == 200 or "detail" in json.loads(body)
    assert sent < 20_000_000  # most of it lies in the kernel
    assert resident(bounded) - before < 10_000
    assert events(bounded, status) - refused == bool(event)
    assert bounded.post("/predict_delay_probability", EXAMPLE).status_code == 200
    assert "Traceback" not in bounded.log.read_text()


def send_while_taken(connection: socket.socket, blocks: Iterator[bytes]) -> int:
    """Send until the server takes no more, or has said something."""
    sent = 0
    connection.setblocking(False)
    for block in blocks:
        while block:
            try:
                taken = connection.send(block)
            except BlockingIOError:
                if said_something(connection):
                    break
                continue
            except ConnectionError:
                break
            sent += taken
            block = block[taken:]
        if block:
            break
    connection.settimeout(20)
    return sent


def said_something(connection: socket.socket) -> bool:
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except ConnectionError:
        pass
    return True


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionResetError):
        while data := connection.recv(65_536):
            received += data
    return received


def resident(server: Any) -> int:
    """Kilobytes of memory that the worker has."""
    (worker,) = children(server.process.pid)
    return memory_kib(worker, "VmRSS")


def peak(server: Any) -> int:
    """Those that it had at most."""
    (worker,) = children(server.process.pid)
    return memory_kib(worker, "VmHWM")


def events(server: Any, status: int) -> int:
    found = re.search(
        rf'^atraso_refused_total{{status="{status}"}} (\d+)$', httpx.get(server.url + "/metrics").text, re.M
    )
    return int(found.group(1)) if found else 0


def test_a_body_just_too_large_keeps_its_connection(bounded: Any) -> None:
    """Its rest is thrown away, and the next request answered."""
    size = MAX_BODY + 100_000
    request = HOT + b"Content-Length: %d\r\n\r\n" % size + b" " * size
    last = HOT + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
    with socket.create_connection(("127.0.0.1", bounded.port), timeout=20) as connection:
        connection.sendall(request + last)
        assert re.findall(rb"HTTP/1.1 (\d+)", read_to_end(connection)) == [b"413", b"200"]


def test_the_lane_is_no_way_around_a_small_limit(servers: Callable[..., Any]) -> None:
    for flags in ([], ["--no-fast-lane"]):
        server = servers("--workers", 1, "--max-head", 200, "--max-headers", 5, *flags)
        for headers, status in (
            (b"", b"200"),
            (b"X-A: %b\r\n" % (b"x" * 300), b"431"),
            (b"X-A: 1\r\n" * 3, b"200"),
            (b"X-A: 1\r\n" * 4, b"431"),
        ):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
                connection.sendall(HOT + headers + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
                connection.shutdown(socket.SHUT_WR)
                assert re.findall(rb"HTTP/1.1 (\d+)", read_to_end(connection)) == [status]


def test_small_requests_that_wait_for_their_turn_cost_little(bounded: Any) -> None:
    """Thousands in one packet, on many connections: each is answered, and most wait as the bytes that they came as."""
    asks, clients = b"GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n" * 2000, 20
    before = peak(bounded)
    with ExitStack() as all_of_them:
        address = ("127.0.0.1", bounded.port)
        connections = [all_of_them.enter_context(socket.create_connection(address, 30)) for _ in range(clients)]
        for connection in connections:
            connection.sendall(asks)
            connection.shutdown(socket.SHUT_WR)
        for connection in connections:
            assert read_to_end(connection).count(b"HTTP/1.1 200 OK") == 2000
    assert peak(bounded) - before < 30_000
