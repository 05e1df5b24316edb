"""Workers that die, stop, hang or cannot start, and a parent that is killed: the others serve on."""

import os
import random
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.rig.client import Load, failures, longest_gap, wait_until, wrong
from tests.chaos.rig.questions import QUESTIONS
from tests.chaos.rig.results import record, sized
from tests.chaos.rig.started import Started, alive, stop
from tests.chaos.rig.wrapped import LOOP

WRAPPED = "tests.chaos.rig.wrapped"
Right = dict[str, list[bytes]]


def hurt(pid: int, *numbers: int) -> set[int]:
    """Stops a worker, sees whose connections it has, and sends it the signals."""
    ports = stop(pid)
    for number in numbers:
        os.kill(pid, number)
    return ports


def judge(done: str, times: int, load: Load, right: Right, excused: set[int]) -> None:
    """Only requests of the hurt workers' connections may be lost, and one of each."""
    asked = load.asked
    lost = [each for each in asked if each.failure and each.port in excused]
    others = failures(asked, excused)
    record(done, times, len(asked), others.total(), len(lost), longest_gap(asked))
    assert not wrong(asked, right)
    assert not others
    assert len(lost) <= len(excused)


@pytest.mark.parametrize(
    ("done", "signals", "times"),
    [
        ("a worker of two is killed -9 under load", [signal.SIGKILL], (2, 20)),
        ("a worker of two is stopped (SIGSTOP) under load", [], (1, 5)),
        ("a worker of two is sent into an endless loop under load", [LOOP, signal.SIGCONT], (1, 5)),
    ],
    ids=["killed", "stopped", "stuck"],
)
def test_a_worker_that_is_hurt_is_replaced(
    start: Callable[..., Started], right: Right, done: str, signals: list[int], times: tuple[int, int]
) -> None:
    flags = [] if signals == [signal.SIGKILL] else ["--worker-timeout", 1]
    server = start("--workers", 2, *flags, module=WRAPPED)
    excused: set[int] = set()
    with Load(server.port, QUESTIONS) as load:
        for _ in range(sized(*times)):
            load.wait_for_more()
            victim = random.choice(server.workers())
            excused |= hurt(victim, *signals)
            server.wait_for_workers(2, without=victim)
        load.wait_for_more()
    judge(done, sized(*times), load, right, excused)
    assert "Traceback" not in server.text()


def test_the_only_worker_is_replaced(start: Callable[..., Started], right: Right) -> None:
    """Who connects meanwhile waits for the next one: the parent keeps the door open."""
    server = start("--workers", 1)
    excused: set[int] = set()
    times = sized(1, 20)
    with Load(server.port, QUESTIONS, clients=8) as load:
        for _ in range(times):
            load.wait_for_more()
            (victim,) = server.workers()
            excused |= hurt(victim, signal.SIGKILL)
            server.wait_for_workers(1, without=victim)
        load.wait_for_more()
    judge("the only worker is killed -9 under load", times, load, right, excused)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_leave_when_their_parent_is_killed(start: Callable[..., Started], workers: int) -> None:
    """And the port is free for the next start."""
    times, asked, gone = sized(1, 5), 0, 0
    for _ in range(times):
        server = start("--workers", workers)
        left = server.workers()
        assert len(left) == workers
        with Load(server.port, QUESTIONS, leaving=True) as load:
            load.wait_for_more()
            os.kill(server.pid, signal.SIGKILL)
            try:
                wait_until(lambda left=left: not any(map(alive, left)))
            finally:
                for pid in filter(alive, left):
                    os.kill(pid, signal.SIGKILL)
        wait_until(lambda server=server: is_free(server.port))
        asked += load.answered()
        gone += failures(load.asked).total()
    noun = "the worker" if workers == 1 else f"{workers} workers"
    record(f"the parent of {noun} is killed -9 under load", times, asked, excused=gone, more="workers gone, port free")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def test_a_replacement_that_cannot_start_is_tried_again(
    start: Callable[..., Started], right: Right, tmp_path: Path
) -> None:
    """With growing pauses: the other worker serves on, and the log does not fill."""
    bar = tmp_path / "barred"
    server = start("--workers", 2, module=WRAPPED, env={"ATRASO_CHAOS_BAR": str(bar)})
    with Load(server.port, QUESTIONS) as load:
        load.wait_for_more()
        bar.touch()
        victim = server.workers()[0]
        excused = hurt(victim, signal.SIGKILL)
        before = len(server.text())
        load.wait_for_more(sized(100, 2000))
        assert server.process.poll() is None
        said = server.text()[before:]
        bar.unlink()
        server.wait_for_workers(2, without=victim)
        load.wait_for_more()
    judge("a killed worker's replacement cannot start at first", 1, load, right, excused)
    assert said.count("\n") < 100, said


def test_one_port_is_not_shared_by_two_starts(start: Callable[..., Started], fail_start: Any) -> None:
    server = start("--workers", 1)
    said = fail_start("--workers", 2, "--port", server.port)
    assert said.count("atraso: ") == 1
    assert "Traceback" not in said
    assert server.get("/v2/health/ready").status_code == 200
