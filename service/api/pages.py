"""The pages: the back office at `/`, the API's description and its page, the model's report, and their files."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from service.api.paths import NAMED, REPORT

WEB = Path(__file__).resolve().parent.parent / "web"
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


class Files(StaticFiles):
    """Files with our headers, pages and the report's among them; a browser asks whether it has the newest."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[NAMED] = "/web"
        await super().__call__(scope, receive, send)

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers.update(HEADERS)
        return response

    def page(self, path: Path, request: Request, headers: Mapping[str, str] = HEADERS) -> Response:
        response = self.file_response(path, path.stat(), request.scope)
        response.headers.update(headers)
        return response


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
    Route(REPORT + "img/{name}", picture),
    Mount("/web", FILES),
]
