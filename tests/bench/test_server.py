import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.cpus import Cpus, count, on, part
from bench.errors import BenchError
from bench.measure import Bench
from bench.processes import tree
from bench.server import free_port, running
from bench.traffic import singles

ROOT = Path(__file__).resolve().parents[2]


def test_a_server_that_ends_is_a_sentence(bench: Bench, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no model here')"]
    traffic = singles(bench.flights)
    with (
        pytest.raises(BenchError, match="the server ended before it answered: no model here"),
        running(command, free_port(), traffic, bench.cpus, tmp_path),
    ):
        pass


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_bench_leaves_no_server(how: int, need_tool: Callable[[str], None], tmp_path: Path) -> None:
    need_tool("wrk")
    command = [sys.executable, "-m", "bench", "run", "cached", "--workers", "2", "--seconds", "60"]
    with subprocess.Popen([*command, "--out", str(tmp_path / "run.json")], cwd=ROOT, stderr=-1) as process:
        wait_for(lambda: len(tree(process.pid)) >= 5)  # the bench, wrk, the server and its two workers
        pids = tree(process.pid)
        process.send_signal(how)
        process.communicate(timeout=30)
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert process.returncode != 0


def test_servers_get_no_number_of_threads_from_the_bench() -> None:
    """`export`, which it shares code with, has one thread for its own commands."""
    command = [sys.executable, "-c", "import os, bench.__main__; print(os.environ.get('OMP_NUM_THREADS'))"]
    env = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    printed = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert printed.stdout == "None\n"


def wait_for(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU cannot be parted")
def test_server_and_load_are_parted() -> None:
    cpus = part(1)
    assert cpus.server
    assert cpus.generator
    assert not cpus.server & cpus.generator
    assert str(cpus).startswith("server on CPU ")
    with on(cpus.server):
        assert os.sched_getaffinity(0) == cpus.server
    assert os.sched_getaffinity(0) == cpus.server | cpus.generator


def test_too_few_cpus_are_shared() -> None:
    cpus = part(len(os.sched_getaffinity(0)))
    assert cpus == Cpus(None, None)
    assert "too few" in str(cpus)
    assert count(cpus.server) == len(os.sched_getaffinity(0))
