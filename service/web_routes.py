"""The pages: the back office at `/`, the API's description and its page, and their files, nothing from elsewhere."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from service.metrics import ROUTE

WEB = Path(__file__).parent / "web"
HEADERS = {
    # Only what this server sends runs, and it asks nobody else.
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
}


async def back_office(request: Request) -> Response:
    return FileResponse(WEB / "index.html", headers=HEADERS)


async def docs(request: Request) -> Response:
    return FileResponse(WEB / "docs.html", headers=HEADERS)


async def openapi(request: Request) -> Response:
    return FileResponse(WEB / "openapi.json", headers=HEADERS)


class Files(StaticFiles):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE] = "/web"
        await super().__call__(scope, receive, send)

    def file_response(self, *args: object, **options: object) -> Response:
        response = super().file_response(*args, **options)  # type: ignore[arg-type]
        response.headers.update(HEADERS)
        return response


ROUTES: list[BaseRoute] = [
    Route("/", back_office),
    Route("/docs", docs),
    Route("/openapi.json", openapi),
    Mount("/web", Files(directory=WEB)),
]
