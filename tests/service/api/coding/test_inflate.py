"""Compressed requests on every route that takes a body."""

import gzip
import json
import random
import re
import subprocess
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests

from service.api.contract import EXAMPLE, FIELDS

ONE, MANY = "/predict_delay_probability", "/predict_delay_probabilities"
INPUTS = [{"name": field, "datatype": "BYTES", "shape": [1], "data": [EXAMPLE[field]]} for field in FIELDS]
ROUTES: dict[str, Any] = {
    ONE: EXAMPLE,
    MANY: [EXAMPLE] * 3000,
    "/explain_delay_probability": EXAMPLE,
    "/v2/models/flight_delay/infer": {"inputs": INPUTS},
}
LIMIT = 2 * 1024 * 1024


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def members(body: bytes) -> bytes:
    return b"".join(gzip.compress(body[at : at + 50_000]) for at in range(0, len(body), 50_000))


CODED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "stored": ("gzip", lambda body: gzip.compress(body, 0)),
    "members": ("gzip", members),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "identity": ("identity", bytes),
    "identity and gzip": ("identity, gzip", gzip.compress),
}


def ask(server: Any, path: str, coding: str, body: bytes) -> httpx.Response:
    return httpx.post(server.url + path, content=body, headers={"content-encoding": coding}, timeout=30)


@pytest.fixture(scope="module")
def slow(servers: Callable[..., Any]) -> Any:
    return servers("--workers", 1, "--no-fast-lane")


@pytest.mark.parametrize(("coding", "pack"), CODED.values(), ids=CODED)
@pytest.mark.parametrize("path", ROUTES)
def test_compressed_bodies_get_the_same_replies(
    server: Any, slow: Any, path: str, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    body = json.dumps(ROUTES[path]).encode()
    for each in (server, slow):
        plain, packed = each.post(path, body), ask(each, path, coding, pack(body))
        assert (packed.status_code, packed.content) == (200, plain.content)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_body_that_holds_more_than_the_limit_is_too_large(server: Any, path: str, coding: str) -> None:
    pack: Any = {"gzip": gzip.compress, "deflate": zlib.compress}[coding]
    reply = ask(server, path, coding, pack(b" " * 500_000_000 if path == ONE else b" " * (LIMIT + 1)))
    assert reply.status_code == 413
    assert f"larger than {LIMIT} bytes" in reply.text


def test_a_body_is_counted_as_it_came_too(server: Any) -> None:
    noise = random.Random(0).randbytes(LIMIT + 1)
    assert ask(server, MANY, "gzip", gzip.compress(noise)).status_code == 413


BROKEN = {
    "garbage": b"x" * 100,
    "empty": b"",
    "cut": gzip.compress(json.dumps(EXAMPLE).encode())[:-9],
    "wrong sum": gzip.compress(b"{}")[:-8] + b"\0" * 8,
    "something behind": gzip.compress(json.dumps(EXAMPLE).encode()) + b"GET / HTTP/1.1",
    "very many members": gzip.compress(b"") * 50_000,
}


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_what_is_not_what_it_says_is_refused(server: Any, path: str, body: bytes) -> None:
    reply = ask(server, path, "gzip", body)
    if path.startswith("/v2"):
        assert reply.status_code == 400
        assert re.match("The request body is no valid gzip: ", reply.json()["error"])
        return
    assert reply.status_code == 422
    (problem,) = reply.json()["detail"]
    assert set(problem) == {"type", "loc", "msg", "input"}
    assert (problem["type"], problem["loc"]) == ("content_encoding", ["body"])
    assert re.match("The request body is no valid gzip: ", problem["msg"])


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "deflate, gzip", "gzip;q=1", "ñ"])
def test_other_codings_are_told_what_is_taken(server: Any, path: str, coding: str) -> None:
    reply = httpx.post(
        server.url + path, content=gzip.compress(b"{}"), headers=[(b"content-encoding", coding.encode())]
    )
    assert reply.status_code == 415
    assert reply.headers["accept-encoding"] == "gzip, deflate"
    assert list(reply.json()) == (["error"] if path.startswith("/v2") else ["detail"])


def test_curl_and_requests_send_compressed_bodies(server: Any) -> None:
    body = gzip.compress(json.dumps(EXAMPLE).encode())
    reply = requests.post(server.url + ONE, data=body, headers={"content-encoding": "gzip"}, timeout=30)
    assert reply.json() == server.post(ONE, EXAMPLE).json()
    command = ["curl", "-sS", "--data-binary", "@-", "-H", "Content-Encoding: gzip", server.url + ONE]
    told = subprocess.run(command, input=body, capture_output=True, check=True)
    assert json.loads(told.stdout) == reply.json()
