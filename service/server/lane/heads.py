"""What the connections of a worker's fast lane share: which heads are plain, and what a reply looks like on the wire.

A head is judged by httptools, as uvicorn would judge it, and once: clients repeat their heads to the letter. It reads
no socket; `service/server/lane/protocol.py` does.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, NamedTuple

import httptools

from service.api.callers.ids import UNNAMED, Ids, Named, named
from service.api.callers.keys import Keys
from service.api.callers.origins import Origins
from service.api.errors import error_body
from service.api.names import Names
from service.api.routing.paths import HOT
from service.api.routing.posted import Made
from service.api.served import Recorder
from service.model.predictor import Predictor
from service.server.bounds import Bounds
from service.server.lane.beside import Beside, Shed, shed_of
from service.server.metrics import Metrics

if TYPE_CHECKING:
    from atraso_native import Lane as NativeLane

REQUEST_LINE = f"POST {HOT} HTTP/1.1\r\n".encode()
MAX_HEADS = 1024
"""Heads of at most MAX_HEAD bytes in each of two generations: 4 MB."""
MAX_HEAD = 2048
MAX_BODY = 4096
NOT_PLAIN = -1
OK = b"HTTP/1.1 200 OK\r\n"
JSON = b"content-type: application/json\r\n"

HOT_SHED = shed_of(HOT, HOT, error_body)

ClientOf = Callable[[Any, bytes], Any]
"""A connection's client and a X-Forwarded-For -> the client for whom it asks."""

Hearer = Callable[[Any, str, int, int, Named, bytes], None]
"""Is told a request's client, path, status, start (`perf_counter_ns`), names, and the id that it goes by."""


class Plain(NamedTuple):
    """What a head says: the length of the body that follows it, or NOT_PLAIN, and how it names its request."""

    length: int
    named: Named = UNNAMED
    lines: bytes = b""
    """What every reply to it says of the origin that it names."""
    via: bytes = b""
    """For whom it asks, where that may be believed: its X-Forwarded-For."""


UNUSUAL = Plain(NOT_PLAIN)


