"""The routes of the Open Inference Protocol: requests into calls of `service/api/v2/models.py`, and its errors."""

from functools import partial
from time import perf_counter_ns
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope

from service import __version__
from service.api.body import JSON, in_turn, read_body
from service.api.callers.ids import SCOPE
from service.api.coding.inflate import NotInflated
from service.api.names import Tally
from service.api.routing.paths import MODEL, STATISTICS
from service.api.routing.posted import Made, Posted, Way
from service.api.served import Served
from service.api.v2.extensions import configuration, index, statistics
from service.api.v2.models import Model, Models, Note
from service.api.v2.tensors import JSON_LENGTH, Reply
from service.api.v2.values import InferenceError

EXTENSIONS = ["binary_tensor_data", "model_configuration", "statistics"]


def error_body(detail: Any) -> bytes:
    return orjson.dumps({"error": detail})


async def server(request: Request) -> Response:
    return reply({"name": "atraso", "version": __version__, "extensions": EXTENSIONS})


async def live(request: Request) -> Response:
    return reply({"live": True})


async def ready(request: Request) -> Response:
    # The server only listens once the model has made its first prediction.
    is_ready = request.state.served.is_ready()
    return reply({"ready": is_ready}, 200 if is_ready else 503)


async def about(request: Request) -> Response:
    return reply(find(request).about())


async def model_ready(request: Request) -> Response:
    return reply({"name": find(request).name, "ready": True})


async def configured(request: Request) -> Response:
    return reply(configuration(find(request)))


async def did(request: Request) -> Response:
    """Of the model that the path names, or of all."""
    models = (find(request),) if "name" in request.path_params else protocol(request).all
    served: Served = request.state.served
    return reply(statistics((model, served.counts.inferences(model.place)) for model in models))


async def repository(request: Request) -> Response:
    return reply(index(protocol(request).all))


async def infer(scope: Scope, receive: Receive, served: Served) -> Made:
    model, started = named(scope, served), perf_counter_ns()
    flights: int | None = None
    try:
        reply, tally = await answer(scope, receive, served, model)
        flights = reply.flights
    finally:
        served.counts.inference(model.place, flights, started)
    headers = served.marks | tally.headers()
    if reply.json_length is None:
        return Made(reply.body, headers)
    headers[JSON_LENGTH] = str(reply.json_length)
    return Made(reply.body, headers, "application/octet-stream")


async def answer(scope: Scope, receive: Receive, served: Served, model: Model) -> tuple[Reply, Tally]:
    try:
        body = await read_body(scope, receive, served.limits.body)
    except NotInflated as error:
        raise InferenceError(error.sentence) from None
    return await in_turn(
        receive,
        served.lines,
        len(body),
        lambda: served.protocol.infer(model, body, json_length(scope), note(scope, served)),
    )


def note(scope: Scope, served: Served) -> Note:
    """Takes a request's flights and their probabilities, for those who keep them."""
    return partial(served.record.many, request_id=scope[SCOPE]) if served.record else lambda *_: None


def json_length(scope: Scope) -> int | None:
    """Raises InferenceError."""
    text = Headers(scope=scope).get(JSON_LENGTH)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InferenceError(f"the header {JSON_LENGTH} should be a number of bytes, not {text[:60]!r}")
    return int(text)


def find(request: Request) -> Model:
    """The model that the path names. Raises UnknownModel."""
    return named(request.scope, request.state.served)


def named(scope: Scope, served: Served) -> Model:
    asked = scope["path_params"]
    return served.protocol.find(asked["name"], asked.get("version"))


def protocol(request: Request) -> Models:
    models: Models = request.state.served.protocol
    return models


def reply(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type=JSON)


VERSION = MODEL + "/versions/{version}"
INFER = Posted(infer, error_body)


def ways(models: Models) -> dict[str, Way]:
    """Straight to the inferences of models, by the paths that they have."""
    found = {}
    for model in models.all:
        for path, params in ((MODEL, {"name": model.name}), (VERSION, {"name": model.name, "version": model.version})):
            if not any("/" in each for each in params.values()):  # no route's name has a slash
                found[path.format(**params) + "/infer"] = Way(INFER, f"{MODEL}/infer", params)
    return found


ROUTES = [
    Route("/v2", server),
    Route("/v2/health/live", live),
    Route("/v2/health/ready", ready),
    Route(STATISTICS, did),
    Route("/v2/repository/index", repository, methods=["POST"]),
    *(Route(path, about) for path in (MODEL, VERSION)),
    *(Route(f"{path}/ready", model_ready) for path in (MODEL, VERSION)),
    *(Route(f"{path}/config", configured) for path in (MODEL, VERSION)),
    *(Route(f"{path}/stats", did) for path in (MODEL, VERSION)),
    *(Route(f"{path}/infer", INFER, methods=["POST"]) for path in (MODEL, VERSION)),
]
