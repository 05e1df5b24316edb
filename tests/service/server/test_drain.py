"""SIGTERM loses nothing that was received whole."""

import asyncio
import json
import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from service.api.contract import EXAMPLE
from service.server.sweep import GRACE

BODY = json.dumps(EXAMPLE).encode()
HEAD = b"POST /predict_delay_probability HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
REQUEST = HEAD % len(BODY) + BODY
BATCH_BODY = b"[" + b",".join([BODY] * 5000) + b"]"
BATCH = HEAD.replace(b"probability ", b"probabilities ") % len(BATCH_BODY) + BATCH_BODY


@pytest.mark.parametrize("flags", [["--cache-size", 0], ["--no-fast-lane"]], ids=["lane", "plain"])
@pytest.mark.parametrize("request_", [REQUEST, REQUEST * 20, BATCH], ids=["one", "pipelined", "batch"])
def test_pending_replies_are_made(servers: Callable[..., Any], flags: list[Any], request_: bytes) -> None:
    """Sent just before the signal, read by the server or not: it is answered, and then the connection is closed."""
    server = servers("--workers", 1, "--max-pending", 200_000, *flags)
    with ExitStack() as opened:
        connections = [
            opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20)) for _ in range(20)
        ]
        for connection in connections:
            ask(connection)
        for connection in connections:
            connection.sendall(request_)
        server.process.send_signal(signal.SIGTERM)
        for connection in connections:
            received = read_to_end(connection)
            assert received.count(b"200 OK") == request_.count(b"HTTP/1.1\r\n")
            assert received.count(b"connection: close") <= 1
    server.stop()


@pytest.mark.parametrize("flags", [[], ["--no-fast-lane"]], ids=["lane", "plain"])
def test_a_request_that_is_being_received_is_answered(servers: Callable[..., Any], flags: list[Any]) -> None:
    """Its head has come when the server is told to stop, its body comes long after an idle connection is closed."""
    server = servers("--workers", 1, *flags)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        ask(connection)
        connection.sendall(REQUEST[:-10])
        server.process.send_signal(signal.SIGTERM)
        wait_for_log(server, "Waiting for connections to close")
        time.sleep(2 * GRACE)
        connection.sendall(REQUEST[-10:])
        assert statuses(read_to_end(connection)) == [200]
    server.stop()


HALF = {
    "head": REQUEST[:60],
    "body": REQUEST[:-10],
    "chunk": HEAD[: HEAD.index(b"Content")] + b"Transfer-Encoding: chunked\r\n\r\n40\r\n{",
    "head of another route": b"GET /v2/health/live HTTP/1.1\r\nHost:",
}


@pytest.mark.parametrize("flags", [[], ["--no-fast-lane"]], ids=["lane", "plain"])
@pytest.mark.parametrize("half", HALF.values(), ids=HALF)
def test_half_a_request_keeps_nobody_waiting(servers: Callable[..., Any], flags: list[Any], half: bytes) -> None:
    """It is cut long before the time that requests being answered get."""
    server = servers("--workers", 1, "--drain-timeout", 1, "--shutdown-timeout", 600, *flags)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        ask(connection)
        connection.sendall(half)
        assert read_one_reply_later(server) == 200
        server.process.send_signal(signal.SIGTERM)
        assert statuses(read_to_end(connection)) == [408]
    server.stop()


@pytest.mark.parametrize("flags", [[], ["--no-fast-lane"]], ids=["lane", "plain"])
def test_a_client_that_does_not_read_keeps_nobody_waiting(servers: Callable[..., Any], flags: list[Any]) -> None:
    server = servers("--workers", 1, "--drain-timeout", 1, "--shutdown-timeout", 600, *flags)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        send_until_nothing_is_taken(connection)
        server.stop()


def send_until_nothing_is_taken(connection: socket.socket) -> None:
    connection.settimeout(1)
    with suppress(TimeoutError):
        while True:
            connection.sendall(REQUEST * 500)