@dataclass
class Lane:
    """What the connections of a worker share."""

    predictor: Predictor
    names: Names
    metrics: Metrics
    bounds: Bounds
    keys: Keys | None = None
    origins: Origins | None = None
    client_of: ClientOf | None = None
    """Who asks through a proxy; None where none is believed."""
    marks: bytes = b""
    """Header lines of every reply."""
    tell: tuple[Hearer, ...] = ()
    """Who is told of each request: its client, id, names, and when it was read."""
    tell_all: bool = False
    """Of what was answered well, too."""
    record: Recorder | None = None
    native: "NativeLane | None" = None
    beside: Beside | None = None
    ids: Ids = field(default_factory=Ids)
    heads: dict[bytes, Plain] = field(default_factory=dict)
    _old_heads: dict[bytes, Plain] = field(default_factory=dict)
    tails: dict[bytes, bytes] = field(default_factory=dict)
    begun: bool = False
    """Something was read in this turn of the loop, or before it by one whose reply is to come."""
    answered: int = 0
    waiting: int = 0
    started: int = 0
    _default_headers: list[tuple[bytes, bytes]] | None = None
    _dated: bytes = b""
    _start: bytes = b""

    def __post_init__(self) -> None:
        self.watched = self.record is not None or self.tell_all

    def begin_turn(self) -> None:
        """The first plain request of a turn of the loop was read."""
        self.begun = True
        self.started = perf_counter_ns()
        asyncio.get_running_loop().call_soon(self.end_turn)

    def end_turn(self) -> None:
        """Count all of the turn at once, unless some wait for the model: then the last of them ends it.

        It is cheaper than to count each, and no less true: the replies of a turn leave together.
        """
        if self.waiting:
            return
        self.begun = False
        if self.native:
            known = self.native.counted()
            self.metrics.cache_hit(known)
            self.answered += known
        if self.answered:
            self.metrics.in_lane(self.answered, self.started)
            self.answered = 0

    def learn(self, head: bytes) -> Plain:
        """Judge a head that is not among `heads`.

        One that names itself will not come again, and is not remembered: it would push out those that will. Of the
        others there are two generations, so that many new ones do not push out those that are in use.
        """
        if not head.startswith(REQUEST_LINE):
            return UNUSUAL
        plain = self._old_heads.pop(head, None) or self.judge(head)
        if plain.length != NOT_PLAIN and not plain.named:
            if len(self.heads) >= MAX_HEADS:
                self.heads, self._old_heads = {}, self.heads
            self.heads[head] = plain
        return plain

    def judge(self, head: bytes) -> Plain:
        return self._judge(head, HOT, MAX_BODY)

    def judge_for(self, head: bytes, path: str) -> Plain | None:
        """What a head for `path`, with a body of any size that is taken, says where it is plain."""
        plain = self._judge(head, path, self.bounds.max_body)
        return plain if plain.length != NOT_PLAIN else None

    def _judge(self, head: bytes, path: str, most: int) -> Plain:
        headers, length = judge(head, self.bounds, self.keys, path, most)
        if length == NOT_PLAIN:
            return UNUSUAL
        lines = self.origins.lines(headers) if self.origins else b""
        via = b", ".join(value for name, value in headers if name == b"x-forwarded-for") if self.client_of else b""
        return Plain(length, named(headers), lines, via)

    def may_become_plain(self, data: bytes) -> bool:
        """Whether `data` is the start of a plain head, without its end, that httptools finds nothing wrong with."""
        if len(data) >= MAX_HEAD or b"\r\n\r\n" in data:
            return False
        if not data.startswith(REQUEST_LINE) and not REQUEST_LINE.startswith(data):
            return False
        try:
            httptools.HttpRequestParser(_Head()).feed_data(data)
        except Exception:  # whatever is wrong with it, uvicorn says so
            return False
        return True

    def response(self, default_headers: list[tuple[bytes, bytes]], extra: bytes, body: bytes) -> bytes:
        """A whole reply; uvicorn renews `default_headers`, which hold the date, once a second."""
        start = self.start(default_headers)
        tail = self.tails.get(body)
        if tail is None:  # there are only 202 bodies
            tail = self.tails[body] = b"content-length: %d\r\n\r\n%b" % (len(body), body)
        return start + extra + tail

    def start(self, default_headers: list[tuple[bytes, bytes]]) -> bytes:
        """What all replies begin with."""
        if default_headers is not self._default_headers:
            self._renew(default_headers)
        return self._start

    def _renew(self, default_headers: list[tuple[bytes, bytes]]) -> None:
        self._default_headers = default_headers
        self._dated = b"".join(b"%b: %b\r\n" % header for header in default_headers) + JSON
        self._start = OK + self._dated + self.marks

    def made(self, default_headers: list[tuple[bytes, bytes]], extra: bytes, made: Made) -> bytes:
        """A whole reply of another route."""
        self.start(default_headers)
        length = b"content-length: %d\r\n" % len(made.body)
        return b"".join((OK, self._dated, length, lines_of(made.headers), extra, b"\r\n", made.body))

    def shed(self, default_headers: list[tuple[bytes, bytes]], extra: bytes, shed: Shed) -> bytes:
        """A whole reply that refuses a request, as its route behind ASGI would: shedding load has to be cheap."""
        shed.heard(self.started)
        self.metrics.request(shed.route, 503, self.started)
        self.start(default_headers)
        return b"".join((b"HTTP/1.1 503 Service Unavailable\r\n", self._dated, shed.headers, extra, b"\r\n", shed.body))


class _Head:
    """What httptools finds in a head."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))


def lines_of(headers: Mapping[str, str]) -> bytes:
    return b"".join(b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in headers.items())


def judge(
    head: bytes, bounds: Bounds, keys: Keys | None, path: str = HOT, most: int = MAX_BODY
) -> tuple[list[tuple[bytes, bytes]], int]:
    """A head's headers, and its Content-Length where it is plain, or NOT_PLAIN; without a key it is not plain.

    A plain one posts at most `most` bytes to `path`, or as many as are taken.
    """
    found = _Head()
    parser = httptools.HttpRequestParser(found)
    try:
        parser.feed_data(head)
    except Exception:  # whatever is wrong with it, uvicorn says so
        return [], NOT_PLAIN
    names = [name for name, _ in found.headers]
    if (
        found.url != path.encode()
        or parser.get_method() != b"POST"
        or parser.get_http_version() != "1.1"
        or parser.should_upgrade()
        or not parser.should_keep_alive()
        or names.count(b"content-length") != 1
        or names.count(b"host") != 1
        or len(head) > bounds.max_head
        or len(names) > bounds.max_headers
        or not {b"transfer-encoding", b"content-encoding", b"expect", b"upgrade"}.isdisjoint(names)
        or (keys is not None and not keys.allow(found.headers))
    ):
        return [], NOT_PLAIN
    length = int(dict(found.headers)[b"content-length"])
    return found.headers, length if length <= min(bounds.max_body, most) else NOT_PLAIN
