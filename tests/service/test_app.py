"""The whole service over HTTP: real uvicorn processes and the shipped bundle."""

import json
import socket
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from service.api.contract import EXAMPLE

ONE = "/predict_delay_probability"
MANY = "/predict_delay_probabilities"


def test_model_status(server: Any) -> None:
    reply = httpx.get(server.url + "/model_status")
    assert reply.status_code == 200
    status = reply.json()
    assert status.pop("python version").count(".") == 2
    assert status == {
        "model_status": "Modelo activo y cargado 🔥",
        "model_type": "LGBM",
        "model_file": "model.onnx",
        "model_input_variables": ["OPERA", "SIGLADES", "FECHA_PROGRAMADA"],
        "input_example": {"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA_PROGRAMADA": "2017-11-27 13:00:00"},
    }


def test_health(server: Any) -> None:
    assert httpx.get(server.url + "/v2/health/live").json() == {"live": True}
    assert httpx.get(server.url + "/v2/health/ready").json() == {"ready": True}


def test_one_flight_is_answered_with_lightgbms_probability(
    server: Any, golden: list[dict[str, Any]], check_replies: Callable[..., int]
) -> None:
    with httpx.Client(base_url=server.url) as client:
        replies = [client.post(ONE, json=vector) for vector in golden[:200]]
    assert {reply.status_code for reply in replies} == {200}
    assert {reply.headers["content-type"] for reply in replies} == {"application/json"}
    check_replies([reply.json() for reply in replies], [vector["delay_probability"] for vector in golden[:200]])


def test_a_batch_equals_its_singles(server: Any, golden: list[dict[str, Any]]) -> None:
    batch = server.post(MANY, golden[:50])
    assert batch.json() == [server.post(ONE, vector).json() for vector in golden[:50]]


def test_an_empty_batch(server: Any) -> None:
    assert server.post(MANY, []).json() == []


def test_a_batch_of_ten_thousand_and_one_more(server: Any) -> None:
    assert len(server.post(MANY, [EXAMPLE] * 10_000).json()) == 10_000
    reply = server.post(MANY, [EXAMPLE] * 10_001)
    assert reply.status_code == 422
    assert reply.json()["detail"][0]["type"] == "too_long"


def test_content_type_does_not_matter(server: Any) -> None:
    reply = httpx.post(server.url + ONE, content=json.dumps(EXAMPLE), headers={"content-type": "text/plain"})
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({}, None),
        ({"OPERA": "Nueva"}, "OPERA"),
        ({"SIGLADES": "Nueva"}, "SIGLADES"),
        ({"OPERA": "Nueva", "SIGLADES": "Nueva"}, "OPERA, SIGLADES"),
        ({"OPERA": "Sky\0"}, "OPERA"),
    ],
)
def test_unknown_values_are_answered_and_named(server: Any, changes: dict[str, str], header: str | None) -> None:
    for path, body in ((ONE, {**EXAMPLE, **changes}), (MANY, [EXAMPLE, {**EXAMPLE, **changes}])):
        reply = server.post(path, body)
        assert reply.status_code == 200
        assert reply.headers.get("x-unknown") == header


def test_strict_answers_unknown_values_with_the_nearest(servers: Callable[..., Any]) -> None:
    strict = servers("--strict", "--workers", 1)
    reply = strict.post(ONE, {**EXAMPLE, "OPERA": "Sky Airlin"})
    assert reply.status_code == 422
    (problem,) = reply.json()["detail"]
    assert problem["loc"] == ["body", "OPERA"]
    assert "'Sky Airline'" in problem["msg"]
    assert problem["input"] == "Sky Airlin"
    assert strict.post(ONE, EXAMPLE).status_code == 200


