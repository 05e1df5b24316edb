"""The ASGI app of one worker: puts the wings together, and holds the lifespan."""

import asyncio
import os
from collections.abc import Callable
from hashlib import sha256
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

from service import __version__
from service.api import pages, status
from service.api.body import JSON
from service.api.callers import keys
from service.api.callers.ids import Named
from service.api.contract import EXAMPLE, Replies, parse_flight
from service.api.errors import HttpError, error_body, refusal
from service.api.flights import routes as flights
from service.api.names import Names
from service.api.paths import HOT, NAMED
from service.api.served import Limits, Served
from service.api.v2 import routes as v2
from service.api.v2.models import Models
from service.model import bundle as bundles
from service.model.catalogue import catalogue
from service.model.errors import Overloaded, TooManyFeatures
from service.model.explain import Explainer
from service.model.features import Features
from service.model.predictor import Predictor
from service.model.scorer import Scorer
from service.server import metrics
from service.server.gate import Gate
from service.server.heads import Lane
from service.server.logs import LaneLog
from service.server.metrics import Metrics
from service.server.records.predictions import Keeping, PredictionLog
from service.server.records.traces import Traces
from service.settings import Settings


def create_app(settings: Settings, counters: Path | None = None) -> ASGIApp:
    """The app of one worker. Its bundle is loaded at startup, so that a failure there ends the server.

    `counters` is the file that the workers count in together.
    """
    starlette = Starlette(
        routes=[
            Route(HOT, flights.predict_one, methods=["POST"]),
            Route("/model_status", status.show),
            Route("/metrics", metrics.show),
            *flights.ROUTES,
            *v2.ROUTES,
            *pages.ROUTES,
        ],
        exception_handlers={
            HTTPException: http_exception,
            **dict.fromkeys((HttpError, Overloaded, TooManyFeatures, Exception), refused),
            ClientDisconnect: client_left,
        },
    )
    app = App(settings, counters, starlette)
    return Gate(app, error_of, access_log=settings.access_log, open_metrics=settings.open_metrics)


def load(settings: Settings, metrics: Metrics, bundle: bundles.Bundle) -> Served:
    """What the bundle serves, once a first prediction has proved that it works. Raises BundleError."""
    scorer = Scorer(bundle)
    features = Features(bundle.tables)
    names = Names(features, metrics, strict=settings.strict)
    predictor = Predictor(
        features,
        scorer,
        Replies(bundle.threshold),
        metrics,
        cache_size=settings.cache_size,
        max_pending=settings.max_pending,
    )
    predictor.score([parse_flight(orjson.dumps(EXAMPLE))])
    digest = sha256(bundle.model).hexdigest()[:12]
    record = PredictionLog(keeping(settings, folder), digest, metrics) if (folder := settings.log_predictions) else None
    return Served(
        bundle=bundle,
        report=settings.bundle / "docs",
        predictor=predictor,
        names=names,
        explainer=Explainer(bundle.tables, scorer),
        protocol=Models(bundle, predictor, names, settings.max_batch),
        counts=metrics,
        limits=Limits(settings.max_body, settings.max_batch),
        status=status.about(bundle.model_file.name),
        catalogue=orjson.dumps(catalogue(bundle.tables)),
        marks={"x-model-version": digest},
        record=record,
    )


def lane_hearers(settings: Settings, spans: Traces | None) -> tuple[Callable[[Any, bytes, Named, int], None], ...]:
    """Who is told of each request that the lane answered."""
    tell: list[Callable[[Any, bytes, Named, int], None]] = []
    if settings.access_log:
        tell.append(LaneLog(HOT))
    if spans:
        tell.append(lambda client, request_id, named, at: spans.request("POST", HOT, 200, at, request_id, named))
    return tuple(tell)


def keeping(settings: Settings, folder: Path) -> Keeping:
    return Keeping(
        folder, settings.log_predictions_sample, settings.log_predictions_bytes, settings.log_predictions_keep
    )


class App:
    """The lifespan, and the hot route ahead of Starlette, whose routing costs more than the model."""

    def __init__(self, settings: Settings, counters: Path | None, starlette: ASGIApp) -> None:
        self._settings = settings
        self._counters = counters
        self._starlette = starlette

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["path"] == HOT and scope["method"] == "POST":
            await flights.predict_one(scope, receive, send)
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
            route = scope.get(NAMED, scope["path"])
            scope["state"]["metrics"].request(route, status, started)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette's own lifespan would print a traceback where the user needs the sentence.
        await receive()
        try:
            bundle = bundles.read(self._settings.bundle)
            about = {"name": bundle.name, "version": bundle.version, "recipe": bundle.recipe}
            counts = Metrics(self._counters, about)
            allowed = keys.read(self._settings.api_keys_file, os.environ.get(keys.VARIABLE))
            served = load(self._settings, counts, bundle)
        except (bundles.BundleError, keys.KeysError) as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        endpoint = self._settings.otlp_endpoint
        spans = Traces(endpoint, self._settings.otlp_sample, __version__) if endpoint else None
        lane = Lane(
            served.predictor,
            served.names,
            counts,
            self._settings.max_body,
            keys=allowed,
            marks=b"".join(f"{name}: {value}\r\n".encode() for name, value in served.marks.items()),
            tell=lane_hearers(self._settings, spans),
            record=served.record,
        )
        scope["state"].update(served=served, metrics=counts, lane=lane, keys=allowed, ids=lane.ids, traces=spans)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for kept in (served.record, spans):
            if isinstance(kept, PredictionLog | Traces):
                await asyncio.to_thread(kept.close)
        await send({"type": "lifespan.shutdown.complete"})


def refused(request: Request, error: Exception) -> Response:
    told = refusal(error)
    return Response(error_of(request.url.path)(told.detail), told.status, told.headers, JSON)


def http_exception(request: Request, error: Any) -> Response:
    headers = dict(error.headers or {})
    if "Allow" in headers:  # Starlette joins a set, whose order differs from process to process
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    return Response(error_of(request.url.path)(error.detail), error.status_code, headers, JSON)


def client_left(request: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it


def error_of(path: str) -> Callable[[Any], bytes]:
    """The shape that errors have on this path: the contract's, or the protocol's."""
    return v2.error_body if path.startswith("/v2") else error_body
