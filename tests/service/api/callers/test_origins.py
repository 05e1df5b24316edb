"""Pages of other origins: what browsers want to be told, on the lane and behind ASGI, with and without API keys."""

import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.api.contract import EXAMPLE

HOT = "/predict_delay_probability"
GOOD, BAD = "https://shop.example", "https://evil.example"
TOLD = ("access-control-allow-origin", "access-control-expose-headers", "vary")
ROUTES = [
    ("POST", HOT),
    ("POST", "/predict_delay_probabilities"),
    ("POST", "/explain_delay_probability"),
    ("POST", "/v2/models/flight_delay/infer"),
    ("GET", "/flights"),
    ("GET", "/model_status"),
    ("GET", "/v2/health/ready"),
    ("GET", "/nothing"),
]


@pytest.fixture(scope="module", params=["lane", "ASGI", "keys"])
def crossed(request: pytest.FixtureRequest, servers: Callable[..., Any]) -> Any:
    flags = ["--workers", 1, "--cors-origin", GOOD, "--cors-origin", "http://LOCALHOST:3000"]
    env = {"ATRASO_API_KEYS": "a-key"} if request.param == "keys" else {}
    return servers(*flags, *(["--no-fast-lane"] if request.param == "ASGI" else []), env=env)


def ask(server: Any, method: str, path: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"json": EXAMPLE} if method == "POST" else {}
    return httpx.request(method, server.url + path, headers={"x-api-key": "a-key", **named}, verify=False, **content)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("origin", [GOOD, "http://localhost:3000"])
def test_a_page_of_an_allowed_origin_may_ask(crossed: Any, method: str, path: str, origin: str) -> None:
    asks = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": "x-api-key"}
    preflight = httpx.options(crossed.url + path, headers=asks, verify=False)
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight.headers["access-control-allow-origin"] == origin
    assert method in preflight.headers["access-control-allow-methods"].split(", ")
    assert preflight.headers["access-control-allow-headers"] == "*, authorization"
    reply = ask(crossed, method, path, origin=origin)
    assert reply.headers["access-control-allow-origin"] == origin
    assert "Origin" in reply.headers["vary"]
    assert {"x-unknown", "x-model-version", "x-request-id"} <= set(
        reply.headers["access-control-expose-headers"].split(", ")
    )
    assert "access-control-allow-credentials" not in reply.headers


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("origin", [BAD, "null", GOOD + ":8443", GOOD + ".evil.example", "http://shop.example"])
def test_a_page_of_another_origin_is_told_nothing(crossed: Any, method: str, path: str, origin: str) -> None:
    asks = {"origin": origin, "access-control-request-method": method}
    preflight = httpx.options(crossed.url + path, headers=asks, verify=False)
    assert preflight.status_code in (401, 404, 405)
    for reply in (preflight, ask(crossed, method, path, origin=origin)):
        assert not [name for name in reply.headers if name.startswith("access-control-")]
        assert "Origin" in reply.headers["vary"]


def test_without_an_origin_nothing_changes(crossed: Any, server: Any) -> None:
    for each in (crossed, server):
        reply = ask(each, "POST", HOT)
        assert reply.status_code == 200
        assert not [name for name in TOLD if name in reply.headers]
        assert httpx.options(each.url + HOT, headers={"x-api-key": "a-key"}).status_code == 405


def test_it_is_off_where_nobody_asked_for_it(server: Any) -> None:
    reply = ask(server, "POST", HOT, origin=GOOD)
    assert not [name for name in TOLD if name in reply.headers]
    asks = {"origin": GOOD, "access-control-request-method": "POST"}
    assert httpx.options(server.url + HOT, headers=asks).status_code == 405


def test_errors_and_the_key_are_told_too(crossed: Any) -> None:
    reply = httpx.post(crossed.url + HOT, content=b"no JSON", headers={"origin": GOOD, "x-api-key": "wrong"})
    assert reply.status_code in (401, 422)
    assert reply.headers["access-control-allow-origin"] == GOOD


def test_the_lane_is_taken(crossed: Any) -> None:
    def in_lane() -> int:
        told = ask(crossed, "GET", "/metrics").text
        return int(told.split("\natraso_fast_lane_total ")[1].split("\n")[0])

    with httpx.Client(headers={"x-api-key": "a-key"}) as client:
        before = in_lane()
        for _ in range(2):
            for headers in ({"origin": GOOD}, {"origin": BAD}, {"origin": GOOD, "x-request-id": "mine"}, {}):
                reply = client.post(crossed.url + HOT, json=EXAMPLE | {"OPERA": "Nueva"}, headers=headers)
                assert reply.headers.get("access-control-allow-origin") == (GOOD if GOOD in headers.values() else None)
                assert reply.headers["x-unknown"] == "OPERA"
    assert in_lane() - before in (8, 0)
    assert (in_lane() > 0) == ("--no-fast-lane" not in crossed.process.args)


@pytest.mark.parametrize("origins", ["*", "https://a.example, *"])
def test_every_origin_by_the_variable(servers: Callable[..., Any], origins: str) -> None:
    server = servers("--workers", 1, env={"ATRASO_CORS_ORIGIN": origins})
    for method, path in ROUTES:
        reply = ask(server, method, path, origin=BAD)
        assert reply.headers["access-control-allow-origin"] == "*"
        assert "Origin" not in reply.headers.get("vary", "")


ORIGIN = b"Origin: %b\r\n" % GOOD.encode()
UNREAD = {
    "no HTTP": (b"GET / HTTP/1.1\r\nHost: x\r\n" + ORIGIN + b"X-A: 1\r\nno header\r\n\r\n", 400),
    "no Host": (b"GET / HTTP/1.1\r\n" + ORIGIN + b"\r\n", 400),
    "no chunk": (
        b"POST %b HTTP/1.1\r\nHost: x\r\n%bTransfer-Encoding: chunked\r\n\r\nzz" % (HOT.encode(), ORIGIN),
        400,
    ),
    "too slow": (b"POST %b HTTP/1.1\r\nHost: x\r\n%bContent-Length: 2\r\n\r\n{" % (HOT.encode(), ORIGIN), 408),
    "too slow in its head": (b"POST %b HTTP/1.1\r\nHost: x\r\n%bX-A: 1\r\nX-B:" % (b"/flights", ORIGIN), 408),
    "too large a head": (b"GET / HTTP/1.1\r\nHost: x\r\n" + ORIGIN + b"X-A: %b\r\n\r\n" % (b"x" * 70_000), 431),
}


@pytest.fixture(scope="module", params=[[], ["--no-fast-lane"]], ids=["lane", "ASGI"])
def hasty(request: pytest.FixtureRequest, servers: Callable[..., Any]) -> Any:
    return servers("--workers", 1, "--cors-origin", GOOD, "--request-timeout", 1, *request.param)


@pytest.mark.parametrize(("data", "status"), UNREAD.values(), ids=UNREAD)
def test_a_page_may_read_why_no_route_was_reached(hasty: Any, data: bytes, status: int) -> None:
    received = told(hasty, data)
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\naccess-control-allow-origin: %b\r\n" % GOOD.encode() in received
    assert b"access-control" not in told(hasty, data.replace(GOOD.encode(), BAD.encode()))
    assert b"access-control" not in told(hasty, data.replace(ORIGIN, b""))


def told(server: Any, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(data)
        received = b""
        while more := connection.recv(65_536):
            received += more
    return received