BAD_BODIES = {
    "empty": (b"", ["body"], "missing"),
    "not JSON": (b"OPERA=Sky", ["body", 0], "json_invalid"),
    "another type": (b'"Sky Airline"', ["body"], "model_attributes_type"),
    "missing": (b'{"OPERA": "a", "SIGLADES": "b"}', ["body", "FECHA_PROGRAMADA"], "missing"),
    "null": (json.dumps({**EXAMPLE, "OPERA": None}).encode(), ["body", "OPERA"], "string_type"),
    "number": (json.dumps({**EXAMPLE, "SIGLADES": 3}).encode(), ["body", "SIGLADES"], "string_type"),
    "no such time": (
        json.dumps({**EXAMPLE, "FECHA_PROGRAMADA": "2017-13-40 99:99:99"}).encode(),
        ["body", "FECHA_PROGRAMADA"], "datetime_parsing"),
    "no time": (
        json.dumps({**EXAMPLE, "FECHA_PROGRAMADA": "2017-11-27"}).encode(),
        ["body", "FECHA_PROGRAMADA"], "datetime_parsing"),
    "UTF-8 cut": ('{"OPERA": "Ñ'.encode()[:-1], None, "json_invalid"),
    "lone surrogate": (json.dumps({**EXAMPLE, "OPERA": "\ud800"}).encode(), None, "json_invalid"),
    "name of 100 kB": (
        json.dumps({**EXAMPLE, "OPERA": "x" * 100_000}).encode(), ["body", "OPERA"], "string_too_long"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "loc", "kind"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_bad_bodies(server: Any, body: bytes, loc: list[Any] | None, kind: str) -> None:
    reply = server.post(ONE, body)
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/json"
    (problem,) = reply.json()["detail"]
    assert set(problem) == {"type", "loc", "msg", "input"}
    assert problem["type"] == kind
    assert problem["msg"]
    assert loc is None or problem["loc"] == loc
    assert len(reply.content) < 2000


def test_a_bad_flight_in_a_batch_is_named_by_its_index(server: Any) -> None:
    reply = server.post(MANY, [EXAMPLE, EXAMPLE, EXAMPLE, {**EXAMPLE, "OPERA": 1}])
    assert reply.status_code == 422
    assert reply.json()["detail"][0]["loc"] == ["body", 3, "OPERA"]


@pytest.mark.parametrize("path", [ONE, MANY])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_too_large(server: Any, path: str, chunked: bool) -> None:
    body = b" " * 3_000_000
    content: Any = (body[at : at + 65536] for at in range(0, len(body), 65536)) if chunked else body
    reply = httpx.post(server.url + path, content=content)
    assert reply.status_code == 413
    assert reply.json() == {"detail": "The request body is larger than 2097152 bytes"}


def test_unknown_paths_and_methods(server: Any) -> None:
    reply = httpx.get(server.url + "/nothing")
    assert (reply.status_code, reply.json()) == (404, {"detail": "Not Found"})
    for method, path, allow in (("GET", ONE, "POST"), ("PUT", MANY, "POST"), ("DELETE", "/model_status", "GET, HEAD")):
        reply = httpx.request(method, server.url + path)
        assert (reply.status_code, reply.json()) == (405, {"detail": "Method Not Allowed"})
        assert reply.headers["allow"] == allow


@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("GET", "/report", "./report/"),
        ("GET", "/docs/", "../docs"),
        ("GET", "/docs///?a=b", "../../../docs?a=b"),
        ("POST", ONE + "/", "../predict_delay_probability"),
        ("POST", MANY + "/", "../predict_delay_probabilities"),
        ("GET", "/v2/models/flight_delay/", "../flight_delay"),
        ("GET", "/v2/models/a%20b%0d%0ax:y/", "../a%20b%0d%0ax:y"),
    ],
)
def test_redirects_name_no_host(server: Any, method: str, path: str, location: str) -> None:
    reply = httpx.request(method, server.url + path, headers={"host": "evil.com", "x-forwarded-host": "evil.com"})
    assert (reply.status_code, reply.headers["location"]) == (307, location)
    assert "evil.com" not in str(reply.headers) + reply.text
    there = httpx.request(method, server.url + path, follow_redirects=True)
    assert there.history
    assert there.url.path.rstrip("/") == httpx.URL(server.url + path).path.rstrip("/")


def test_a_path_that_looks_like_a_host_is_not_redirected_to(server: Any) -> None:
    for target in ("//evil.com", "//evil.com/", "//evil.com/%2e%2e/", "/\\evil.com/", "http://evil.com/nothing"):
        head, _ = raw(server, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert head.split()[1] == b"404"
        assert b"evil.com" not in head


def raw(server: Any, request: bytes) -> list[bytes]:
    """The head and the body of the reply to bytes as they are."""
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(1 << 16), b"")).split(b"\r\n\r\n", 1)


def test_a_users_own_bundle(servers: Callable[..., Any], small_bundle: Any, check_replies: Callable[..., int]) -> None:
    """A bundle that the command line made, against the booster that it was made from."""
    own = servers("--workers", 1, "--bundle", small_bundle.folder)
    flights = [
        {"OPERA": opera, "SIGLADES": siglades, "FECHA_PROGRAMADA": f"{year}-{month:02}-0{month % 9 + 1} {hour:02}:30"}
        for opera in ("Grupo LATAM", "Sky Airline", "Ñandú Air", "Air | Pipe", "Nueva")
        for siglades in ("Calama", "Lima", "Nueva")
        for year in (2017, 2018)
        for month in range(1, 13)
        for hour in (3, 9, 15, 21)
    ]
    tables = [json.loads((small_bundle.folder / "tables" / f"{f['name']}.json").read_bytes())
              for f in manifest(small_bundle)["features"]]  # fmt: skip
    rows = [
        [table.get("|".join(key_of(flight, part) for part in f["key"]), f["default"])
         for table, f in zip(tables, manifest(small_bundle)["features"], strict=True)]
        for flight in flights
    ]  # fmt: skip
    check_replies(own.post(MANY, flights).json(), small_bundle.booster.predict(rows))


def manifest(made: Any) -> Any:
    return json.loads((made.folder / "tables" / "manifest.json").read_bytes())


def key_of(flight: dict[str, str], part: str) -> str:
    """The key of a flight, derived here once more, by hand."""
    hour = int(flight["FECHA_PROGRAMADA"][11:13])
    period = "mañana" if 5 <= hour < 12 else "tarde" if 12 <= hour < 19 else "noche"
    date = flight["FECHA_PROGRAMADA"][:10]
    weekday = str(datetime.strptime(date, "%Y-%m-%d").weekday())
    return {**flight, "FECHA": date, "hora": str(hour), "dia_semana": weekday, "periodo_dia": period}[part]
