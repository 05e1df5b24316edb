"""The flights' routes: requests into calls and results into responses, nothing more."""

from collections.abc import Iterator, Sequence
from operator import itemgetter

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope

from service.api.body import in_turn, read_body, while_awaited
from service.api.callers.ids import SCOPE
from service.api.contract import FIELDS, parse_batch, parse_flight, probabilities_of
from service.api.errors import error_body
from service.api.flights.batch import predict_batch, predict_read
from service.api.flights.detail import Details, wants_detail, wants_tables
from service.api.names import Tally, headers_of
from service.api.routing.paths import EXPLAIN, HOT, MANY
from service.api.routing.posted import Made, Posted, Way
from service.api.served import Served


async def predict_one(scope: Scope, receive: Receive, served: Served) -> Made:
    """One flight in, one probability out: the hot route."""
    asked = await read_body(scope, receive, served.limits.body)
    detailed = details(served, scope)
    flight = parse_flight(asked)
    reading = served.names.read(flight, ("body",))
    if reading:
        flight = reading.flight
    unknown = reading.unknown if reading else ()
    body = detailed([flight], [unknown])[0] if detailed else await served.predictor.reply(flight)
    if reading:
        served.names.count(reading)
    if served.record:
        served.record.one(asked, body, scope[SCOPE])
    return Made(body, served.marks | reading.headers() if reading else served.marks)


async def predict_many(scope: Scope, receive: Receive, served: Served) -> Made:
    body = await read_body(scope, receive, served.limits.body)
    detailed = details(served, scope)
    replies, count, flights, tally = await in_turn(
        receive, served.lines, len(body), lambda: _predict(served, body, detailed)
    )
    if served.record:
        served.record.many(count, flights, probabilities_of(replies), scope[SCOPE])
    return Made(replies, served.marks | tally.headers())


def details(served: Served, scope: Scope) -> Details | None:
    """What makes the replies where the query asks for details. Raises InvalidRequest."""
    return Details(served.predictor, served.bundle.threshold) if wants_detail(scope["query_string"]) else None


async def _predict(
    served: Served, body: bytes, detailed: Details | None
) -> tuple[bytes, int, Iterator[Sequence[str]], Tally]:
    """The replies, how many flights there are, their fields, and what there is to tell of their names."""
    native = None if detailed else served.native
    read = native.reader.rows(body, served.limits.batch) if native else None
    if native and read and (done := await predict_read(served.predictor, served.names, native, read)):
        return done[0], len(read[0]) // served.predictor.features.row_size, _listed(body), done[1]
    listed = parse_batch(body, served.limits.batch)
    replies, tally = await predict_batch(served.predictor, served.names, listed, detailed)
    return replies, len(listed), map(itemgetter(*FIELDS), listed), tally


def _listed(body: bytes) -> Iterator[Sequence[str]]:
    """The fields of a batch's flights, read when they are asked for."""
    yield from map(itemgetter(*FIELDS), orjson.loads(body))


async def explain_one(scope: Scope, receive: Receive, served: Served) -> Made:
    tables = wants_tables(scope["query_string"])
    body = await read_body(scope, receive, served.limits.body)
    if not tables and (made := explain_at_once(served, body)):
        return made
    flight = parse_flight(body)
    reading = served.names.read(flight, ("body",))
    if reading:
        flight = reading.flight
        served.names.count(reading)
    if tables:
        reply = served.explanations.by_table(await while_awaited(receive, served.explainer(flight)), flight)
    else:
        reply = served.explanations.by_input(await while_awaited(receive, served.reasoner(flight)), flight)
    return Made(orjson.dumps(reply), served.marks | headers_of(reading))


def explain_at_once(served: Served, body: bytes) -> Made | None:
    """What explains a body's flight, so soon that nobody could leave before; None where it has to wait."""
    if not served.reasoner.is_free():
        return None
    flight = parse_flight(body)
    reading = served.names.read(flight, ("body",))
    if reading:
        flight = reading.flight
    reasons = served.reasoner.at_once(flight)
    if reasons is None:
        return None
    reply = orjson.dumps(served.explanations.by_input(reasons, flight))
    if reading:
        served.names.count(reading)
    return Made(reply, served.marks | headers_of(reading))


async def show_flights(request: Request) -> Response:
    served: Served = request.state.served
    return served.flights.some(request.query_params).reply(request.headers)


async def show_catalogue(request: Request) -> Response:
    served: Served = request.state.served
    return served.catalogue.reply(request.headers)


POSTED = {
    HOT: Posted(predict_one, error_body),
    MANY: Posted(predict_many, error_body),
    EXPLAIN: Posted(explain_one, error_body),
}

WAYS = {path: Way(posted, path, {}) for path, posted in POSTED.items()}

ROUTES = [
    *(Route(path, posted, methods=["POST"]) for path, posted in POSTED.items()),
    Route("/flights", show_flights),
    Route("/catalogue", show_catalogue),
]
