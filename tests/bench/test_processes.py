import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.processes import cpu_s, largest_mib, peak_mib, settle, tree, watch

WORK = "import threading, time\nt = threading.Thread(target=lambda: sum(range(4_000_000)))\nt.start(), t.join()\n"
CHILD = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {WORK + 'print(flush=True); input()'!r}])\n"


def test_threads_that_ended_and_children_are_counted() -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=-1, stdout=-1) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()  # the work is done
        pids = tree(process.pid)
        assert len(pids) == 2
        settle(pids)
        assert cpu_s(pids) > cpu_s(pids[:1]) > 0.005
        assert peak_mib(pids) >= largest_mib(pids) > 5
        process.communicate(b"\n")
    with pytest.raises(BenchError, match="ended while it was measured"):
        cpu_s(pids)


def test_a_process_that_ends_meanwhile_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = Path.glob

    def glob(folder: Path, pattern: str) -> list[Path]:
        """What was found, and a thread that is gone before it is asked."""
        return [Path("/proc/0/task/0/children"), *lists(folder, pattern)]

    monkeypatch.setattr(Path, "glob", glob)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as process:
        assert process.pid in tree(os.getpid())
        process.communicate(b"\n")
    assert tree(process.pid) == [process.pid]


def test_the_load_generator_is_counted_apart() -> None:
    command = [sys.executable, "-c", "sum(range(2_000_000))"]
    ended, spent = watch([], lambda: subprocess.run(command, check=True))
    assert ended.returncode == 0
    assert spent.server_s == 0
    assert spent.generator_s > 0
    assert spent.busy(1, 1)["server_busy"] == 0
