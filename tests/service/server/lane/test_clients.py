"""Clients that reset, do not read, or stay: each way bears with them."""

import socket
import time
from typing import Any

import pytest

from tests.processes import children, memory_kib
from tests.service.server.lane.wire import GET, KEEP_ALIVE, LAST, flight, parse, read_one, request, statuses, talk


@pytest.mark.parametrize("cut", [30, 120, -1, None])
def test_a_client_that_resets_disturbs_nobody(ways: tuple[Any, ...], cut: int | None) -> None:
    for server in ways:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(request(flight("Nueva"))[:cut])
                linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        assert statuses(parse(talk(server.port, [request() + LAST]))) == [200, 200]
        assert "Traceback" not in server.log.read_text()


def resident(pid: int) -> int:
    """Kilobytes of memory that the one worker of this parent has."""
    (worker,) = children(pid)
    return memory_kib(worker, "VmRSS")


@pytest.mark.parametrize("place", [0, 1, 2], ids=["native", "lane", "plain"])
def test_a_client_that_does_not_read_is_made_to_wait(ways: tuple[Any, ...], place: int) -> None:
    """It sends for as long as the server takes: that has to end, with no reply lost once it reads."""
    server = ways[place]
    block = request() * 500
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.setblocking(False)
        before, sent, quiet_since = resident(server.process.pid), 0, time.monotonic()
        while time.monotonic() - quiet_since < 1:
            try:
                sent += connection.send(block[sent % len(block) :])
                quiet_since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
            assert sent < 100_000_000
        assert resident(server.process.pid) - before < 20_000
        connection.setblocking(True)
        connection.settimeout(10)
        received = b""
        while received.count(b"HTTP/1.1 200 OK") < sent // len(request()):
            data = connection.recv(1 << 20)
            assert data
            received += data


@pytest.mark.parametrize("place", [0, 1, 2], ids=["native", "lane", "plain"])
def test_an_idle_connection_is_closed_and_a_used_one_is_not(ways: tuple[Any, ...], place: int) -> None:
    with socket.create_connection(("127.0.0.1", ways[place].port)) as connection:
        connection.settimeout(KEEP_ALIVE + 5)
        for stream in (
            request(),
            request(),
            GET,
            request(),
            request(),
        ):  # each keeps it for the whole time again, on whichever way
            connection.sendall(stream)
            assert statuses([read_one(connection)]) == [200]
            time.sleep(KEEP_ALIVE * 0.7)
        connection.sendall(request()[:-9])  # a request that is being received is not idle
        time.sleep(KEEP_ALIVE * 1.2)
        connection.sendall(request()[-9:])
        assert statuses([read_one(connection)]) == [200]
        asked = time.monotonic()
        assert connection.recv(65536) == b""
        assert time.monotonic() - asked > KEEP_ALIVE * 0.9
