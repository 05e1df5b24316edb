"""SIGTERM under load, to the parent or to the whole group: no request received whole goes unanswered."""

import os
import signal
from collections import Counter
from collections.abc import Callable

import pytest

from tests.chaos.rig.client import DEADLINE, Connection, Load, failures, longest_gap, wait_until, wrong
from tests.chaos.rig.questions import HOT, QUESTIONS, post
from tests.chaos.rig.results import record, sized
from tests.chaos.rig.started import Started

Right = dict[str, list[bytes]]


WAYS = {
    "SIGTERM to the parent": (os.kill, signal.SIGTERM),
    "SIGTERM to the whole group": (os.killpg, signal.SIGTERM),
    "SIGINT to the whole group": (os.killpg, signal.SIGINT),
}
ALL = [(told, workers) for told in WAYS for workers in (1, 2)]


@pytest.mark.parametrize(("told", "workers"), sized(ALL[1:4] + ALL[5:], ALL))
def test_nothing_is_lost(start: Callable[..., Started], right: Right, told: str, workers: int) -> None:
    """A client that is told to close its connection tries the door again at once, until it is shut."""
    send, number = WAYS[told]
    times, asked, lost, gap = sized(1, 20), 0, Counter[str](), 0.0
    for _ in range(times):
        server = start("--workers", workers)
        with Load(server.port, QUESTIONS, leaving=True) as load:
            load.wait_for_more()
            send(server.pid, number)
            load.join()
        assert server.process.wait(DEADLINE) == 0, server.text()
        assert "Traceback" not in server.text()
        assert not wrong(load.asked, right)
        lost += failures(load.asked)
        asked += load.answered()
        gap = max(gap, longest_gap(load.asked))
    noun = "one worker" if workers == 1 else f"{workers} workers"
    record(f"{told} under load, {noun}", times, asked, lost.total(), gap=gap)
    assert not lost


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, 2), (signal.SIGINT, 1)])
def test_a_second_signal_ends_at_once(start: Callable[..., Started], number: int, workers: int) -> None:
    """While a half-sent body would be waited for."""
    server = start("--workers", workers, "--drain-timeout", 600, "--request-timeout", 600)
    half = Connection(server.port)
    half.socket.sendall(post(HOT, b"x" * 100)[:-50])
    assert server.get("/v2/health/live").status_code == 200
    os.kill(server.pid, number)
    wait_until(lambda: is_shut(server.port))
    assert server.process.poll() is None
    os.killpg(server.pid, number)
    server.process.wait(DEADLINE)
    half.close()


def test_half_a_request_does_not_hold_the_end_up(start: Callable[..., Started]) -> None:
    """Not beyond the time that is set for it."""
    server = start("--workers", 2, "--drain-timeout", 1)
    halves = [Connection(server.port) for _ in range(20)]
    for half in halves:
        half.socket.sendall(post(HOT, b"x" * 100)[:-50])
    assert server.get("/v2/health/live").status_code == 200
    os.kill(server.pid, signal.SIGTERM)
    server.process.wait(DEADLINE)
    for half in halves:
        half.close()


def is_shut(port: int) -> bool:
    try:
        Connection(port).close()
    except OSError:
        return True
    return False
