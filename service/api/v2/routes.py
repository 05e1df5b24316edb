"""The routes of the Open Inference Protocol: requests into calls of `service/api/v2/models.py`, and its errors."""

from functools import partial
from time import perf_counter_ns
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service import __version__
from service.api.body import JSON, read_body, while_awaited
from service.api.callers.ids import SCOPE
from service.api.coding.inflate import NotInflated
from service.api.names import Tally
from service.api.paths import MODEL, STATISTICS
from service.api.served import Recorder, Served
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


async def infer(request: Request) -> Response:
    model, started = find(request), perf_counter_ns()
    flights: int | None = None
    served: Served = request.state.served
    try:
        made, tally = await answer(request, model)
        flights = made.flights
    finally:
        served.counts.inference(model.place, flights, started)
    headers = served.marks | tally.headers()
    if made.json_length is None:
        return Response(made.body, headers=headers, media_type=JSON)
    headers[JSON_LENGTH] = str(made.json_length)
    return Response(made.body, headers=headers, media_type="application/octet-stream")


async def answer(request: Request, model: Model) -> tuple[Reply, Tally]:
    try:
        body = await read_body(request.scope, request.receive, request.state.served.limits.body)
    except NotInflated as error:
        raise InferenceError(error.sentence) from None
    served: Served = request.state.served
    work = infer_in_turn(request, model, body)
    soon = served.lines.are_free(len(body))
    return await (work if soon else while_awaited(request.receive, work))


def note(request: Request) -> Note:
    """Takes a request's flights and their probabilities, for those who keep them."""
    record: Recorder | None = request.state.served.record
    return partial(record.many, request_id=request.scope[SCOPE]) if record else lambda *_: None


async def infer_in_turn(request: Request, model: Model, body: bytes) -> tuple[Reply, Tally]:
    async with request.state.served.lines.of(len(body)).turn(len(body)):
        return await protocol(request).infer(model, body, json_length(request), note(request))


def json_length(request: Request) -> int | None:
    """Raises InferenceError."""
    text = request.headers.get(JSON_LENGTH)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InferenceError(f"the header {JSON_LENGTH} should be a number of bytes, not {text[:60]!r}")
    return int(text)


def find(request: Request) -> Model:
    """The model that the path names. Raises UnknownModel."""
    return protocol(request).find(request.path_params["name"], request.path_params.get("version"))


def protocol(request: Request) -> Models:
    models: Models = request.state.served.protocol
    return models


def reply(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type=JSON)


VERSION = MODEL + "/versions/{version}"

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
    *(Route(f"{path}/infer", infer, methods=["POST"]) for path in (MODEL, VERSION)),
]
