"""The pages and their files: the back office at `/`, the API's description and page, the model's report and sheet."""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from service.api.coding.kept import Kept
from service.api.routing.paths import NAMED, REPORT

WEB = Path(__file__).resolve().parent.parent / "web"
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
MOST_KEPT = 64
"""Files whose bytes a worker keeps, of which there are about half as many."""

HEADERS = {
    # Only what this server sends runs, and it asks nobody else.
    "content-security-policy": "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}
REPORT_HEADERS = HEADERS | {
    # The report came with the bundle: nothing in it runs.
    "content-security-policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
}


def reply(path: Path, about: Any, asked: Headers, headers: Mapping[str, str] = HEADERS) -> Response:
    """A file as the reply to a request with the headers `asked`."""
    return kept(path, about.st_mtime_ns, about.st_size, about.st_ino).reply(asked, headers)


@lru_cache(maxsize=MOST_KEPT)
def kept(path: Path, *version: int) -> Kept:
    """A file's bytes, read anew where its `version` is another one."""
    return Kept(path.read_bytes(), KINDS.get(path.suffix, "application/octet-stream"))


class Files(StaticFiles):
    """Files with our headers, pages and the report's among them; a browser asks whether it has the newest."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[NAMED] = "/web"
        await super().__call__(scope, receive, send)

    def file_response(self, full_path: Any, stat_result: Any, scope: Scope, status_code: int = 200) -> Response:
        return reply(Path(full_path), stat_result, Headers(scope=scope))

    def page(self, path: Path, request: Request, headers: Mapping[str, str] = HEADERS) -> Response:
        return reply(path, path.stat(), request.headers, headers)


FILES = Files(directory=WEB)


async def back_office(request: Request) -> Response:
    return FILES.page(WEB / "office" / "index.html", request)


async def icon(request: Request) -> Response:
    return FILES.page(WEB / "icon.svg", request)


async def docs(request: Request) -> Response:
    return FILES.page(WEB / "docs" / "docs.html", request)


async def openapi(request: Request) -> Response:
    return FILES.page(WEB / "docs" / "openapi.json", request)


async def report(request: Request) -> Response:
    return report_file(request, "model.html")


async def sheet(request: Request) -> Response:
    return report_file(request, "ficha.html")


async def picture(request: Request) -> Response:
    name = request.path_params["name"]
    if not re.fullmatch(r"model-[a-z-]+\.png", name):
        raise HTTPException(404)
    return report_file(request, f"img/{name}")


def report_file(request: Request, name: str) -> Response:
    """A file of what `python -m export report --out BUNDLE/docs` wrote. Raises HTTPException where it did not."""
    request.scope[NAMED] = REPORT
    path: Path = request.state.served.report / name
    if not path.is_file():
        raise HTTPException(404, "This bundle has no report: `python -m export report` makes one")
    return FILES.page(path, request, REPORT_HEADERS)


ROUTES: list[BaseRoute] = [
    Route("/", back_office),
    Route("/favicon.ico", icon),  # what browsers ask for where a page names none
    Route("/docs", docs),
    Route("/openapi.json", openapi),
    Route(REPORT, report),
    Route(REPORT + "ficha", sheet),
    Route(REPORT + "img/{name}", picture),
    Mount("/web", FILES),
]
