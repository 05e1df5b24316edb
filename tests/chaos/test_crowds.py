"""Crowds of clients that say nothing, half of something, or never read: others are served, the crowd is cut."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import pytest

from tests.chaos.rig.client import DEADLINE, Load, failures, longest_gap, p99, wait_until, wrong
from tests.chaos.rig.questions import BATCH, FLIGHTS, HOT, QUESTIONS, asked, post
from tests.chaos.rig.results import FULL, record, sized
from tests.chaos.rig.started import Started

Right = dict[str, list[bytes]]
LIMITS = ("--request-timeout", 2, "--write-timeout", 2, "--keep-alive", 2)
STAYS = 1.5
"""Seconds that a crowd is there whole, before the first of it is cut."""
MANY_REPLIES = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 5
"""Hundreds of kilobytes, which nobody takes."""
MUCH_WORK = asked(BATCH, FLIGHTS * 20).request * 20
"""Some megabytes, more than the kernel holds for a connection, and seconds of work."""

CLIENTS = 4
BYTES_EACH, BYTES_FULL, BYTES_MORE = 64 << 10, 320 << 10, 32 << 20
"""What a connection of the crowd may cost in the workers, what one that sends megabytes may, since it is read 256 kB at
a time until 64 are there, and what the load beside them may."""


@contextmanager
def crowd(port: int, count: int, first: bytes, drip: bytes = b"") -> Iterator[list[socket.socket]]:
    """Connections that send `first`, as much of it as is taken, then `drip` byte by byte, and read nothing."""
    stop = threading.Event()
    connections = [socket.socket() for _ in range(count)]
    for connection in connections:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", port))
        connection.setblocking(False)
        with suppress(OSError):
            connection.send(first)

    def dripping() -> None:
        for byte in drip:
            for connection in connections:
                with suppress(OSError):
                    connection.send(bytes([byte]))
            if stop.wait(0.5):
                return

    thread = threading.Thread(target=dripping, daemon=True)
    thread.start()
    try:
        yield connections
    finally:
        stop.set()
        thread.join()
        for connection in connections:
            connection.close()


@dataclass(frozen=True)
class Kind:
    """So many connections that each send `first` and then `drip`."""

    noun: str
    short: int
    full: int
    first: bytes = b""
    drip: bytes = b""
    bytes_each: int = BYTES_EACH
    busy: bool = False
    """Whether its requests are much work, for which others wait however it reads."""

    @property
    def count(self) -> int:
        return sized(self.short, self.full)


KINDS = [
    Kind("silent", 100, 2000),
    Kind("half-sent heads", 20, 500, post(HOT, b"{}")[:30]),
    Kind("heads at two bytes a second", 20, 500, b"", post(HOT, b"x" * 500)),
    Kind("half-sent bodies", 20, 500, post(HOT, b"x" * 100)[:-50]),
    Kind("bodies at two bytes a second", 20, 500, post(HOT, b"x" * 500)[:-490], b"x" * 490),
    Kind("never-reading", 20, 500, MANY_REPLIES),
    Kind("never-reading, of batches", 10, 500, MUCH_WORK, bytes_each=BYTES_FULL, busy=True),
    Kind("idle after a reply", 50, 2000, QUESTIONS[0].request),
]


@pytest.mark.parametrize("lane", ["--fast-lane", "--no-fast-lane"], ids=["lane", "asgi"])
@pytest.mark.parametrize("kinds", sized([KINDS], [[kind] for kind in KINDS]), ids=lambda kinds: kinds[0].noun)
def test_a_crowd_is_cut(start: Callable[..., Started], right: Right, kinds: list[Kind], lane: str) -> None:
    """The short form has all kinds at once, the full one each by itself."""
    server = start("--workers", 2, lane, *LIMITS)
    with Load(server.port, QUESTIONS, clients=CLIENTS) as load, ExitStack() as crowds:
        load.wait_for_more(sized(20, 500))
        before, memory, peak = p99(load.asked), server.memory(), 0
        calm, began = server.descriptors() + CLIENTS, time.monotonic()
        for kind in kinds:
            crowds.enter_context(crowd(server.port, kind.count, kind.first, kind.drip))
        held, there = server.descriptors(), time.monotonic()

        def cut() -> bool:
            nonlocal peak
            peak = max(peak, server.memory())
            return server.descriptors() <= calm

        def why() -> str:
            return f"{calm} -> {held} -> {server.descriptors()} sockets\n{server.text()[-2000:]}"

        wait_until(lambda: time.monotonic() > there + STAYS)  # to look at thousands of sockets would hold the load up
        wait_until(cut, sized(1, 4) * DEADLINE, why)  # five hundred batches are computed first
        load.wait_for_more()
    asked, count = load.asked, sum(kind.count for kind in kinds)
    late, grown, lost = p99(each for each in asked if each.began > began), peak - memory, failures(asked)
    beside = p99(each for each in asked if there < each.began < there + STAYS)
    nouns = ", ".join(kind.noun for kind in kinds)
    told = f"p99 {before:.1f} ms, {beside:.1f} beside them, {late:.1f} with their coming and going; "
    told += f"{grown >> 20} MiB more at the peak, all cut"
    record(
        f"{count:,} connections: {nouns}, {'lane' if lane == '--fast-lane' else 'behind ASGI'}",
        1, len(asked), lost.total(), gap=longest_gap(asked), more=told,
    )  # fmt: skip
    assert not lost
    assert not wrong(asked, right)
    assert grown < sum(kind.count * kind.bytes_each for kind in kinds) + BYTES_MORE
    assert "Traceback" not in server.text()
    if FULL and not any(kind.busy for kind in kinds):
        assert beside <= 2 * before
        assert late <= 2 * before + 5  # thousands connect within a tenth of a second
