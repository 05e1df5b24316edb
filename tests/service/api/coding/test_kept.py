"""Replies that stay the same: tags, 304 and compression, of the API and of the pages."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

PATHS = ["/flights", "/catalogue", "/", "/docs", "/openapi.json", "/web/page.css", "/web/office/page.js", "/report/"]


@pytest.fixture(scope="module")
def client(server: Any) -> Any:
    with httpx.Client(base_url=server.url) as made:
        yield made


@pytest.mark.parametrize("path", PATHS)
def test_it_is_compressed_where_the_client_takes_it(client: httpx.Client, path: str) -> None:
    plain = client.get(path, headers={"accept-encoding": "identity"})
    packed = client.get(path, headers={"accept-encoding": "br, gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
    assert plain.headers["content-type"] == packed.headers["content-type"]
    assert plain.headers["etag"] != packed.headers["etag"]
    assert not packed.headers["etag"].startswith("W/")


@pytest.mark.parametrize("path", [*PATHS, "/web/icon.svg", "/report/img/model-tried.png", "/flights?limit=3"])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_who_has_it_is_told_so(client: httpx.Client, path: str, coding: str) -> None:
    asked = {"accept-encoding": coding}
    tag = client.get(path, headers=asked).headers["etag"]
    for named in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        reply = client.get(path, headers={**asked, "if-none-match": named})
        assert (reply.status_code, reply.content) == (304, b"")
        assert (reply.headers["etag"], reply.headers["vary"]) == (tag, "accept-encoding")
        assert reply.headers["cache-control"] == "no-cache"
    for named in ('"other"', tag.strip('"'), ""):
        assert client.get(path, headers={**asked, "if-none-match": named}).status_code == 200
    head = client.head(path, headers=asked)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True), ("GZIP;q=0.5", True), ("*", True), ("x-gzip", True), ("deflate, gzip ; q=1.0", True),
        ("gzip;q=0", False), ("gzip;q=0.000", False), ("*;q=0", False), ("gzip;q=0, *", False), ("deflate, br", False),
        ("", False), ("gzipped", False),
    ],
)  # fmt: skip
def test_what_clients_say_that_they_take(client: httpx.Client, accepted: str, packed: bool) -> None:
    reply = client.get("/flights", headers={"accept-encoding": accepted})
    assert (reply.headers.get("content-encoding") == "gzip") == packed


def test_every_worker_and_every_start_has_the_same_tag(server: Any, servers: Callable[..., Any]) -> None:
    other = servers("--workers", 1)
    for path in PATHS:
        assert httpx.get(server.url + path).headers["etag"] == httpx.get(other.url + path).headers["etag"]


def test_curl_asks_once(server: Any, tmp_path: Path) -> None:
    def curl() -> bytes:
        flags = ["--compressed", "--etag-save", "tag", "--etag-compare", "tag", "-o", "flights", "-w", "%{http_code}"]
        command = ["curl", "-sS", *flags, server.url + "/flights"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout

    assert (curl(), curl()) == (b"200", b"304")
    assert (tmp_path / "flights").read_bytes() == httpx.get(server.url + "/flights").content


def test_a_report_that_changes_is_read_anew(small_bundle: Any, servers: Callable[..., Any]) -> None:
    report = small_bundle.folder / "docs" / "model.html"
    report.parent.mkdir(exist_ok=True)
    server = servers("--workers", 1, "--bundle", small_bundle.folder)
    for text in ("a" * 2000, "b" * 3000):
        report.write_text(text)
        reply = httpx.get(server.url + "/report/", headers={"accept-encoding": "gzip"})
        assert reply.text == text
    report.unlink()
    report.parent.rmdir()
