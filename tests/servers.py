"""Real servers, `python -m service`, and what they said."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.started import Running, Started

ROOT = Path(__file__).resolve().parent.parent
DEADLINE = 30
THRESHOLD: float = json.loads((ROOT / "tables" / "manifest.json").read_bytes())["model"]["threshold"]


@dataclass
class Server:
    """A running `python -m service`."""

    process: Running
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
def starting(service: Started, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Servers that end together: told so all at once, as each takes a moment."""
    running: list[Running] = []

    def start(*flags: object, env: dict[str, str] | None = None, stdout: Any = None) -> Server:
        log = tmp_path_factory.mktemp("server") / "log"
        environment = {**os.environ, **(env or {})}
        with log.open("wb") as err, Path(os.devnull).open("wb") as nowhere:
            process = service.begin("--port", 0, *flags, out=stdout or nowhere, err=err, environment=environment)
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


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url + "/v2/health/ready", timeout=DEADLINE).status_code == 200
    except httpx.TransportError:
        return False


def wait_for(check: Callable[[], Any], process: Running, log: Path) -> Any:
    """Poll `check` until it gives something, while the process lives."""
    deadline = time.monotonic() + DEADLINE
    while not (result := check()):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
    return result


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
