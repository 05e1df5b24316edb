"""What the tests share: a small bundle trained here, real servers, and the real flights where they are."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# One thread, read as the libraries load: on cores that other tests use, threads wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import httpx
import lightgbm as lgb
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.flights import make_flights
from tests.order import pytest_collection_modifyitems, pytest_xdist_make_scheduler
from tests.servers import Server, Start, assert_rounded, starting, wait_for
from tests.started import Started

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler"]

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """A shell has its background jobs ignore SIGINT, and so would all that the tests start and interrupt."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def need() -> Callable[[object, str], None]:
    """Skips the test with a sentence where something is missing, or fails it where everything has to run."""

    def check(there: object, sentence: str) -> None:
        if not there:
            (pytest.fail if os.environ.get("ATRASO_REQUIRE_ALL") else pytest.skip)(sentence)

    return check


@pytest.fixture(scope="session")
def need_built(need: Callable[[object, str], None]) -> Callable[[bool, str], None]:
    """Skips what cargo takes a minute or more to build, unless it is built or everything has to run."""
    return lambda built, how: need(
        built or os.environ.get("ATRASO_REQUIRE_ALL"), f"it is not built, which takes minutes: {how}"
    )


@pytest.fixture(scope="module")
def browser(need: Callable[[object, str], None]) -> Iterator[Browser]:
    """Chromium, of one module: while it is there, the thread has a running event loop.

    Where there is one without windows, that, which takes half of the time.
    """
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    need(chromium, "chromium is not installed: apt-get install chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def real_data(need: Callable[[object, str], None]) -> Path:
    """The CSV of the real flights."""
    path = Path(os.environ.get("ATRASO_DATA", ROOT / "data" / "dataset_SCL.csv"))
    need(path.is_file(), "the real flights are not here: `python -m export fetch` downloads them")
    return path


@pytest.fixture(scope="session")
def reference_predictions(need: Callable[[object, str], None]) -> Path:
    """The CSV that lists the test flights of the reference solution."""
    path = Path(os.environ.get("ATRASO_REFERENCE_PREDICTIONS", ROOT / "data" / "reference_predictions.csv"))
    need(path.is_file(), "the list of the reference's test flights is not here (ATRASO_REFERENCE_PREDICTIONS)")
    return path


@pytest.fixture(scope="session")
def golden() -> list[dict[str, Any]]:
    """Flights with the probability that LightGBM gave them when the shipped model was trained."""
    vectors: list[dict[str, Any]] = json.loads((ROOT / "examples" / "golden.json").read_bytes())
    return vectors


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Any]) -> Path:
    """A folder that `make` fills in whichever process needs it first; the others read it."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, made = base / name, base / f"{name}.made"
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


@pytest.fixture(scope="session")
def small_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 made-up flights whose delays depend on airline, destination and hour, with the real file's columns.

    And with its quirks: a flight that left in the next year, one without a number, and numbers with a decimal point.
    """
    return once(tmp_path_factory, "flights", lambda folder: make_flights(folder / "flights.csv")) / "flights.csv"


@dataclass(frozen=True)
class Made:
    """A bundle made by the command line, and the LightGBM booster that it came from."""

    folder: Path
    booster_file: Path

    @property
    def booster(self) -> lgb.Booster:
        return lgb.Booster(model_file=str(self.booster_file))


@pytest.fixture(scope="session")
def small_bundle(small_csv: Path, tmp_path_factory: pytest.TempPathFactory, run_export: Callable[..., str]) -> Made:
    def train(folder: Path) -> None:
        run_export("train", "--data", small_csv, "--out", folder, "--booster", folder / "model.txt")

    folder = once(tmp_path_factory, "bundle", train)
    return Made(folder, folder / "model.txt")


@pytest.fixture(scope="session")
def run_command() -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """`python -m export args`, from the root of the project."""
    export = Started("export.__main__:main", "lightgbm", "scipy.optimize", "sklearn.metrics")
    yield export.run
    export.end()


@pytest.fixture(scope="session")
def run_export(run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., str]:
    """What `python -m export args` prints, once it has ended well."""

    def run(*args: object) -> str:
        ended = run_command(*args)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


@pytest.fixture(scope="session")
def run_anew() -> Callable[..., str]:
    """The same by a process with a start of its own: its sets are ordered in another way than any other's."""

    def run(*args: object) -> str:
        command = [sys.executable, "-m", "export", *map(str, args)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


@pytest.fixture(scope="session")
def fail_export(run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., str]:
    """The one sentence that `python -m export args` ends with when it fails."""

    def fail(*args: object) -> str:
        ended = run_command(*args)
        assert ended.returncode != 0
        assert "Traceback" not in ended.stderr
        sentence = ended.stderr.strip().splitlines()[-1]
        assert sentence.startswith("atraso: ")
        return sentence

    return fail


@pytest.fixture(scope="session", autouse=True)
def certificates() -> Iterator[None]:
    """Read once: httpx does so for each request, which takes it most of its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def service() -> Iterator[Started]:
    """`python -m service args`, from the root of the project."""
    service = Started("service.__main__:start")
    yield service
    service.end()


@pytest.fixture(scope="module")
def servers(service: Started, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a server with the given flags, on a port that the system chose, and waits until it is ready.

    It ends with the module: servers that nobody asks any more take turns of the cores from those that are asked.
    """
    with starting(service, tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="session")
def server(service: Started, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The shipped bundle, one worker."""
    with starting(service, tmp_path_factory) as start:
        yield start("--workers", 1)


@pytest.fixture(scope="session")
def check_replies() -> Callable[..., int]:
    return assert_rounded


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Any]:
    """`wait_until(check, server)` polls until `check` gives something, while the server lives."""
    return lambda check, server: wait_for(check, server.process, server.log)
