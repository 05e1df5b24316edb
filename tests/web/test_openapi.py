"""The API's description, held against the running service."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from service import __version__
from service.api.contract import MAX_TEXT
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
API = json.loads((ROOT / "service" / "web" / "docs" / "openapi.json").read_bytes())
OPERATIONS = [(path, method) for path, methods in API["paths"].items() for method in methods]


def test_schemathesis_finds_nothing(server: Any, tmp_path: Path) -> None:
    command = [
        Path(sys.executable).with_name("schemathesis"), "--config-file", Path(__file__).with_name("schemathesis.toml"),
        "run", f"{server.url}/openapi.json", "--checks", "all", "--max-examples", "40", "--seed", "1",
        "--generation-database", "none",
    ]  # fmt: skip
    ended = subprocess.run([*map(str, command)], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_the_examples_work(server: Any, path: str, method: str) -> None:
    operation = API["paths"][path][method]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    url = server.url + path.replace("{name}", "flight_delay").replace("{version}", "1")
    reply = httpx.request(method, url, json=body)
    assert reply.status_code == 200
    promised = operation["responses"]["200"]["content"]
    kind = reply.headers["content-type"].split(";")[0]
    assert kind in promised
    if "example" in promised[kind]:
        assert reply.json() == promised[kind]["example"]


FAILURES = [
    (*it, status)
    for it in OPERATIONS
    for status in ("400", "422")
    if it[1] == "post" and status in API["paths"][it[0]][it[1]]["responses"]
]


@pytest.mark.parametrize(("path", "method", "status"), FAILURES)
def test_the_examples_of_errors_are_what_a_date_without_a_time_gets(
    server: Any, path: str, method: str, status: str
) -> None:
    operation = API["paths"][path][method]
    body = json.dumps(operation["requestBody"]["content"]["application/json"]["example"])
    url = server.url + path.replace("{name}", "flight_delay").replace("{version}", "1")
    reply = httpx.request(method, url, content=body.replace("2017-11-27 13:00:00", "2017-11-27"))
    assert reply.status_code == int(status)
    assert reply.json() == operation["responses"][status]["content"]["application/json"]["example"]


def test_every_route_is_described(server: Any) -> None:
    from service.app import create_app
    from service.model import bundle as bundles
    from service.server.metrics import Metrics

    starlette: Any = create_app(Settings(), bundles.read(ROOT), Metrics())
    paths = {route.path for route in starlette.app._starlette.routes}
    pages = {"/", "/favicon.ico", "/docs", "/openapi.json", "/web", "/report/", "/report/img/{name}"}
    assert paths - pages == set(API["paths"])


def test_it_states_the_versions_and_limits_of_the_code() -> None:
    assert API["info"]["version"] == __version__
    flight = API["components"]["schemas"]["Flight"]["properties"]
    assert flight["OPERA"]["maxLength"] == flight["SIGLADES"]["maxLength"] == MAX_TEXT
    batch = API["paths"]["/predict_delay_probabilities"]["post"]["requestBody"]["content"]["application/json"]
    assert batch["schema"]["maxItems"] == Settings().max_batch
