"""What a prediction goes through, stage by stage, in Python and in Rust. It takes no time itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from bench.bare_onnx import ROWS
from bench.flights import Flights
from bench.traffic import batches
from service import native
from service.api.contract import Replies, check_flight, parse_batch, parse_flight
from service.api.served import Native
from service.model import bundle as bundles
from service.model.bundle import Bundle
from service.model.features import Features
from service.model.scorer import Scorer
from service.server.bounds import bounds_of
from service.server.lane.heads import REQUEST_LINE
from service.settings import ROOT, Settings

if TYPE_CHECKING:
    from atraso_native import Lane, Reader

Stage = Callable[[], object]
"""Takes every flight through one stage."""

TURN = 64
"""Requests that arrive in a turn of the loop."""


def stages(flights: Flights) -> dict[str, Stage]:
    """Each stage of a prediction by name, in order; those in Rust only where that was built."""
    bundle = bundles.read(ROOT)
    scorer = Scorer(bundle)
    return in_python(flights, bundle, scorer) | in_rust(flights, bundle, scorer)


def in_python(flights: Flights, bundle: Bundle, scorer: Scorer) -> dict[str, Stage]:
    lookups, replies = Features(bundle.tables).row, Replies(bundle.threshold)
    parsed = [parse_flight(body) for body in flights.bodies]
    features = [lookups(flight) for flight in parsed]
    many = batches(ROWS)(flights).bodies

    def score(rows: int) -> Stage:
        """Slices of `rows` flights, one run of the model each."""
        slices = [features[at : at + rows] for at in range(0, len(features), rows)]
        return lambda: list(map(scorer, slices))

    def read(body: bytes) -> bytes:
        return b"".join(lookups(check_flight(flight, ("body",))) for flight in parse_batch(body, ROWS))

    return {
        "parse the body": lambda: list(map(parse_flight, flights.bodies)),
        "look the features up": lambda: list(map(lookups, parsed)),
        "both, of 1,000 flights in one body": lambda: list(map(read, many)),
        "run the model, 1 flight a run": score(1),
        "run the model, 64 flights a run": score(TURN),
        "run the model, 1,000 flights a run": score(ROWS),
        "make the reply": lambda: list(map(replies, flights.probabilities)),
    }


def in_rust(flights: Flights, bundle: Bundle, scorer: Scorer) -> dict[str, Stage]:
    replies, count = Replies(bundle.threshold), len(flights.bodies)
    known = native.native_of(bundle.tables, replies, 2 * count)
    unknown = native.native_of(bundle.tables, replies, 0)
    if known is None or unknown is None:
        return {}
    reader = known.reader
    bodies = [flights.bodies[number] for number in read_in_rust(flights, reader)]
    many = [b"[%b]" % b",".join(bodies[at : at + ROWS]) for at in range(0, count, ROWS)]
    requests = [_request(body) for body in bodies]
    take, take_unknown = _lane(known, count).take, _lane(unknown, count).take
    turns = [requests[at : at + TURN] for at in range(0, count, TURN)]

    def answered(reply: bytes | Exception) -> None:
        """In place of a connection."""

    def in_turns() -> list[bytes]:
        given = []
        for turn in turns:
            for request in turn:
                take_unknown(request, answered)
            unknown.queue.begin(TURN)
            given += [reply for _, reply in unknown.queue.settle(pairs[len(turn)])]
        return given

    pairs = {len(turn): np.full((len(turn), 2), 0.5, dtype=np.float32).tobytes() for turn in turns}
    for request in requests:
        take(request, answered)
    known.queue.settle(scorer.pairs(known.queue.begin(count)))
    return {
        "in Rust: read the body": lambda: list(map(reader.row, bodies)),
        "in Rust: read 1,000 flights in one body": lambda: [reader.rows(body, ROWS) for body in many],
        "in Rust: from the request to the reply, known": lambda: [take(request, answered) for request in requests],
        "in Rust: the same, 64 that wait, without the model": in_turns,
    }


def read_in_rust(flights: Flights, reader: "Reader") -> list[int]:
    """The places of as many flights as there are, without those of unknown names: Rust leaves them to Python."""
    places = [place for place, body in enumerate(flights.bodies) if reader.row(body) is not None]
    return (places * 2)[: len(flights.bodies)]


def _request(body: bytes) -> bytes:
    return b"%bHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        REQUEST_LINE,
        len(body),
        body,
    )


def _lane(made: Native, most: int) -> "Lane":
    """One that lets so many wait."""
    lane = native.lane_of(made, bounds_of(Settings()), most, keys=None, origins=False, one=False)
    lane.begin_with(b"HTTP/1.1 200 OK\r\n")
    return lane