ENDS = {
    "one": (REQUEST, [200]),
    "pipelined": (REQUEST * 20, [200] * 20),
    "batch": (BATCH, [200]),
    "hot, then cold": (REQUEST + BATCH + REQUEST, [200] * 3),
    "and half a head": (REQUEST * 3 + REQUEST[:60], [200] * 3),
    "and half a body": (BATCH + REQUEST[:-10], [200]),
    "half a head": (REQUEST[:60], []),
    "half a body": (REQUEST[:-10], []),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("flags", [["--cache-size", 0], [], ["--no-fast-lane"]], ids=["lane", "cached", "plain"])
def test_a_client_that_ends_its_side_gets_its_answers(servers: Callable[..., Any], flags: list[Any]) -> None:
    """However it was sent, and what did not come whole holds no connection."""
    server = servers("--workers", 1, *flags)
    for stream, expected in ENDS.values():
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
                connection.sendall(stream)
                connection.shutdown(socket.SHUT_WR)
                assert statuses(read_to_end(connection)) == expected
    assert "Traceback" not in server.log.read_text()


def read_one_reply_later(server: Any) -> int:
    """By the time that another connection was answered, the server has read what came before."""
    return int(server.post("/predict_delay_probability", EXAMPLE).status_code)


@pytest.mark.parametrize("flags", [[], ["--no-fast-lane"]], ids=["lane", "plain"])
def test_a_request_that_the_kernel_holds_is_answered(servers: Callable[..., Any], flags: list[Any]) -> None:
    """A server that was kept from reading until its patience with idle connections was over."""
    server = servers("--workers", 1, *flags)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        ask(connection)
        server.process.send_signal(signal.SIGTERM)
        wait_for_log(server, "Shutting down")
        server.process.send_signal(signal.SIGSTOP)
        connection.sendall(REQUEST)
        time.sleep(2 * GRACE)
        server.process.send_signal(signal.SIGCONT)
        received = read_to_end(connection)
        assert statuses(received) == [200]
        assert b"connection: close" in received
    server.stop()


def ask(connection: socket.socket) -> None:
    connection.sendall(REQUEST)
    received = b""
    while not received.endswith(b"}"):
        received += connection.recv(65536)


def read_to_end(connection: socket.socket) -> bytes:
    received = b""
    while data := connection.recv(1 << 20):
        received += data
    return received


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d+)", received)]


def wait_for_log(server: Any, text: str) -> None:
    deadline = time.monotonic() + 20
    while text not in server.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@dataclass
class Load:
    """A closed loop on many connections, which remembers every request that was sent whole and never answered."""

    port: int
    answered: int = 0
    unanswered: list[float] = field(default_factory=list)

    async def run(self, connections: int) -> None:
        await asyncio.gather(*(self._loop() for _ in range(connections)))

    async def _loop(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            while True:
                writer.write(REQUEST)
                sent = time.monotonic()
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                    await reader.readuntil(b"}")
                except (asyncio.IncompleteReadError, ConnectionError):
                    self.unanswered.append(sent)
                    return
                self.answered += 1
                if b"connection: close" in head:
                    return
        finally:
            writer.close()


class Door:
    """Knocks at a port without a pause, and remembers when it last was let in."""

    def __init__(self, port: int) -> None:
        self.last_open = 0.0
        self._port = port
        self._thread = threading.Thread(target=self._knock)
        self._thread.start()

    def _knock(self) -> None:
        while True:
            now = time.monotonic()
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
            except OSError:
                return
            self.last_open = now

    def wait(self) -> float:
        self._thread.join(30)
        return self.last_open


@pytest.mark.parametrize("flags", [["--workers", 2], ["--workers", 1, "--no-fast-lane"]], ids=["lane", "plain"])
def test_under_full_load_every_request_sent_while_the_door_was_open_is_answered(
    servers: Callable[..., Any], flags: list[Any]
) -> None:
    """Ten times out of ten."""
    for _ in range(10):
        server = servers("--cache-size", 0, *flags)
        load = Load(server.port)

        async def work(server: Any = server, load: Load = load) -> Door:
            running = asyncio.ensure_future(load.run(connections=32))
            while load.answered < 2000:
                await asyncio.sleep(0.01)
            door = Door(server.port)
            server.process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(running, 30)
            return door

        last_open = asyncio.run(work()).wait()
        server.stop()
        lost = [sent for sent in load.unanswered if sent < last_open]
        assert not lost, f"{len(lost)} of {load.answered} requests were lost"
