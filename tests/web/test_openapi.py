"""The API's description, held against the running service."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies
from jsonschema import Draft202012Validator

from service import __version__
from service.api.contract import EXAMPLE, MAX_TEXT, Replies
from service.model.keys import parse_time
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
API = json.loads((ROOT / "service" / "web" / "docs" / "openapi.json").read_bytes())
PATTERN = API["components"]["schemas"]["Flight"]["properties"]["FECHA_PROGRAMADA"]["pattern"]
OCTETS = "application/octet-stream"
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
    pages = {"/", "/favicon.ico", "/docs", "/openapi.json", "/web", "/report/", "/report/ficha", "/report/img/{name}"}
    assert paths - pages == set(API["paths"])


def test_it_states_the_versions_and_limits_of_the_code() -> None:
    assert API["info"]["version"] == __version__
    flight = API["components"]["schemas"]["Flight"]["properties"]
    assert flight["OPERA"]["maxLength"] == flight["SIGLADES"]["maxLength"] == MAX_TEXT
    batch = API["paths"]["/predict_delay_probabilities"]["post"]["requestBody"]["content"]["application/json"]
    assert batch["schema"]["maxItems"] == Settings().max_batch


def validator(name: str) -> Draft202012Validator:
    """Of a schema of the description."""
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": API["components"]})


def test_every_probability_and_class_validates() -> None:
    replies = Replies(0.25)
    for percent in range(101):
        validator("Prediction").validate(json.loads(replies(percent / 100)))


@pytest.mark.parametrize("query", ["", "?detail=1"])
def test_replies_to_flights_of_all_kinds_validate(server: Any, golden: list[dict[str, Any]], query: str) -> None:
    flights = [{name: vector[name] for name in EXAMPLE} for vector in golden]
    flights += [{**EXAMPLE, "FECHA_PROGRAMADA": "2024-02-29 10:00"}, {**EXAMPLE, "OPERA": "Nueva"}]
    for flight in flights:
        validator("Flight").validate(flight)
    replies = server.post("/predict_delay_probabilities" + query, flights).json()
    assert len(replies) == len(flights)
    for reply in replies:
        validator("Prediction").validate(reply)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_replies_validate(server: Any, path: str, method: str) -> None:
    operation = API["paths"][path][method]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    reply = httpx.request(method, server.url + path.format(name="flight_delay", version="1"), json=body)
    (content,) = (it for kind, it in operation["responses"]["200"]["content"].items() if kind != OCTETS)
    if reply.headers["content-type"] == "application/json":
        Draft202012Validator({**content["schema"], "components": API["components"]}).validate(reply.json())
    assert reply.headers["x-request-id"]


TIMES = [
    "2024-02-29 10:00", "2000-02-29T10:00:00", "2400-02-29 10:00", "1896-02-29 10:00", "2017-11-27 13:00:00.5",
    "2017-11-27T13:00:00,123456789", "2017-11-27T13:00+0000", "2017-11-27T13:00:00-03", "2017-11-27 13:00Z",
    "2017-11-27T13:00:00+23:59", "2017-12-31 23:59:59",
]  # fmt: skip
NO_TIMES = [
    "2023-02-29 10:00", "1900-02-29 10:00", "2100-02-29T10:00", "2017-02-30 10:00", "2017-04-31 10:00", "2017-11-27",
    "2017-13-01 10:00", "2017-11-27 24:00", "2017-11-27 10:60", "2017-11-27 10:00+24:00", "2017-11-27 10:00 Z",
]  # fmt: skip


@pytest.mark.parametrize(("times", "are"), [(TIMES, True), (NO_TIMES, False)], ids=["times", "no times"])
def test_the_pattern_of_times_is_the_services(times: list[str], are: bool) -> None:
    for text in times:
        assert validator("Flight").is_valid({**EXAMPLE, "FECHA_PROGRAMADA": text}) == are, text
        assert is_time(text) == are, text


def is_time(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy with other tests
@given(strategies.from_regex(re.compile(PATTERN, re.ASCII), fullmatch=True))
def test_what_fits_the_pattern_is_a_time(text: str) -> None:
    assert is_time(text.rstrip("\n"))


def test_every_status_that_the_service_has_is_described(servers: Any) -> None:
    server = servers("--workers", 1, env={"ATRASO_API_KEYS": "a-key-of-enough-characters"})
    key = {"x-api-key": "a-key-of-enough-characters"}
    for path, method in OPERATIONS:
        url = server.url + path.format(name="flight_delay", version="1")
        found = [httpx.request(method, url)]
        if path.startswith("/v2/health"):
            assert found.pop().status_code == 200
        found.append(httpx.request(method, url, headers=key | {"x-long": "x" * 40_000}))
        if "requestBody" in API["paths"][path][method]:
            found.append(httpx.request(method, url, headers=key, content=b" " * 3_000_000))
            found.append(httpx.request(method, url, headers=key, content=b"{"))
        for reply in found:
            told = API["paths"][path][method]["responses"][str(reply.status_code)]
            told = API["components"]["responses"][told["$ref"].rpartition("/")[2]] if "$ref" in told else told
            schema = told["content"]["application/json"]["schema"]
            Draft202012Validator({**schema, "components": API["components"]}).validate(reply.json())


def test_a_server_that_is_about_to_end_is_described(servers: Any, wait_until: Any) -> None:
    server = servers("--workers", 1, "--unready", 60)
    server.process.send_signal(signal.SIGTERM)
    ready = server.url + "/v2/health/ready"
    assert wait_until(lambda: httpx.get(ready).status_code == 503, server)
    validator("Ready").validate(httpx.get(ready).json())
    assert "503" in API["paths"]["/v2/health/ready"]["get"]["responses"]
    server.stop(signal.SIGKILL)
