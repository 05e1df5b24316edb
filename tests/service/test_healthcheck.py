import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from service.healthcheck import addresses, is_ready, reachable

ROOT = Path(__file__).resolve().parents[2]


def check(**env: str) -> int:
    """The status of the health check, where these variables are set."""
    mine = {name: value for name, value in os.environ.items() if name != "PORT" and not name.startswith("ATRASO_")}
    command = [sys.executable, "-m", "service.healthcheck"]
    return subprocess.run(command, cwd=ROOT, env={**mine, **env}, stderr=subprocess.PIPE, check=False).returncode


def test_a_ready_server_is_ready(server: Any) -> None:
    assert is_ready("127.0.0.1", server.port)


def test_a_closed_port_is_not() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert not is_ready("127.0.0.1", port)


def test_a_server_that_is_no_server_is_not() -> None:
    def hang_up() -> None:
        listener.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=hang_up)
        thread.start()
        assert not is_ready("127.0.0.1", listener.getsockname()[1])
        thread.join()


MINE = {"ATRASO_HOST": "127.0.0.9"}
"""What the flags override: of the servers on this machine it tells ours."""


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--host", "127.0.0.1"], "127.0.0.1"),
        (["--host", "0.0.0.0"], "127.0.0.1"),
        (["--host", "127.0.0.2"], "127.0.0.2"),
        (["--host", "::1"], "::1"),
        (["--host", "::"], "::1"),
    ],
)
def test_it_asks_where_the_server_listens(
    until_listening: Any, monkeypatch: pytest.MonkeyPatch, flags: list[str], expected: str
) -> None:
    """A server that was told by flags, of which the health check knows nothing."""
    monkeypatch.setenv("ATRASO_HOST", MINE["ATRASO_HOST"])
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.delenv("ATRASO_PORT", raising=False)
    assert set(addresses()) == set()
    port = until_listening(*flags)
    assert set(addresses()) == {(expected, port)}
    assert check(**MINE) == 0


@pytest.fixture
def until_listening() -> Any:
    """Starts a server with a port of its own as a flag, and gives that once it listens."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*flags: str) -> int:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
        command = [sys.executable, "-m", "service", "--workers", "1", "--port", str(port), *flags]
        started.append(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL))
        while port not in {each[1] for each in addresses()}:
            assert started[-1].poll() is None
        return port

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.mark.parametrize(("address", "asked"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.1.2.3", "10.1.2.3")])
def test_a_server_for_every_address_is_asked_on_this_machine(address: str, asked: str) -> None:
    assert reachable(ip_address(address)) == asked


def test_a_port_that_is_none_is_no_traceback(servers: Callable[..., Any]) -> None:
    """Kubernetes sets this in every pod beside a Service named `atraso`."""
    command = [sys.executable, "-m", "service.healthcheck"]
    env = {**os.environ, "ATRASO_PORT": "tcp://10.96.0.12:8080"}
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert "Traceback" not in ended.stderr
