"""The flights' routes: requests into calls and results into responses, nothing more."""

import logging
from collections.abc import Iterator, Sequence
from operator import itemgetter
from time import perf_counter_ns

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from service.api.body import JSON, read_body, while_awaited
from service.api.callers.ids import SCOPE
from service.api.contract import FIELDS, parse_batch, parse_flight, probabilities_of
from service.api.errors import error_body, refusal
from service.api.flights.batch import predict_batch, predict_read
from service.api.flights.detail import Details, wants_detail, wants_tables
from service.api.flights.explanation import by_input, by_table
from service.api.names import Tally, headers_of
from service.api.paths import HOT
from service.api.served import Served

logger = logging.getLogger("uvicorn.error")


async def predict_one(scope: Scope, receive: Receive, send: Send) -> None:
    """One flight in, one probability out, as plain ASGI: the hot route."""
    served: Served = scope["state"]["served"]
    started = perf_counter_ns()
    try:
        asked = await read_body(scope, receive, served.limits.body)
        detailed = details(served, scope)
        flight = parse_flight(asked)
        reading = served.names.read(flight, ("body",))
        if reading:
            flight = reading.flight
        unknown = reading.unknown if reading else ()
        body = detailed([flight], [unknown])[0] if detailed else await served.predictor.reply(flight)
        status, extra = 200, served.marks | headers_of(reading)
        if reading:
            served.names.count(reading)
        if served.record:
            served.record.one(asked, body, scope[SCOPE])
    except ClientDisconnect:
        return
    except Exception as error:
        refused = refusal(error)
        if refused.status == 500:
            logger.error("POST %s failed", HOT, exc_info=error)
        if refused.event:
            served.counts.event(refused.event)
        status, body, extra = refused.status, error_body(refused.detail), refused.headers
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    headers += [(name.encode(), value.encode()) for name, value in extra.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    served.counts.request(HOT, status, started)


async def predict_many(request: Request) -> Response:
    served: Served = request.state.served
    body = await read_body(request.scope, request.receive, served.limits.body)
    work = _predict_in_turn(served, body, request.scope[SCOPE], details(served, request.scope))
    soon = served.lines.are_free(len(body))
    replies, tally = await (work if soon else while_awaited(request.receive, work))
    return Response(replies, headers=served.marks | tally.headers(), media_type=JSON)


def details(served: Served, scope: Scope) -> Details | None:
    """What makes the replies where the query asks for details. Raises InvalidRequest."""
    return Details(served.predictor, served.bundle.threshold) if wants_detail(scope["query_string"]) else None


async def _predict_in_turn(
    served: Served, body: bytes, request_id: bytes, detailed: Details | None
) -> tuple[bytes, Tally]:
    async with served.lines.of(len(body)).turn(len(body)):
        native = None if detailed else served.native
        read = native.reader.rows(body, served.limits.batch) if native else None
        if native and read and (done := await predict_read(served.predictor, served.names, native, read)):
            count, flights = len(read[0]) // served.predictor.features.row_size, _listed(body)
            replies, tally = done
        else:
            listed = parse_batch(body, served.limits.batch)
            count, flights = len(listed), map(itemgetter(*FIELDS), listed)
            replies, tally = await predict_batch(served.predictor, served.names, listed, detailed)
    if served.record:
        served.record.many(count, flights, probabilities_of(replies), request_id)
    return replies, tally


def _listed(body: bytes) -> Iterator[Sequence[str]]:
    """The fields of a batch's flights, read when they are asked for."""
    yield from map(itemgetter(*FIELDS), orjson.loads(body))


async def explain_one(request: Request) -> Response:
    served: Served = request.state.served
    tables = wants_tables(request.scope["query_string"])
    flight = parse_flight(await read_body(request.scope, request.receive, served.limits.body))
    reading = served.names.read(flight, ("body",))
    if reading:
        flight = reading.flight
        served.names.count(reading)
    if tables:
        reply = by_table(await while_awaited(request.receive, served.explainer(flight)), flight, served.bundle)
    else:
        reasons = await while_awaited(request.receive, served.reasoner(flight))
        reply = by_input(reasons, flight, served.bundle, served.reasoner)
    return Response(orjson.dumps(reply), headers=served.marks | headers_of(reading), media_type=JSON)


async def show_flights(request: Request) -> Response:
    served: Served = request.state.served
    return served.flights.some(request.query_params).reply(request.headers)


async def show_catalogue(request: Request) -> Response:
    served: Served = request.state.served
    return served.catalogue.reply(request.headers)


ROUTES = [
    Route("/predict_delay_probabilities", predict_many, methods=["POST"]),
    Route("/explain_delay_probability", explain_one, methods=["POST"]),
    Route("/flights", show_flights),
    Route("/catalogue", show_catalogue),
]
