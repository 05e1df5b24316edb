"""Starts a server on its CPUs, waits until it answers, and ends it and its children whatever happens."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.check import ask
from bench.cpus import Cpus, on
from bench.errors import BenchError
from bench.tools import last_line
from bench.traffic import Traffic
from service.settings import ROOT

DEADLINE = 60
PATIENCE = 10


@dataclass(frozen=True)
class Server:
    """A server that answers; `first_200_s` are the seconds from its start to its first reply."""

    pid: int
    port: int
    first_200_s: float


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Sequence[str], port: int, traffic: Traffic, cpus: Cpus, folder: Path) -> Iterator[Server]:
    """The server that `command` starts on `port`, once it has answered a request. Raises BenchError."""
    log = folder / f"{port}.log"
    with log.open("wb") as file, on(cpus.server):
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=_plain(), start_new_session=True
        )
    try:
        with on(cpus.generator):
            _wait(process, port, traffic, log)
        yield Server(process.pid, port, time.perf_counter() - started)
    finally:
        _end(process)


def _plain() -> dict[str, str]:
    """The environment without settings of ours: the command shows them all."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ATRASO_")}


def _wait(process: subprocess.Popen[bytes], port: int, traffic: Traffic, log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while not _answers(port, traffic):
        if process.poll() is not None:
            raise BenchError(f"the server ended before it answered: {last_line(log.read_text(errors='replace'))}")
        if time.monotonic() > deadline:
            raise BenchError(
                f"the server did not answer within {DEADLINE} seconds: {last_line(log.read_text(errors='replace'))}"
            )
        time.sleep(0.001)


def _answers(port: int, traffic: Traffic) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        return ask(connection, traffic, 0)[0] == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server politely, then what is left of its process group."""
    try:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
