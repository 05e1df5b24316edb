"""The ASGI app of one worker: puts the wings together, and holds the lifespan."""

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from time import perf_counter_ns
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import __version__, native
from service.api import pages, status
from service.api.body import JSON
from service.api.callers.keys import Keys
from service.api.callers.origins import Origins
from service.api.errors import HttpError, error_body, refusal
from service.api.flights import routes as flights
from service.api.routing.paths import EXPLAIN, MANY, NAMED, route_of
from service.api.routing.posted import Way
from service.api.routing.slashes import other_slash
from service.api.served import Served
from service.api.v2 import routes as v2
from service.load import load
from service.model.bundle import Bundle, BundleError
from service.model.errors import Overloaded, TooManyFeatures
from service.server import prometheus
from service.server.bounds import bounds_of
from service.server.front.forwarded import believing, client_behind
from service.server.front.prefix import Prefix
from service.server.gate import Gate
from service.server.lane.beside import Beside, Direct, Shed, shed_of
from service.server.lane.heads import Hearer, Lane
from service.server.logs import LaneLog
from service.server.metrics import Metrics
from service.server.records.predictions import PredictionLog
from service.server.records.traces import Traces
from service.server.sweep import Sweep
from service.settings import Settings


def create_app(settings: Settings, bundle: Bundle, counts: Metrics, keys: Keys | None = None) -> ASGIApp:
    """The app of one worker. The model is loaded at startup, so that a failure there ends the worker."""
    starlette = Starlette(
        routes=[
            Route("/model_status", status.show),
            Route("/metrics", prometheus.show),
            *flights.ROUTES,
            *v2.ROUTES,
            *pages.ROUTES,
        ],
        exception_handlers={
            HTTPException: http_exception,
            **dict.fromkeys((HttpError, Overloaded, TooManyFeatures, MemoryError, Exception), refused),
            ClientDisconnect: client_left,
        },
    )
    starlette.router.redirect_slashes = False  # its redirects name the host that the client named
    starlette.router.default = other_slash
    app = App(settings, bundle, counts, keys, starlette)
    gate = Gate(app, error_of, access_log=settings.access_log, open_metrics=settings.open_metrics)
    prefixed = Prefix(gate, settings.root_path) if settings.root_path else gate
    made: ASGIApp = believing(prefixed, settings.forwarded_allow_ips)
    return made


def lane_hearers(settings: Settings, spans: Traces | None) -> tuple[Hearer, ...]:
    """Whoever wants to know of a request that the lane answered."""
    tell: list[Hearer] = [LaneLog(listed=settings.access_log)]
    if spans:
        tell.append(
            lambda client, path, status, at, named, given: spans.request("POST", path, status, at, given, named)
        )
    return tuple(tell)


def beside(served: Served, counts: Metrics) -> Iterator[Direct | Shed]:
    """What the lane does for the other routes: explanations, and who is refused since `served.lines` have no room."""
    yield Direct(EXPLAIN, partial(flights.explain_at_once, served))
    yield shed_of(MANY, MANY, error_body)
    for path, way in v2.ways(served.protocol).items():
        model = served.protocol.find(way.params["name"], way.params.get("version"))
        yield shed_of(path, way.route, v2.error_body, partial(counts.inference, model.place, None))


class App:
    """The lifespan, and the routes that are sent flights ahead of Starlette."""

    def __init__(
        self, settings: Settings, bundle: Bundle, counts: Metrics, keys: Keys | None, starlette: ASGIApp
    ) -> None:
        self._settings = settings
        self._bundle = bundle
        self._counts = counts
        self._keys = keys
        self._starlette = starlette
        self._ways: Mapping[str, Way] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["method"] == "POST" and (way := self._ways.get(scope["path"])):
            started = perf_counter_ns()
            scope["path_params"] = way.params
            status = await way.posted.answer(scope, receive, send)
            self._counts.request(way.route, status, started)
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
            route = scope.get(NAMED) or route_of(scope["path"])
            scope["state"]["metrics"].request(route, status, started)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette's own lifespan would print a traceback where the user needs the sentence.
        await receive()
        try:
            served = load(self._settings, self._bundle, self._counts)
        except BundleError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        self._ways = flights.WAYS | v2.ways(served.protocol)
        bounds = bounds_of(self._settings)
        endpoint = self._settings.otlp_endpoint
        spans = Traces(endpoint, self._settings.otlp_sample, __version__) if endpoint else None
        origins = Origins(self._settings.cors_origin) if self._settings.cors_origin else None
        trusted = self._settings.forwarded_allow_ips
        lane = Lane(
            served.predictor,
            served.names,
            self._counts,
            bounds,
            keys=self._keys,
            origins=origins,
            client_of=client_behind(trusted) if trusted else None,
            marks=b"".join(f"{name}: {value}\r\n".encode() for name, value in served.marks.items()),
            tell=lane_hearers(self._settings, spans),
            tell_all=bool(self._settings.access_log or spans),
            record=served.record,
        )
        lane.beside = Beside(served.lines, beside(served, self._counts), lane.judge_for)
        if served.native and not lane.tell_all:
            lane.native = native.lane_of(
                served.native,
                bounds,
                self._settings.max_pending,
                keys=self._keys,
                origins=origins is not None,
                one=lane.record is not None,
            )
        self._counts.lane = "rust" if lane.native else "python"
        state = {"served": served, "metrics": self._counts, "lane": lane, "keys": self._keys, "ids": lane.ids}
        scope["state"].update(state, origins=origins, traces=spans, bounds=bounds, sweep=Sweep(bounds))
        gc.collect()
        gc.freeze()  # all of this stays: looking at it again would hold every request up for 10 ms now and then
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for kept in (served.record, spans):
            if isinstance(kept, PredictionLog | Traces):
                await asyncio.to_thread(kept.close)
        await send({"type": "lifespan.shutdown.complete"})


async def refused(request: Request, error: Exception) -> Response:
    """No plain function, nor are the others: Starlette runs those in threads, which takes longer than what they do."""
    told = refusal(error)
    if told.event:
        request.state.metrics.event(told.event)
    return Response(error_of(request.url.path)(told.detail), told.status, told.headers, JSON)


async def http_exception(request: Request, error: Any) -> Response:
    headers = dict(error.headers or {})
    if "Allow" in headers:  # Starlette joins a set, whose order differs from process to process
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    return Response(error_of(request.url.path)(error.detail), error.status_code, headers, JSON)


async def client_left(request: Request, error: Exception) -> Response:
    request.state.metrics.event("client_left")
    return Response(status_code=499)  # nobody reads it


def error_of(path: str) -> Callable[[Any], bytes]:
    """The shape that errors have on this path: the contract's, or the protocol's."""
    return v2.error_body if path.startswith("/v2") else error_body
