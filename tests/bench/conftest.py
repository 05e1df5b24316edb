"""What the tests of the bench share: the flights, short loads, and `python -m bench` itself."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.flights import Flights, make
from bench.measure import Bench, prepared
from bench.tools import INSTALL

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def need_tool(need: Callable[[object, str], None]) -> Callable[[str], None]:
    """Skips where a program is not installed, or fails where everything has to run."""
    return lambda tool: need(shutil.which(tool), f"{tool} is not installed: {INSTALL[tool]}")


@pytest.fixture(scope="session")
def flights() -> Flights:
    return make()


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    with prepared() as prepared_bench:
        yield prepared_bench


@pytest.fixture
def run_bench() -> Run:
    """`python -m bench args`, from the root of the project."""

    def run(*args: object, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bench", *map(str, args)]
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=120, env={**os.environ, **env}, check=False
        )

    return run


@pytest.fixture
def fail_bench(run_bench: Run) -> Callable[..., str]:
    """The one sentence that `python -m bench args` ends with when it fails."""

    def fail(*args: object, **env: str) -> str:
        ended = run_bench(*args, **env)
        assert ended.returncode != 0
        assert "Traceback" not in ended.stderr
        return ended.stderr.strip().splitlines()[-1]

    return fail
