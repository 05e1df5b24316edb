"""Other routes than the hot one: what the lane does for them has the bytes of the route behind ASGI."""

import asyncio
import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from uvicorn.config import Config
from uvicorn.lifespan.on import LifespanOn
from uvicorn.server import ServerState

from service.api.callers.keys import Keys
from service.api.contract import EXAMPLE, parse_flight
from service.api.routing.paths import EXPLAIN, MANY, MODEL
from service.api.served import Served
from service.app import create_app
from service.model import bundle as bundles
from service.model.bundle import Bundle
from service.model.turns import SHORT, Line
from service.server.drain import DrainingProtocol
from service.server.lane.native import NativeLaneProtocol
from service.server.lane.protocol import FastLaneProtocol
from service.server.metrics import READ_AS_OPERA, ROUTE_AT, STATUS_AT, UNKNOWN_OPERA, Metrics
from service.settings import Settings
from tests.service.server.lane.wire import BODY, LAST, TRACE, chunks, parse, request, statuses

INFER = "/v2/models/flight_delay/infer"
VERSION = "/v2/models/flight_delay/versions/1/infer"
ROOT = Path(__file__).resolve().parents[4]
PATHS = (MANY, INFER, VERSION)
MOST = 1_000_000
BIG = b"[%b]" % b",".join([BODY] * (SHORT // len(BODY) + 1))
HEADS = {
    "plain": (),
    "id": ("X-Request-Id: mine-1", f"traceparent: {TRACE}"),
    "page": ("Origin: https://a.example",),
    "another page": ("Origin: https://b.example",),
}


class App:
    """A worker's app, and the paths of what came to it."""

    def __init__(self, settings: Settings, bundle: Bundle, keys: Keys | None) -> None:
        self.metrics = Metrics()
        self.came: list[str] = []
        self._app = create_app(settings, bundle, self.metrics, keys)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.came.append(scope.get("path", ""))
        await self._app(scope, receive, send)


@contextmanager
def filled(line: Line, size: int) -> Iterator[None]:
    """As if a batch of `size` bytes had its turn."""
    line.waiting += size
    yield
    line.waiting -= size


class Told(NamedTuple):
    replies: bytes
    came: list[str]
    """The paths of what came to the app."""
    counted: list[int]
    """The 503s of the routes, V2's failed inferences, explanations, and names that no table has."""


Ask = Callable[..., Told]


@pytest.fixture(scope="module")
def ask() -> Ask:
    """What becomes of `pieces` of a stream while so many bytes of batches wait in the line of the long ones."""
    bundle = bundles.read(ROOT)

    def asked(
        protocol: type[DrainingProtocol],
        *pieces: bytes,
        waiting: int = MOST,
        keys: Keys | None = None,
        cold: bool = False,
    ) -> Told:
        async def go() -> Told:
            settings = Settings(max_batch_pending=MOST, cors_origin=("https://a.example",))
            app = App(settings, bundle, keys)
            config = Config(app, interface="asgi3", ws="none", log_config=None)
            lifespan = LifespanOn(config)
            await lifespan.startup()
            shared = ServerState()
            shared.default_headers = [(b"date", b"x")]
            server = await asyncio.get_running_loop().create_server(
                lambda: protocol(config, shared, lifespan.state), "127.0.0.1", 0
            )
            served: Served = lifespan.state["served"]
            if not cold:  # the first explanation looks through the data's flights
                await served.reasoner(parse_flight(BODY))
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            with filled(served.lines.long, waiting):
                for piece in pieces:
                    writer.write(piece)
                    await asyncio.sleep(0.05)
                received = await asyncio.wait_for(reader.read(), 20)
            writer.close()
            server.close()
            await lifespan.shutdown()
            routes = (ROUTE_AT[route] + STATUS_AT[503] for route in (MANY, f"{MODEL}/infer"))
            failed = [app.metrics.inferences(model.place).failed for model in served.protocol.all]
            names = [app.metrics.counts[at] for at in (UNKNOWN_OPERA, READ_AS_OPERA)]
            explained = app.metrics.counts[ROUTE_AT[EXPLAIN] + STATUS_AT[200]]
            return Told(
                received, app.came[1:], [*(app.metrics.counts[at] for at in routes), *failed, explained, *names]
            )

        return asyncio.run(go())

    return asked


LANES = (FastLaneProtocol, NativeLaneProtocol)


def assert_lanes_do_the_same(ask: Ask, behind: Told, pieces: list[bytes]) -> None:
    """As the routes `behind` did; but nothing comes to the app."""
    for lane in LANES:
        told = ask(lane, *pieces)
        assert without_made(told.replies) == without_made(behind.replies)
        assert told.counted == behind.counted
        assert told.came == ["/v2/health/live"]


@pytest.mark.parametrize("path", PATHS)
def test_a_batch_is_refused_in_the_bytes_of_its_route(ask: Ask, path: str) -> None:
    asked = [request(BIG, *head, path=path) for head in HEADS.values()]
    pieces = [*asked, asked[0] * 2, LAST]
    behind = ask(DrainingProtocol, *pieces)
    assert statuses(parse(behind.replies)) == [503] * 6 + [200]
    assert behind.came == [path] * 6 + ["/v2/health/live"]
    assert sum(behind.counted) >= 6
    assert_lanes_do_the_same(ask, behind, pieces)


@pytest.mark.parametrize("lane", LANES)
def test_flights_among_refused_batches_are_answered(ask: Ask, lane: type[DrainingProtocol]) -> None:
    told = ask(lane, (request(BIG, path=MANY) + request()) * 2 + request(BIG, path=INFER) + LAST)
    assert statuses(parse(told.replies)) == [503, 200, 503, 200, 503, 200]
    assert told.came == ["/v2/health/live"]


def without_made(replies: bytes) -> bytes:
    """Without the ids that were made here."""
    return re.sub(rb"x-request-id: [0-9a-f]{8}-[0-9a-f]+\r", b"x-request-id: made\r", replies)


SKY = json.dumps({**EXAMPLE, "OPERA": "sky airline"}).encode()
NEW = json.dumps({**EXAMPLE, "OPERA": "Nueva"}).encode()
FLIGHTS = {"known": BODY, "another spelling": SKY, "unknown": NEW}


@pytest.mark.parametrize("body", FLIGHTS.values(), ids=FLIGHTS)
def test_an_explanation_has_the_bytes_of_its_route(ask: Ask, body: bytes) -> None:
    asked = [request(body, *head, path=EXPLAIN) for head in HEADS.values()]
    pieces = [*asked, *asked, LAST]
    behind = ask(DrainingProtocol, *pieces)
    assert statuses(parse(behind.replies)) == [200] * len(pieces)
    assert_lanes_do_the_same(ask, behind, pieces)


@pytest.mark.parametrize("lane", LANES)
def test_one_that_has_to_wait_goes_to_its_route(ask: Ask, lane: type[DrainingProtocol]) -> None:
    told = ask(lane, request(path=EXPLAIN) + LAST, cold=True)
    assert statuses(parse(told.replies)) == [200, 200]
    assert told.came == [EXPLAIN, "/v2/health/live"]


@pytest.mark.parametrize("lane", LANES)
def test_an_explanation_may_come_in_pieces(ask: Ask, lane: type[DrainingProtocol]) -> None:
    """As many clients send it: the head, then the body."""
    whole = request(path=EXPLAIN)
    head = len(whole) - len(BODY)
    told = ask(lane, whole[:head], whole[head:], whole[: head + 9], whole[head + 9 :], LAST)
    assert statuses(parse(told.replies)) == [200] * 3
    assert told.came == ["/v2/health/live"]


EXPLAINED_BEHIND: dict[str, tuple[bytes, list[int]]] = {
    "several at once": (request(path=EXPLAIN) * 3 + LAST, [200, 200, 200, 200]),
    "no flight": (request(b"{}", path=EXPLAIN) + LAST, [422, 200]),
    "by table": (request(path=EXPLAIN + "?detail=tables") + LAST, [200, 200]),
    "the last": (request(BODY, "Connection: close", path=EXPLAIN), [200]),
    "chunks": (
        request(b"", "Transfer-Encoding: chunked", path=EXPLAIN, length=False) + chunks(BODY) + LAST,
        [200, 200],
    ),
}


@pytest.mark.parametrize("name", EXPLAINED_BEHIND)
def test_other_explanations_go_to_their_route(ask: Ask, name: str) -> None:
    stream, expected = EXPLAINED_BEHIND[name]
    for protocol in (DrainingProtocol, *LANES):
        told = ask(protocol, stream)
        assert statuses(parse(told.replies)) == expected
        assert len(told.came) == len(expected)


def test_explanations_that_are_sent_together_take_turns(ask: Ask) -> None:
    """Each takes as long as 20 flights: no connection has more than one in a turn of the loop."""
    told = ask(FastLaneProtocol, request(path=EXPLAIN) * 20 + LAST)
    assert statuses(parse(told.replies)) == [200] * 21
    assert len(told.came) == 21


BEHIND: dict[str, tuple[tuple[bytes, ...], dict[str, Any], list[int]]] = {
    "nobody waits": ((request(BIG, path=MANY) + LAST,), {"waiting": 0}, [200, 200]),
    "there is room": ((request(BIG, path=MANY) + LAST,), {"waiting": MOST - len(BIG)}, [200, 200]),
    "in the line of the short": ((request(b"[%b]" % BODY, path=MANY) + LAST,), {}, [200, 200]),
    "in two pieces": ((request(BIG, path=MANY)[:-1], b"]" + LAST), {}, [503, 200]),
    "without a key": ((request(BIG, path=MANY) + LAST,), {"keys": Keys(["secret"])}, [401, 200]),
    "with a query": ((request(BIG, path=MANY + "?detail=1") + LAST,), {}, [503, 200]),
    "compressed": ((request(gzip.compress(BIG), "Content-Encoding: gzip", path=MANY) + LAST,), {}, [503, 200]),
    "the last": ((request(BIG, "Connection: close", path=MANY),), {}, [503]),
    "another route": ((request(BIG, path=EXPLAIN) + LAST,), {}, [422, 200]),
    "another method": ((request(BIG, path=MANY, method="PUT") + LAST,), {}, [405, 200]),
}


@pytest.mark.parametrize("name", BEHIND)
def test_whatever_else_goes_to_its_route(ask: Ask, name: str) -> None:
    pieces, how, expected = BEHIND[name]
    for protocol in (DrainingProtocol, *LANES):
        told = ask(protocol, *pieces, **how)
        assert statuses(parse(told.replies)) == expected
        assert len(told.came) == len(expected)


def test_one_with_a_key_is_refused_in_the_lane(ask: Ask) -> None:
    stream = request(BIG, "x-api-key: secret", path=MANY) + request(BIG, path=MANY) + LAST
    told = ask(FastLaneProtocol, stream, keys=Keys(["secret"]))
    assert statuses(parse(told.replies)) == [503, 401, 200]
    assert told.came == [MANY, "/v2/health/live"]
