"""The ASGI app: routes and lifespan. It turns requests into calls and results into responses, nothing more."""

import logging
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api import pages as web_routes
from service.api.batch import predict_batch
from service.api.body import JSON, read_body, unknown_header
from service.api.contract import EXAMPLE, FIELDS, HttpError, Replies, error_body, parse_batch, parse_flight
from service.api.v2 import routes as protocol_routes
from service.api.v2.models import Models
from service.model import bundle as bundles
from service.model.catalogue import catalogue
from service.model.explain import Explainer
from service.model.features import Features
from service.model.predictor import Predictor
from service.model.scorer import Scorer
from service.server.heads import Lane
from service.server.metrics import HOT, ROUTE, Metrics
from service.settings import Settings

logger = logging.getLogger("uvicorn.error")


def create_app(settings: Settings, counters: Path | None = None) -> ASGIApp:
    """The app of one worker. Its bundle is loaded at startup, so that a failure there ends the server.

    `counters` is the file that the workers count in together.
    """
    hot = HotRoute(settings.max_body)
    starlette = Starlette(
        routes=[
            Route(HOT, hot, methods=["POST"]),
            Route("/predict_delay_probabilities", predict_many, methods=["POST"]),
            Route("/model_status", model_status),
            Route("/metrics", show_metrics),
            Route("/explain_delay_probability", explain_one, methods=["POST"]),
            Route("/flights", show_flights),
            Route("/catalogue", show_catalogue),
            *protocol_routes.ROUTES,
            *web_routes.ROUTES,
        ],
        exception_handlers={
            HTTPException: http_exception,
            HttpError: http_error,
            ClientDisconnect: client_left,
            Exception: server_error,
        },
    )
    return App(settings, counters, hot, starlette)


@dataclass(frozen=True)
class Model:
    """What the lifespan loads and every request finds in its `state`, under the key `model`."""

    settings: Settings
    predictor: Predictor
    metrics: Metrics
    protocol: Models
    explainer: Explainer
    status: bytes
    flights: bytes
    catalogue: bytes


async def load(settings: Settings, counters: Path | None) -> Model:
    """Load the bundle and prove by a first prediction that it works. Raises BundleError."""
    bundle = bundles.read(settings.bundle)
    metrics = Metrics(counters, {"name": bundle.name, "version": bundle.version, "recipe": bundle.recipe})
    scorer = Scorer(bundle)
    predictor = Predictor(
        Features(bundle.tables),
        scorer,
        Replies(bundle.threshold),
        metrics,
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
    return Model(
        settings=settings,
        predictor=predictor,
        metrics=metrics,
        protocol=Models(bundle.name, bundle.version, len(bundle.tables), predictor, settings.max_batch),
        explainer=Explainer(bundle, scorer),
        status=orjson.dumps(status),
        flights=bundle.flights,
        catalogue=orjson.dumps(catalogue(bundle.tables)),
    )


class App:
    """The lifespan, and the hot route ahead of Starlette, whose routing costs more than the model."""

    def __init__(self, settings: Settings, counters: Path | None, hot: ASGIApp, starlette: ASGIApp) -> None:
        self._settings = settings
        self._counters = counters
        self._hot = hot
        self._starlette = starlette

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["path"] == HOT and scope["method"] == "POST":
            await self._hot(scope, receive, send)
        else:
            await self._count(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status = perf_counter_ns(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._starlette(scope, receive, watch)
        finally:
            route = scope.get(ROUTE, scope["path"])
            scope["state"]["model"].metrics.request(route, status, started)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette's own lifespan would print a traceback where the user needs the sentence.
        await receive()
        try:
            model = await load(self._settings, self._counters)
        except bundles.BundleError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        scope["state"]["model"] = model
        scope["state"]["lane"] = Lane(model.predictor, model.metrics, self._settings.max_body)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


class HotRoute:
    """One flight in, one probability out, as plain ASGI."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        model: Model = scope["state"]["model"]
        started = perf_counter_ns()
        try:
            flight = parse_flight(await read_body(scope, receive, self._max_body))
            unknown = model.predictor.unknown(flight, ("body",))
            status, body, extra = 200, await model.predictor.reply(flight), unknown_header(unknown)
            if unknown:
                model.predictor.count_unknown(unknown)
        except HttpError as error:
            status, body, extra = error.status, error_body(error.detail), error.headers
        except ClientDisconnect:
            return
        except Exception:
            logger.exception("POST %s failed", HOT)
            status, body, extra = 500, error_body("Internal Server Error"), {}
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        headers += [(name.encode(), value.encode()) for name, value in extra.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        model.metrics.request(HOT, status, started)


async def predict_many(request: Request) -> Response:
    model: Model = request.state.model
    body = await read_body(request.scope, request.receive, model.settings.max_body)
    flights = parse_batch(body, model.settings.max_batch)
    replies, unknown = await predict_batch(model.predictor, flights)
    return Response(replies, headers=unknown_header(sorted(unknown)), media_type=JSON)


async def model_status(request: Request) -> Response:
    return Response(request.state.model.status, media_type=JSON)


async def show_metrics(request: Request) -> Response:
    return Response(request.state.model.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def explain_one(request: Request) -> Response:
    model: Model = request.state.model
    flight = parse_flight(await read_body(request.scope, request.receive, model.settings.max_body))
    unknown = model.predictor.unknown(flight, ("body",))
    if unknown:
        model.predictor.count_unknown(unknown)
    with model.predictor.admitted(1):
        explanation = await model.explainer(flight)
    return Response(orjson.dumps(explanation), headers=unknown_header(unknown), media_type=JSON)


async def show_flights(request: Request) -> Response:
    return Response(request.state.model.flights, media_type=JSON)


async def show_catalogue(request: Request) -> Response:
    return Response(request.state.model.catalogue, media_type=JSON)


def http_error(request: Request, error: Any) -> Response:
    return Response(error_of(request)(error.detail), error.status, error.headers, JSON)


def http_exception(request: Request, error: Any) -> Response:
    headers = dict(error.headers or {})
    if "Allow" in headers:  # Starlette joins a set, whose order differs from process to process
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    return Response(error_of(request)(error.detail), error.status_code, headers, JSON)


def client_left(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it


def server_error(request: Request, error: Exception) -> Response:
    return Response(error_of(request)("Internal Server Error"), 500, media_type=JSON)


def error_of(request: Request) -> Callable[[Any], bytes]:
    """The shape that errors have on this route: the contract's, or the protocol's."""
    return protocol_routes.error_body if request.url.path.startswith("/v2") else error_body
