"""The pages' files over HTTP: what they are, how long they are kept, and what the browser may do with them."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/docs", "text/html"),
        ("/openapi.json", "application/json"),
        ("/web/office/page.js", "text/javascript"),
        ("/web/page.css", "text/css"),
        ("/web/icon.svg", "image/svg+xml"),
        ("/favicon.ico", "image/svg+xml"),
        ("/report/", "text/html"),
        ("/report/ficha", "text/html"),
        ("/report/img/model-tried.png", "image/png"),
    ],
)
def test_a_page_runs_only_what_this_server_sends(server: Any, path: str, kind: str) -> None:
    reply = httpx.get(server.url + path)
    assert reply.status_code == 200
    assert reply.headers["content-type"].split(";")[0] == kind
    assert re.match("default-src '(self|none)'; ", reply.headers["content-security-policy"])
    policy = dict(each.split(" ", 1) for each in reply.headers["content-security-policy"].split("; "))
    assert policy.get("object-src", policy["default-src"]) == "'none'"
    assert policy["form-action"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert reply.headers.get_list("x-content-type-options") == ["nosniff"]
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cross-origin-opener-policy"] == "same-origin"
    assert "server" not in reply.headers
    again = httpx.get(server.url + path, headers={"if-none-match": reply.headers["etag"]})
    assert again.status_code == 304
    assert "content-security-policy" in again.headers


@pytest.mark.parametrize(
    "path",
    ["/web/nothing.js", "/web/../app.py", "/web/%2e%2e/app.py", "/web/", "/report/img/back-office.png",
     "/report/img/%2e%2e%2fmodel.md", "/report/img/model-none.png", "/report/model.md"],
)  # fmt: skip
def test_nothing_else_is_served(server: Any, path: str) -> None:
    assert httpx.get(server.url + path).status_code == 404


def test_every_picture_of_the_report_is_there(server: Any) -> None:
    pictures = re.findall(r'<img src="(.+?)"', httpx.get(server.url + "/report/").text)
    assert len(pictures) > 5
    assert {httpx.get(f"{server.url}/report/{picture}").status_code for picture in pictures} == {200}


def test_a_bundle_without_a_report_says_so(small_bundle: Any, servers: Callable[..., Any]) -> None:
    url = servers("--workers", 1, "--bundle", small_bundle.folder).url
    for path in ("/report/", "/report/ficha"):
        reply = httpx.get(url + path)
        assert reply.status_code == 404
        assert reply.json() == {"detail": "This bundle has no report: `python -m export report` makes one"}


def test_pages_are_counted(server: Any) -> None:
    httpx.get(server.url + "/report/img/model-tried.png")
    httpx.get(server.url + "/web/office/page.js")
    told = httpx.get(server.url + "/metrics").text
    for route in ("/report/", "/web"):
        assert re.search(rf'atraso_requests_total{{route="{route}",status="200"}} [1-9]', told)
