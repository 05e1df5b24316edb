"""The ASGI app: routes and lifespan. It turns requests into calls and results into responses, nothing more."""

import logging
import platform
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from service import bundle as bundles
from service.batch import predict_batch
from service.contract import (
    EXAMPLE,
    FIELDS,
    BodyTooLarge,
    HttpError,
    Replies,
    error_body,
    parse_batch,
    parse_flight,
)
from service.features import Features
from service.predictor import Predictor
from service.scorer import Scorer
from service.settings import Settings

HOT_PATH = "/predict_delay_probability"
JSON = "application/json"

logger = logging.getLogger("uvicorn.error")


def create_app(settings: Settings) -> ASGIApp:
    """The app of one worker. Its bundle is loaded at startup, so that a failure there ends the server."""
    hot = HotRoute(settings.max_body)
    starlette = Starlette(
        routes=[
            Route(HOT_PATH, hot, methods=["POST"]),
            Route("/predict_delay_probabilities", predict_many, methods=["POST"]),
            Route("/model_status", model_status),
            Route("/v2/health/live", live),
            Route("/v2/health/ready", ready),
        ],
        exception_handlers={
            HTTPException: http_exception,
            HttpError: http_error,
            ClientDisconnect: client_left,
            Exception: server_error,
        },
    )
    return App(settings, hot, starlette)


@dataclass(frozen=True)
class Model:
    """What the lifespan loads and every request finds in its `state`, under the key `model`."""

    settings: Settings
    predictor: Predictor
    status: bytes


async def load(settings: Settings) -> Model:
    """Load the bundle and prove by a first prediction that it works. Raises BundleError."""
    bundle = bundles.read(settings.bundle)
    predictor = Predictor(
        Features(bundle.tables),
        Scorer(bundle),
        Replies(bundle.threshold),
        cache_size=settings.cache_size,
        max_pending=settings.max_pending,
        strict=settings.strict,
    )
    predictor.score([parse_flight(orjson.dumps(EXAMPLE))])
    status = {
        "python version": platform.python_version(),
        "model_status": "Modelo activo y cargado 🔥",
        "model_type": "LGBM",
        "model_file": bundle.model_file.name,
        "model_input_variables": FIELDS,
        "input_example": EXAMPLE,
    }
    return Model(settings, predictor, orjson.dumps(status))


class App:
    """The lifespan, and the hot route ahead of Starlette, whose routing costs more than the model."""

    def __init__(self, settings: Settings, hot: ASGIApp, starlette: ASGIApp) -> None:
        self._settings = settings
        self._hot = hot
        self._starlette = starlette

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["path"] == HOT_PATH and scope["method"] == "POST":
            await self._hot(scope, receive, send)
        else:
            await self._starlette(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette's own lifespan would print a traceback where the user needs the sentence.
        await receive()
        try:
            scope["state"]["model"] = await load(self._settings)
        except bundles.BundleError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


class HotRoute:
    """One flight in, one probability out, as plain ASGI."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        model: Model = scope["state"]["model"]
        try:
            flight = parse_flight(await read_body(scope, receive, self._max_body))
            unknown = model.predictor.unknown(flight, ("body",))
            status, body, extra = 200, await model.predictor.reply(flight), unknown_header(unknown)
        except HttpError as error:
            status, body, extra = error.status, error_body(error.detail), error.headers
        except ClientDisconnect:
            return
        except Exception:
            logger.exception("POST %s failed", HOT_PATH)
            status, body, extra = 500, error_body("Internal Server Error"), {}
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        headers += [(name.encode(), value.encode()) for name, value in extra.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def predict_many(request: Request) -> Response:
    model: Model = request.state.model
    body = await read_body(request.scope, request.receive, model.settings.max_body)
    flights = parse_batch(body, model.settings.max_batch)
    replies, unknown = await predict_batch(model.predictor, flights)
    return Response(replies, headers=unknown_header(sorted(unknown)), media_type=JSON)


async def model_status(request: Request) -> Response:
    return Response(request.state.model.status, media_type=JSON)


async def live(request: Request) -> Response:
    return Response(b'{"live":true}', media_type=JSON)


async def ready(request: Request) -> Response:
    # The server only listens once `load` has made its first prediction.
    return Response(b'{"ready":true}', media_type=JSON)


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body of a request. Raises BodyTooLarge as soon as it is, and ClientDisconnect."""
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > limit:
            raise BodyTooLarge(limit)
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge(limit)
        if not message.get("more_body", False):
            return body


def unknown_header(names: Collection[str]) -> dict[str, str]:
    return {"x-unknown": ", ".join(names)} if names else {}


def http_error(request: Request, error: Any) -> Response:
    return Response(error_body(error.detail), error.status, error.headers, JSON)


def http_exception(request: Request, error: Any) -> Response:
    headers = dict(error.headers or {})
    if "Allow" in headers:  # Starlette joins a set, whose order differs from process to process
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    return Response(error_body(error.detail), error.status_code, headers, JSON)


def client_left(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it


def server_error(request: Request, error: Exception) -> Response:
    return Response(error_body("Internal Server Error"), 500, media_type=JSON)
