"""What the tests share: a small bundle trained here, real servers, and the real flights where they are."""

import csv
import fcntl
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

# One thread, read as the libraries load: on cores that other tests use, threads wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import httpx
import lightgbm as lgb
import numpy as np
import pytest
from playwright.sync_api import Browser, sync_playwright
from xdist.scheduler import LoadScopeScheduling

from tests.started import Started

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = (
    "Fecha-I", "Vlo-I", "Ori-I", "Des-I", "Emp-I", "Fecha-O", "Vlo-O", "Ori-O", "Des-O", "Emp-O",
    "DIA", "MES", "AÑO", "DIANOM", "TIPOVUELO", "OPERA", "SIGLAORI", "SIGLADES",
)  # fmt: skip
DAYS = ("Lunes", "Martes", "Miercoles", "Jueves", "Viernes", "Sabado", "Domingo")
DEADLINE = 30
THRESHOLD: float = json.loads((ROOT / "tables" / "manifest.json").read_bytes())["model"]["threshold"]

LOADS = ("tests/bench/", "tests/chaos/")
LONG = (
    *("tests/chaos/", "tests/bench/", "tests/examples/", "tests/export/", "tests/native/test_crate", "tests/web/"),
    *("tests/bulk/", "tests/test_dockerfile", "tests/native/test_make", "tests/test_readme"),
)


class Apart(LoadScopeScheduling):
    """Shares the tests among processes by file.

    Those that load a machine stay together, so that no two loads meet, and those that build in the same folders too.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith(LOADS):
            return "loads"
        return "examples" if file.startswith("tests/examples/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    config.option.loadscopereorder = False  # the order is that of the collection, which is ours
    return Apart(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long starts first where processes share the tests, so that none is left alone with it at the end."""
    if hasattr(config, "workerinput"):
        tests = Counter(item.path for item in items)
        items.sort(key=lambda item: (rank(item.nodeid), -tests[item.path], item.path))


def rank(nodeid: str) -> int:
    return next((place for place, folder in enumerate(LONG) if nodeid.startswith(folder)), len(LONG))


@pytest.fixture(scope="session")
def need() -> Callable[[object, str], None]:
    """Skips the test with a sentence where something is missing, or fails it where everything has to run."""

    def check(there: object, sentence: str) -> None:
        if not there:
            (pytest.fail if os.environ.get("ATRASO_REQUIRE_ALL") else pytest.skip)(sentence)

    return check


@pytest.fixture(scope="module")
def browser(need: Callable[[object, str], None]) -> Iterator[Browser]:
    """Chromium, of one module: while it is there, the thread has a running event loop."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
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


def make_flights(path: Path) -> None:
    draw = random.Random(0)
    airlines = {"Grupo LATAM": 0.1, "Sky Airline": 0.3, "Ñandú Air": 0.6, "Air | Pipe": 0.2}
    destinations = {"Calama": 0.1, "Lima": 0.2, "Iquique": 0.4}
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for number in range(3000):
            opera, siglades = draw.choice(list(airlines)), draw.choice(list(destinations))
            when = datetime(2017, 1, 1) + timedelta(minutes=draw.randrange(365 * 24 * 60))
            chance = (airlines[opera] + destinations[siglades] + when.hour / 48) / 2
            late = timedelta(minutes=40 if draw.random() < chance else 5)
            if number == 7:
                when, late = datetime(2017, 12, 31, 23, 50), timedelta(minutes=40)
            left = when + late
            operated = "" if number == 8 else f"{number}.0" if number % 100 == 9 else number
            kind = "I" if siglades == "Lima" else "N"
            rows.writerow(
                [
                    *(when, number, "SCEL", "SCXX", "XXX", left, operated, "SCEL", "SCXX", "XXX"),
                    *(left.day, left.month, left.year, DAYS[left.weekday()], kind, opera, "Santiago", siglades),
                ]
            )


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


ANEW = ("train", "refresh", "report")
"""What writes the same bytes in every process, however its sets are ordered: so each has a start of its own."""


@pytest.fixture(scope="session")
def run_command() -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """`python -m export args`, from the root of the project."""
    started: list[Started] = []

    def run(*args: object) -> subprocess.CompletedProcess[str]:
        if args[0] in ANEW:
            command = [sys.executable, "-m", "export", *map(str, args)]
            return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
        if not started:
            started.append(Started())
        return started[0].run(*args)

    yield run
    for each in started:
        each.end()


@pytest.fixture(scope="session")
def run_export(run_command: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., str]:
    """What `python -m export args` prints, once it has ended well."""

    def run(*args: object) -> str:
        ended = run_command(*args)
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


@dataclass
class Server:
    """A running `python -m service`."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def post(self, path: str, content: Any) -> httpx.Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return httpx.post(self.url + path, content=body, timeout=DEADLINE)

    def stop(self, how: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(DEADLINE)


Start = Callable[..., Server]


@contextmanager
def starting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Servers that end together: told so all at once, as each takes a moment."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*flags: object, env: dict[str, str] | None = None, stdout: Any = None) -> Server:
        log = tmp_path_factory.mktemp("server") / "log"
        command = [sys.executable, "-m", "service", "--port", "0", *map(str, flags)]
        with log.open("wb") as file:
            environment = {**os.environ, **(env or {})}
            process = subprocess.Popen(command, cwd=ROOT, stderr=file, stdout=stdout, env=environment)
        running.append(process)
        url = wait_for(lambda: re.search(r"http://\S+:\d+", log.read_text()), process, log).group()
        server = Server(process, url, log)
        wait_for(lambda: _is_ready(url), process, log)
        return server

    try:
        yield start
    finally:
        for process in running:
            if process.poll() is None:
                process.terminate()
        for process in running:
            process.wait(DEADLINE)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a server with the given flags, on a port that the system chose, and waits until it is ready.

    It ends with the module: servers that nobody asks any more take turns of the cores from those that are asked.
    """
    with starting(tmp_path_factory) as start:
        yield start


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url + "/v2/health/ready", timeout=DEADLINE).status_code == 200
    except httpx.TransportError:
        return False


def wait_for(check: Callable[[], Any], process: subprocess.Popen[bytes], log: Path) -> Any:
    """Poll `check` until it gives something, while the process lives."""
    deadline = time.monotonic() + DEADLINE
    while not (result := check()):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
    return result


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The shipped bundle, one worker."""
    with starting(tmp_path_factory) as start:
        yield start("--workers", 1)


def assert_rounded(replies: list[dict[str, Any]], expected: Any, threshold: float = THRESHOLD) -> int:
    """Replies are LightGBM's probabilities in hundredths; returns how many half-way cases went to the other side."""
    probabilities = np.asarray(expected)
    got = np.array([reply["delay_probability"] for reply in replies])
    assert len(got) == len(probabilities)
    other = np.flatnonzero(got != np.round(probabilities, 2))
    half_way = np.abs(probabilities[other] * 100 % 1 - 0.5) < 1e-3
    assert half_way.all()
    assert (np.abs(got[other] - probabilities[other]) < 0.005 + 1e-5).all()
    for reply, probability in zip(replies, probabilities, strict=True):
        if abs(probability - threshold) > 1e-5:
            word = "Alta" if probability > threshold else "Baja"
            assert reply["clase"] == [f"{word} probabilidad de atraso"]
    return len(other)


@pytest.fixture(scope="session")
def check_replies() -> Callable[..., int]:
    return assert_rounded


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Any]:
    """`wait_until(check, server)` polls until `check` gives something, while the server lives."""
    return lambda check, server: wait_for(check, server.process, server.log)
