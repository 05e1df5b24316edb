"""Starting and ending `python -m service`."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.api.contract import EXAMPLE
from tests.processes import children

ROOT = Path(__file__).resolve().parents[2]


def start(*flags: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected to end by itself, within seconds."""
    command = [sys.executable, "-m", "service", "--port", "0", *map(str, flags)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=20, env={**os.environ, **(env or {})}
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "tables", tmp_path / "tables")
    shutil.copy(ROOT / "model.onnx", tmp_path)
    return tmp_path


def another_model(at: Path) -> None:
    (at / "model.onnx").write_bytes((at / "model.onnx").read_bytes() + b"\0")


def another_table(at: Path) -> None:
    path = at / "tables" / "hora.json"
    path.write_text(path.read_text().replace("0.", "1.", 1))


def pipe(at: Path) -> None:
    (at / "tables" / "hora.json").unlink()
    os.mkfifo(at / "tables" / "hora.json")


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda at: shutil.rmtree(at / "tables"), "tables/manifest.json: No such file or directory"),
    "truncated": (lambda at: os.truncate(at / "model.onnx", 1000), "model.onnx: truncated, or of another bundle"),
    "another model": (another_model, "model.onnx: truncated, or of another bundle"),
    "no table": (
        lambda at: (at / "tables/hora.json").unlink(), "hora.json: No such file or directory"),
    "another table": (another_table, "hora.json: truncated, or of another bundle"),
    "a pipe": (pipe, "hora.json: it should be a regular file"),
}  # fmt: skip


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("damage", "sentence"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_bundle_is_refused(copy: Path, workers: int, damage: Callable[[Path], Any], sentence: str) -> None:
    damage(copy)
    ended = start("--workers", workers, "--bundle", copy)
    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_model_of_another_width_is_refused_by_the_workers(copy: Path, workers: int) -> None:
    path = copy / "tables" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["features"].pop()
    path.write_text(json.dumps(manifest))
    ended = start("--workers", workers, "--bundle", copy)
    assert ended.returncode == 3
    assert "model.onnx: it takes 12 features, the manifest names 11" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = start("--port", port)
    assert ended.returncode == 1
    assert ended.stderr == f"atraso: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


@pytest.mark.parametrize(
    ("flags", "env", "sentence"),
    [
        (["--workers", "0"], {}, "Invalid value for '--workers'"),
        (["--workers", "two"], {}, "Invalid value for '--workers'"),
        (["--log-level", "loud"], {}, "Invalid value for '--log-level'"),
        ([], {"ATRASO_CACHE_SIZE": "-1"}, "Invalid value for '--cache-size' (env var: 'ATRASO_CACHE_SIZE')"),
        (["--nothing"], {}, "No such option"),
        (["--port", "99999"], {}, "99999 is not in the range 0<=x<=65535"),
        (["--host", "256.1.1.1"], {}, "cannot listen on 256.1.1.1"),
    ],
)
def test_bad_flags_are_told(flags: list[str], env: dict[str, str], sentence: str) -> None:
    ended = start(*flags, env=env)
    assert ended.returncode != 0
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def test_every_setting_can_come_from_the_environment(servers: Callable[..., Any]) -> None:
    server = servers(env={"ATRASO_WORKERS": "1", "ATRASO_STRICT": "true"})
    assert ", 1 worker\n" in server.log.read_text()
    assert server.post("/predict_delay_probability", {**EXAMPLE, "OPERA": "Nueva"}).status_code == 422


def test_the_port_comes_from_PORT() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "service"]
        ended = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=20, env={**os.environ, "PORT": str(port)}
        )
    assert f"port {port}: Address already in use" in ended.stderr


def test_what_kubernetes_sets_beside_a_service_named_atraso_is_ignored(servers: Callable[..., Any]) -> None:
    server = servers("--workers", 1, env={"ATRASO_PORT": "tcp://10.96.0.12:8080", "ATRASO_LOG_LEVEL": "INFO"})
    assert "ATRASO_PORT is Kubernetes' word" in server.log.read_text()


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_ends_well_on_a_signal(servers: Callable[..., Any], workers: int, how: int, tmp_path: Path) -> None:
    server = servers("--workers", workers, env={"TMPDIR": str(tmp_path)})
    server.post("/predict_delay_probability", EXAMPLE)
    started = children(server.process.pid)
    assert server.stop(how) == 0
    log = server.log.read_text()
    assert log.count("Finished server process") == workers
    assert "Traceback" not in log
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{child}").exists() for child in started):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not list(tmp_path.iterdir())


def test_a_worker_that_died_comes_back(servers: Callable[..., Any]) -> None:
    server = servers("--workers", 2)
    first = children(server.process.pid)
    os.kill(first[0], signal.SIGKILL)
    deadline = time.monotonic() + 20
    while len(now := children(server.process.pid)) < 2 or first[0] in now:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert server.post("/predict_delay_probability", EXAMPLE).status_code == 200
