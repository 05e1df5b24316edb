"""Clients that let time pass are cut, on both ways, and others are served meanwhile."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import httpx
import pytest

from service.api.contract import EXAMPLE

BODY = json.dumps(EXAMPLE).encode()
HEAD = b"POST /predict_delay_probability HTTP/1.1\r\nHost: x\r\n"
REQUEST = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
BATCH_HEAD = HEAD.replace(b"probability ", b"probabilities ") + b"Content-Length: %d\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
DEADLINE = 30


def batch(flights: int) -> bytes:
    body = b"[" + b",".join([BODY] * flights) + b"]"
    return BATCH_HEAD % len(body) + body


SLOW = {
    "silent": (b"", b"", []),
    "line ends": (b"", b"\r\n", []),
    "head": (HEAD[:20], b"", [408]),
    "slow head": (HEAD + b"X-A: ", b"x", [408]),
    "slow head elsewhere": (b"GET /docs HTTP/1.1\r\nX-A: ", b"x", [408]),
    "slow body": (REQUEST[:-80], b" ", [408]),
    "slow body elsewhere": (batch(100)[:5000], b" ", [408]),
    "slow chunks": (CHUNKED, b"1\r\n{\r\n", [408]),
    "slow trailer": (CHUNKED + b"1\r\n{\r\n0\r\nX-A: ", b"x", [408]),
    "slow body that nobody waits for": (HEAD + b"Content-Length: 9999999\r\n\r\n", b"x", [413]),
    "a request, then silence": (REQUEST, b"", [200]),
    "a request, then a slow one": (REQUEST + REQUEST[:-60], b" ", [200, 408]),
    "another one, then a slow one": (batch(10) + REQUEST[:-60], b" ", [200, 408]),
}


@pytest.fixture(scope="module", params=[[], ["--no-fast-lane"]], ids=["lane", "plain"])
def hasty(request: pytest.FixtureRequest, servers: Callable[..., Any]) -> Any:
    limits = ("--request-timeout", 1, "--keep-alive", 1, "--write-timeout", 1)
    return servers("--workers", 1, "--max-body", 5_000_000, *limits, *request.param)


def drip(connections: list[tuple[socket.socket, bytes]], end: threading.Event) -> None:
    """A few bytes now and then, until the server wants no more."""
    while not end.wait(0.1):
        for connection, piece in connections:
            with suppress(OSError):
                connection.send(piece)


@pytest.mark.parametrize("seats", [20])
def test_slow_clients_are_cut_and_others_served(hasty: Any, seats: int) -> None:
    """All kinds at once, `seats` of each."""
    end = threading.Event()
    with ExitStack() as opened:
        clients = [
            (opened.enter_context(socket.create_connection(("127.0.0.1", hasty.port), timeout=DEADLINE)), kind)
            for kind in SLOW
            for _ in range(seats)
        ]
        for connection, kind in clients:
            connection.sendall(SLOW[kind][0])
        dripping = threading.Thread(target=drip, args=([(c, SLOW[k][1]) for c, k in clients if SLOW[k][1]], end))
        dripping.start()
        try:
            for number, (connection, kind) in enumerate(clients):
                if number % seats == 0:
                    assert hasty.post("/predict_delay_probability", EXAMPLE).status_code == 200
                assert statuses(read_to_end(connection)) == SLOW[kind][2], kind
        finally:
            end.set()
            dripping.join()
    assert "Traceback" not in hasty.log.read_text()
    assert counted(hasty, 'refused_total{status="408"}') >= 9 * seats
    assert counted(hasty, 'connections_cut_total{why="silent"}') >= 2 * seats
    assert counted(hasty, 'connections_cut_total{why="keep_alive"}') >= seats


@pytest.mark.parametrize(
    ("ask", "clients"), [(REQUEST * 500, 3), (b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 20)]
)
def test_clients_that_never_read_are_cut(hasty: Any, ask: bytes, clients: int) -> None:
    """They send for as long as the server takes it, and are served no longer than that."""
    before = counted(hasty, 'connections_cut_total{why="write_timeout"}')
    with ThreadPoolExecutor(clients) as threads:
        ended = [threads.submit(send_for_ever, hasty.port, ask) for _ in range(clients)]
        while not all(client.done() for client in ended):
            assert hasty.post("/predict_delay_probability", EXAMPLE).status_code == 200
    assert [client.result() for client in ended] == [True] * clients
    assert counted(hasty, 'connections_cut_total{why="write_timeout"}') - before == clients


@pytest.mark.parametrize("flags", [[], ["--no-fast-lane"]], ids=["lane", "plain"])
@pytest.mark.parametrize("ask", [batch(1500), batch(1500) * 40], ids=["one", "pipelined"])
def test_what_the_kernel_holds_for_a_client_is_not_read_either(
    servers: Callable[..., Any], flags: list[str], ask: bytes
) -> None:
    """It takes megabytes, so that nothing waits in the server; and nobody computes for such a client any more."""
    server = servers("--workers", 1, "--write-timeout", 1, *flags)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(DEADLINE)
        connection.connect(("127.0.0.1", server.port))
        with suppress(OSError):  # cut while it sends
            connection.sendall(ask)
        end = time.monotonic() + DEADLINE
        while not counted(server, 'connections_cut_total{why="write_timeout"}'):
            assert time.monotonic() < end
    assert "Traceback" not in server.log.read_text()


def send_for_ever(port: int, ask: bytes) -> bool:
    """Whether the server put an end to it."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(DEADLINE)
        connection.connect(("127.0.0.1", port))
        try:
            while True:
                connection.sendall(ask)
        except ConnectionError:
            return True


def test_a_client_that_reads_slowly_is_not_cut(hasty: Any) -> None:
    """Twice as long as one that takes nothing at all would be let."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(DEADLINE)
        connection.connect(("127.0.0.1", hasty.port))
        connection.sendall(batch(9000))
        received, begun = b"", time.monotonic()
        while not received.endswith(b"]}]"):
            data = connection.recv(20_000 if time.monotonic() - begun < 3 else 1 << 20)
            assert data
            received += data
            if time.monotonic() - begun < 3:
                time.sleep(0.1)
        assert statuses(received) == [200]
        assert received.count(b"delay_probability") == 9000


def test_a_busy_client_is_not_cut(hasty: Any) -> None:
    """One connection, used for longer than each of the limits."""
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=DEADLINE) as connection:
        begun = time.monotonic()
        while time.monotonic() - begun < 2.5:
            connection.sendall(REQUEST[:-9])
            time.sleep(0.3)
            connection.sendall(REQUEST[-9:])
            received = b""
            while not received.endswith(b"}"):
                data = connection.recv(65_536)
                assert data
                received += data


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionResetError):
        while data := connection.recv(1 << 20):
            received += data
    return received


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d+)", received)]


def counted(server: Any, metric: str) -> int:
    found = re.search(rf"^atraso_{re.escape(metric)} (\d+)$", httpx.get(server.url + "/metrics").text, re.M)
    assert found, metric
    return int(found.group(1))
