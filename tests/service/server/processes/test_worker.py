import re
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.processes import children

CONNECTIONS = 64
GET = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"


def requests_a_worker(server: Any) -> dict[str, int]:
    found = re.findall(
        r'^atraso_worker_requests_total\{worker="(\d+)"\} (\d+)$', httpx.get(server.url + "/metrics").text, re.M
    )
    return {worker: int(count) for worker, count in found}


def ask(connection: socket.socket) -> None:
    connection.sendall(GET)
    received = b""
    while not received.endswith(b"}"):
        data = connection.recv(4096)
        assert data
        received += data


@pytest.mark.parametrize("burst", [False, True], ids=["one after another", "in a burst"])
def test_connections_are_shared_evenly(servers: Callable[..., Any], burst: bool) -> None:
    server = servers("--workers", 2)
    before = requests_a_worker(server)
    with ExitStack() as opened:
        connections = []
        for _ in range(CONNECTIONS):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connections.append(connection)
            if not burst:
                ask(connection)
        for connection in connections:
            for _ in range(10):
                ask(connection)
        after = requests_a_worker(server)
    shares = [after[worker] - before.get(worker, 0) for worker in after]
    assert len(shares) == 2
    assert min(shares) / sum(shares) >= 0.35


def test_one_worker_takes_all_while_the_other_is_away(servers: Callable[..., Any]) -> None:
    """A worker that hangs does not keep connections from the others."""
    import os
    import signal

    server = servers("--workers", 2)
    workers = children(server.process.pid)
    os.kill(workers[0], signal.SIGSTOP)
    try:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.settimeout(5)
                ask(connection)
    finally:
        os.kill(workers[0], signal.SIGCONT)
