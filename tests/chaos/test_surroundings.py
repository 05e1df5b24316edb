"""The machine around the service: descriptors run out, folders vanish, fill up or turn read-only, the clock jumps."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.rig.client import Connection, Load, failures, longest_gap, wait_until, wrong
from tests.chaos.rig.questions import QUESTIONS
from tests.chaos.rig.results import record, sized
from tests.chaos.rig.started import ROOT, Started, stop
from tests.chaos.rig.wrapped import CLOCK_BACK

Right = dict[str, list[bytes]]
FILES = 128


def killed_and_replaced(server: Started, done: str, right: Right) -> None:
    """What is left of the service serves on, and a new worker joins it; nothing is lost but by the killed one."""
    times, excused = sized(1, 5), set()
    with Load(server.port, QUESTIONS) as load:
        for _ in range(times):
            load.wait_for_more()
            victim = server.workers()[0]
            excused |= stop(victim)
            os.kill(victim, signal.SIGKILL)
            server.wait_for_workers(2, without=victim)
        load.wait_for_more()
    lost = failures(load.asked, excused)
    died = failures(load.asked).total() - lost.total()
    record(f"{done}, then a worker is killed -9", times, load.answered(), lost.total(), died, longest_gap(load.asked))
    assert not lost
    assert not wrong(load.asked, right)
    assert server.process.poll() is None
    assert "Traceback" not in server.text()


def remove_tables(live: Path) -> None:
    shutil.rmtree(live / "tables")


def remove_model(live: Path) -> None:
    (live / "model.onnx").unlink()


def break_a_table(live: Path) -> None:
    (live / "tables" / "hora.json").write_text("{}")


def remove_all(live: Path) -> None:
    shutil.rmtree(live)


GONE = {
    "tables/ is deleted": remove_tables,
    "the bundle's folder is deleted": remove_all,
    "model.onnx is deleted": remove_model,
    "a table is emptied": break_a_table,
}


@pytest.mark.parametrize("done", sized(list(GONE)[:1], list(GONE)))
def test_a_bundle_that_is_gone(start: Callable[..., Started], right: Right, live: Path, done: str) -> None:
    server = start("--workers", 2, "--bundle", live)
    GONE[done](live)
    killed_and_replaced(server, done, right)


def test_a_temporary_folder_that_is_cleaned(start: Callable[..., Started], right: Right, tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    server = start("--workers", 2, env={"TMPDIR": str(folder)})
    shutil.rmtree(folder)
    killed_and_replaced(server, "the temporary folder is deleted", right)


KEPT = sorted({ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()})
FULL_UP = "head -c 4096 /dev/zero > {0}/full"
READ_ONLY = "mount -o remount,ro {0}"
MOUNTS = {
    "/tmp is read-only": [("/tmp", READ_ONLY), ("/var/tmp", READ_ONLY)],
    "/tmp is full": [("/tmp", FULL_UP)],
    "/dev/shm is full": [("/dev/shm", FULL_UP)],
}


def over(folder: str, made: str) -> str:
    """Shell that mounts a page of memory over `folder`; what the service needs stays where it is, in there too."""
    kept = dict(enumerate((path for path in KEPT if path.is_relative_to(folder)), 3))
    opened = [f"exec {number}< {shlex.quote(str(path))}" for number, path in kept.items()]
    bound = [
        f"mkdir -p {shlex.quote(str(path))}; mount -c --bind /proc/self/fd/{number} {shlex.quote(str(path))}; "
        f"exec {number}<&-"
        for number, path in kept.items()
    ]
    return "; ".join([*opened, f"mount -t tmpfs -o size=4k none {folder}", *bound, made.format(folder)])


@pytest.mark.parametrize("done", sized(list(MOUNTS)[:1], list(MOUNTS)))
def test_a_temporary_folder_of_no_use(start: Callable[..., Started], right: Right, done: str) -> None:
    before = "; ".join(over(*each) for each in MOUNTS[done])
    tried = subprocess.run(["unshare", "--mount", "sh", "-ec", before], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"this machine lets nobody mount: {tried.stderr.strip()}")
    server = start("--workers", 2, before=before, env={"TMPDIR": "/tmp"})
    killed_and_replaced(server, done, right)


def test_a_clock_that_is_set_back(start: Callable[..., Started], right: Right) -> None:
    server = start("--workers", 2, module="tests.chaos.rig.wrapped")
    with Load(server.port, QUESTIONS) as load:
        load.wait_for_more()
        for pid in server.workers():
            os.kill(pid, CLOCK_BACK)
        load.wait_for_more(sized(50, 1000))
    lost = failures(load.asked)
    record("the workers' clock is set back by a day", 1, load.answered(), lost.total(), gap=longest_gap(load.asked))
    assert not lost
    assert not wrong(load.asked, right)


def test_descriptors_run_out(start: Callable[..., Started], right: Right) -> None:
    """Idle clients take them all: connections that are there are served, the log stays short, and the idle are cut."""
    server = start("--workers", 2, "--keep-alive", 2, "--request-timeout", 2, files=FILES)
    with Load(server.port, QUESTIONS, clients=4) as load:
        load.wait_for_more()
        written = len(server.text())
        crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3 * FILES)]
        newcomer = Connection(server.port)
        newcomer.socket.sendall(QUESTIONS[0].request)
        assert newcomer.reply()[0] == 200  # as soon as the idle were cut
        newcomer.close()
        wait_until(lambda: server.descriptors() < FILES)
        load.wait_for_more()
        for connection in crowd:
            connection.close()
    lost = failures(load.asked)
    lines = server.text()[written:].count("\n")
    told = f"{lines} lines of log"
    record(f"{3 * FILES} idle connections, {FILES} descriptors a worker", 1, load.answered(), lost.total(), more=told)
    assert not lost
    assert not wrong(load.asked, right)
    assert lines < 100
    assert server.get("/v2/health/live").status_code == 200
