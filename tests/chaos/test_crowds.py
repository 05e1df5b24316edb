"""Crowds of clients that say nothing, half of something, or never read: others are served, the crowd is cut."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.chaos.rig.client import Load, failures, longest_gap, p99, wait_until, wrong
from tests.chaos.rig.questions import BATCH, FLIGHTS, HOT, QUESTIONS, asked, post
from tests.chaos.rig.results import FULL, record, sized
from tests.chaos.rig.started import Started

Right = dict[str, list[bytes]]
LIMITS = ("--request-timeout", 2, "--write-timeout", 2, "--keep-alive", 2)
MANY_REPLIES = asked(BATCH, FLIGHTS * 20).request * 20
"""Some megabytes of replies to a connection: more than the kernel holds for it."""

BYTES_EACH, BYTES_MORE = 64 * 1024, 32 << 20
"""What a connection of the crowd may cost in the workers, and what the load beside it may."""


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


@pytest.mark.parametrize("lane", ["--fast-lane", "--no-fast-lane"], ids=["lane", "asgi"])
@pytest.mark.parametrize(
    ("noun", "sizes", "first", "drip"),
    [
        ("silent", (200, 2000), b"", b""),
        ("half-sent heads", (50, 500), post(HOT, b"{}")[:30], b""),
        ("heads at two bytes a second", (50, 500), b"", post(HOT, b"x" * 500)),
        ("half-sent bodies", (50, 500), post(HOT, b"x" * 100)[:-50], b""),
        ("bodies at two bytes a second", (50, 500), post(HOT, b"x" * 500)[:-490], b"x" * 490),
        ("never-reading", (20, 500), MANY_REPLIES, b""),
        ("idle after a reply", (100, 2000), QUESTIONS[0].request, b""),
    ],
    ids=["silent", "heads", "dripped heads", "bodies", "dripped bodies", "unread", "idle"],
)
def test_a_crowd_is_cut(
    start: Callable[..., Started],
    right: Right,
    noun: str,
    sizes: tuple[int, int],
    first: bytes,
    drip: bytes,
    lane: str,
) -> None:
    server = start("--workers", 2, lane, *LIMITS)
    count = sized(*sizes)
    with Load(server.port, QUESTIONS, clients=4) as load:
        load.wait_for_more(sized(20, 500))
        before, memory = p99(load.asked), server.memory()
        heard, peak = load.answered(), memory
        with crowd(server.port, count, first, drip):
            held = server.descriptors()

            def cut() -> bool:
                nonlocal peak
                peak = max(peak, server.memory())
                return server.descriptors() <= 40

            wait_until(cut, why=lambda: f"{server.descriptors()} descriptors, {held} at first\n{server.text()[-2000:]}")
        load.wait_for_more()
        during = load.asked
    late, grown = p99(during), peak - memory
    told = f"p99 {before:.1f} -> {late:.1f} ms, {grown >> 20} MiB more at the peak"
    lost = failures(during)
    name = f"{count:,} connections: {noun}, {'lane' if lane == '--fast-lane' else 'behind ASGI'}"
    record(name, 1, len(during), lost.total(), gap=longest_gap(during), more=told)
    assert load.answered() > heard
    assert not lost
    assert not wrong(during, right)
    assert grown < count * BYTES_EACH + BYTES_MORE
    assert "Traceback" not in server.text()
    if FULL:
        assert late <= 2 * before + 5
