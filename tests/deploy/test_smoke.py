"""The smoke test of a deployment passes a service that is well, and no other."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
SMOKE = ROOT / "deploy" / "smoke.sh"
FIRST: float = json.loads((ROOT / "examples" / "golden.json").read_bytes())[0]["delay_probability"]
CONFIG = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    {rules}
  }}
}}
"""
PLAIN = "location / { return 200 'It works!'; }"
ONE, MANY = "/predict_delay_probability", "/predict_delay_probabilities"
REPLY = '{"delay_probability":%s,"clase":["%s probabilidad de atraso"]}'

BROKEN = {
    "nothing of ours": (PLAIN, "an unexpected body"),
    "not ready": ("location /v2/health/ready { return 503; }", "is not ready after 1 seconds: status 503"),
    "not alive": ("location /v2/health/live { return 500; }", "/v2/health/live: status 500 instead of 200"),
    "no model": ("location /model_status { return 200 '{}'; }", "/model_status: an unexpected body"),
    "500 for a flight": (f"location = {ONE} {{ return 500; }}", "the example flight: status 500 instead of 200"),
    "no probability": (
        f"location = {ONE} {{ return 200 '{REPLY % ('1.7', 'Alta')}'; }}",
        "the example flight: an unexpected body",
    ),
    "another class": (
        f"location = {ONE} {{ return 200 '{REPLY % ('0.2', 'Ninguna')}'; }}",
        "the example flight: an unexpected body",
    ),
    "the same to everybody": (
        f"location = {ONE} {{ return 200 '{REPLY % ('0.24', 'Baja')}'; }}",
        "a flight without a time: status 200 instead of 422",
    ),
    "the same to everybody, one in thirty thousand": (
        f"location = {ONE} {{ return 200 '{REPLY % ('3.1e-05', 'Baja')}'; }}",
        "a flight without a time: status 200 instead of 422",
    ),
    "500 for many": (f"location = {MANY} {{ return 500; }}", "a hundred flights: status 500 instead of 200"),
    "replies that lack": (
        f"location = {MANY} {{ return 200 '[{{\"probabilidad\":{FIRST}}}]'; }}",
        "99 of 100 are wrong",
    ),
}


def smoke(url: str, *args: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SMOKE, url, *map(str, args)],
        env=os.environ | {"SMOKE_SECONDS": "1", "no_proxy": "127.0.0.1"} | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(autouse=True)
def curl(need: Callable[[object, str], None]) -> None:
    need(shutil.which("curl"), "curl is not installed: apt-get install curl")


@pytest.fixture
def behind_nginx(need: Callable[[object, str], None], tmp_path: Path, free_port: int) -> Callable[[str], Any]:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    need(nginx, "nginx is not installed: apt-get install nginx")

    @contextmanager
    def start(rules: str) -> Iterator[str]:
        (tmp_path / "nginx.conf").write_text(CONFIG.format(folder=tmp_path, port=free_port, rules=rules))
        command = [str(nginx), "-p", str(tmp_path), "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                yield f"http://127.0.0.1:{free_port}"
            finally:
                process.terminate()

    return start


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_it_passes_the_service(server: Any) -> None:
    ended = smoke(server.url + "/", SMOKE_SECONDS="30")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f"smoke: {server.url} is ready, and answers a hundred flights as LightGBM does\n"


@pytest.mark.parametrize(("broken", "sentence"), BROKEN.values(), ids=BROKEN)
def test_it_tells_what_is_broken(server: Any, behind_nginx: Callable[[str], Any], broken: str, sentence: str) -> None:
    rest = "" if broken == PLAIN else f"location / {{ proxy_pass {server.url}; }}"
    with behind_nginx(broken + rest) as url:
        ended = smoke(url, SMOKE_SECONDS="30" if "ready" not in sentence else "1")
    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith(f"smoke: {url} ")


def test_it_passes_what_only_passes_requests_on(server: Any, behind_nginx: Callable[[str], Any]) -> None:
    """So it was the breakage above that it told of."""
    with behind_nginx(f"location / {{ proxy_pass {server.url}; }}") as url:
        assert smoke(url, SMOKE_SECONDS="30").returncode == 0


def test_it_knows_another_model(servers: Callable[..., Any], small_bundle: Any) -> None:
    server = servers("--workers", 1, "--bundle", small_bundle.folder)
    ended = smoke(server.url)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == f"smoke: {server.url} answers as another model does"


def test_it_asks_with_a_key(servers: Callable[..., Any]) -> None:
    server = servers("--workers", 1, env={"ATRASO_API_KEYS": "a-key-for-the-test"})
    assert "/model_status: status 401 instead of 200" in smoke(server.url).stderr
    assert smoke(server.url, SMOKE_API_KEY="a-key-for-the-test").returncode == 0
    assert smoke(server.url, SMOKE_TOKEN="a-key-for-the-test").returncode == 0


def test_a_key_is_for_nobody_else_to_read(servers: Callable[..., Any], tmp_path: Path) -> None:
    """Everybody on a machine sees the arguments of every program. A key may hold what shells and curl take apart."""
    key = 'a"key"\\with$(all)sorts%s'
    server = servers("--workers", 1, env={"ATRASO_API_KEYS": key})
    curl = tmp_path / "curl"
    curl.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/args\nexec {shutil.which("curl")} "$@"\n')
    curl.chmod(0o755)
    ended = smoke(server.url, SMOKE_API_KEY=key, SMOKE_TOKEN=key, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert ended.returncode == 0, ended.stderr
    args = (tmp_path / "args").read_text()
    assert "/v2/health/ready" in args
    assert "sorts" not in args


def test_nobody_there_and_no_flights_are_told(free_port: int, server: Any, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port}"
    assert smoke(url).stderr == f"smoke: {url} is not ready after 1 seconds: status 000\n"
    assert smoke(server.url, tmp_path / "none.json").stderr.endswith(f"there is no {tmp_path}/none.json\n")
    assert httpx.get(server.url + "/v2/health/ready").status_code == 200
