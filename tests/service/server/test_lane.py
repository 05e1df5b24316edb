"""The fast lane cannot be told apart on the wire: the same bytes go to a server with it and to one without."""

import asyncio
import gzip
import json
import re
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service import native
from service.api.contract import EXAMPLE
from service.server.bounds import bounds_of
from service.server.drain import DrainingProtocol
from service.server.lane import protocol as lane
from service.server.lane.heads import Lane
from service.server.lane.native import NativeLaneProtocol
from service.server.lane.protocol import FastLaneProtocol
from service.server.metrics import Metrics
from service.server.processes.worker import choose_protocol
from service.server.sweep import Sweep
from service.settings import Settings

HOT = "/predict_delay_probability"
SILENCE = 0.5
AIRLINES = ("Grupo LATAM", "Air Canada", "Aeromexico", "Nueva", "Sky Airline", "Plus Ultra Lineas Aereas")
KEEP_ALIVE = 2

MADE = re.compile(rb"[0-9a-f]{8}-[0-9a-f]+")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Reply = tuple[bytes, tuple[bytes, ...], bytes]
"""Status line, sorted headers but for the date, body."""


def request(
    body: bytes | None = None,
    *headers: str,
    method: str = "POST",
    path: str = HOT,
    version: str = "1.1",
    length: bool = True,
) -> bytes:
    body = json.dumps(EXAMPLE).encode() if body is None else body
    lines = [f"{method} {path} HTTP/{version}", "Host: x", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def flight(airline: str, hour: int = 10) -> bytes:
    return json.dumps(
        {**EXAMPLE, "OPERA": airline, "FECHA_PROGRAMADA": f"2017-07-{hour % 28 + 1:02} {hour:02}:30"}
    ).encode()


GET = request(b"", method="GET", path="/v2/health/live", length=False)
LAST = request(b"", "Connection: close", method="GET", path="/v2/health/live", length=False)
CHUNKED = request(b"", "Transfer-Encoding: chunked", length=False)
WRONG = request(b"", "X A: 1")
BODY = json.dumps(EXAMPLE).encode()


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


WAYS: tuple[tuple[str, ...], ...] = ((), ("--no-native",), ("--no-fast-lane",))
"""The lane in Rust, the lane in Python, and none."""


@pytest.fixture(scope="module")
def ways(servers: Callable[..., Any]) -> tuple[Any, ...]:
    """A server for each of `WAYS`."""
    shared = ("--workers", 1, "--keep-alive", KEEP_ALIVE, "--max-body", 20_000)
    return tuple(servers(*shared, *flags) for flags in WAYS)


def talk(port: int, pieces: Iterable[bytes], pause: float = 0.002) -> bytes:
    """Send the pieces, each in a packet of its own, and read until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        except OSError:
            pass  # the server closed already: what it said is still to be read
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    connection.settimeout(SILENCE)
    received = b""
    try:
        while data := connection.recv(65536):
            received += data
    except (TimeoutError, ConnectionResetError):
        pass
    return received


def read_one(connection: socket.socket) -> Reply:
    """The next reply; it has to have a body."""
    received = b""
    while not received.endswith((b"}", b"]")):
        data = connection.recv(65536)
        assert data
        received += data
    (reply,) = parse(received)
    return reply


def parse(stream: bytes) -> list[Reply]:
    """The replies in a stream of bytes."""
    replies = []
    while stream:
        head, separator, stream = stream.partition(b"\r\n\r\n")
        assert separator, head
        status, *headers = head.split(b"\r\n")
        named = dict(header.lower().split(b": ", 1) for header in headers)
        assert len(named) == len(headers)
        named.pop(b"date", None)
        if MADE.fullmatch(named.get(b"x-request-id", b"")):
            named[b"x-request-id"] = b"made"
        size = int(named.get(b"content-length", 0))
        replies.append((status, tuple(sorted(b"%b: %b" % pair for pair in named.items())), stream[:size]))
        stream = stream[size:]
    return replies


def same(ways: tuple[Any, ...], *pieces: bytes) -> list[Reply]:
    """Send the pieces to all servers, see that the replies are the same, and return them."""
    first, *others = (parse(talk(server.port, pieces)) for server in ways)
    for other in others:
        assert first == other
    return first


def statuses(replies: Sequence[Reply]) -> list[int]:
    return [int(status.split()[1]) for status, _, _ in replies]


CASES: dict[str, tuple[bytes, list[int]]] = {
    "one": (request() + LAST, [200, 200]),
    "same again": (request() * 3 + LAST, [200, 200, 200, 200]),
    "close": (request(BODY, "Connection: close") + GET, [200]),
    "Close": (request(BODY, "connection: CLOSE") + GET, [200]),
    "keep-alive": (request(BODY, "Connection: keep-alive") + LAST, [200, 200]),
    "HTTP/1.0": (request(version="1.0") + GET, [200]),
    "HTTP/1.0 kept alive": (request(BODY, "Connection: keep-alive", version="1.0") + GET, [200]),
    "HTTP/1.2": (request(version="1.2") + LAST, []),
    "HTTP/2.0": (request(version="2.0") + LAST, []),
    "chunked": (CHUNKED + chunks(BODY[:20], BODY[20:]) + LAST, [200, 200]),
    "chunked, no body": (CHUNKED + chunks() + LAST, [422, 200]),
    "chunked, wrong": (CHUNKED + b"zz\r\n" + LAST, [400]),
    "chunked, trailer": (CHUNKED + chunks(BODY)[:-2] + b"X: y\r\n\r\n" + LAST, [200, 200]),
    "expect": (request(BODY, "Expect: 100-continue") + LAST, [100, 200, 200]),
    "pipelined, different": (b"".join(request(flight(a, h)) for a in "abc" for h in range(24)) + LAST, [200] * 73),
    "hot, cold": (request() + GET + request() + GET + LAST, [200] * 5),
    "cold, hot": (GET + request() + LAST, [200] * 3),
    "hot, wrong, hot": (request() + request(b"x") + request() + LAST, [200, 422, 200, 200]),
    "unknown": (request(flight("Nueva")) + LAST, [200, 200]),
    "read as another": (request(flight("SKY  airline\u00a0")) * 2 + request(flight("Latam")) + LAST, [200] * 4),
    "read as another, unknown": (
        request(json.dumps({**EXAMPLE, "OPERA": "latam", "SIGLADES": "Nueva"}).encode()) + LAST,
        [200, 200],
    ),
    "empty body": (request(b"") + LAST, [422, 200]),
    "no length": (request(b"", length=False) + LAST, [422, 200]),
    "query": (request(path=HOT + "?x=1") + LAST, [200, 200]),
    "empty query": (request(path=HOT + "?") + LAST, [200, 200]),
    "fragment": (request(path=HOT + "#x") + LAST, [200, 200]),
    "//": (request(path="/" + HOT) + LAST, [404, 200]),
    "slash at the end": (request(path=HOT + "/") + LAST, [307, 200]),
    "%2e": (request(path="/%2e" + HOT) + LAST, [404, 200]),
    "%70": (request(path="/%70redict_delay_probability") + LAST, [200, 200]),
    "/./": (request(path="/." + HOT) + LAST, [404, 200]),
    "absolute": (request(path="http://x" + HOT) + LAST, [200, 200]),
    "upper case": (request(path=HOT.upper()) + LAST, [404, 200]),
    "HEAD": (request(b"", "Connection: close", method="HEAD", length=False), [405]),
    "GET": (request(b"", method="GET") + LAST, [405, 200]),
    "PUT": (request(method="PUT") + LAST, [405, 200]),
    "OPTIONS": (request(method="OPTIONS") + LAST, [405, 200]),
    "POSTS": (request(method="POSTS") + LAST, [400]),
    "post": (request(method="post") + LAST, [400]),
    "line feeds only": (request().replace(b"\r\n", b"\n") + LAST, []),
    "blank lines first": (b"\r\n\r\n" + request() + LAST, [200, 200]),
    "repeated header": (request(BODY, "X-A: 1", "X-A: 2") + LAST, [200, 200]),
    "folded header": (request(BODY, "X-A: 1\r\n  2") + LAST, []),
    "header without colon": (request(BODY, "X-A") + LAST, [400]),
    "header with a space": (request(BODY, "X A: 1") + LAST, [400]),
    "NUL in a header": (request(BODY, "X-A: \0") + LAST, [400]),
    "long head": (request(BODY, "X-A: " + "x" * 5000) + LAST, [200, 200]),
    "head too long": (request(BODY, "X-A: " + "x" * 100_000) + LAST, [431]),
    "hot, cold, then a head too long": (
        request() + GET + request(BODY, "X-A: " + "x" * 100_000) + LAST, [200, 200, 431]),
    "head at the limit": (request(BODY, *["X-A: " + "x" * 2000] * 15) + LAST, [200, 200]),
    "too many headers": (request(BODY, *["X-A: 1"] * 100) + LAST, [431]),
    "many headers": (request(BODY, *["X-A: 1"] * 98) + LAST, [200, 200]),
    "URL too long": (request(BODY, path=HOT + "?" + "x" * 33_000) + LAST, [414]),
    "long URL": (request(BODY, path=HOT + "?" + "x" * 30_000) + LAST, [200, 200]),
    "no Host": (request().replace(b"Host: x\r\n", b"") + LAST, [400]),
    "two Hosts": (request(BODY, "host: x") + LAST, [400]),
    "HTTP/1.0, no Host": (request(version="1.0").replace(b"Host: x\r\n", b""), [200]),
    "HTTP/1.0, two Hosts": (request(BODY, "Host: y", version="1.0"), [400]),
    "hot, then no Host": (request() + request().replace(b"Host: x\r\n", b"") + LAST, [200, 400]),
    "trailers too long": (CHUNKED + chunks(BODY)[:-2] + b"X: " + b"y" * 33_000 + b"\r\n\r\n" + LAST, [431]),
    "too many trailers": (CHUNKED + chunks(BODY)[:-2] + b"X: y\r\n" * 101 + b"\r\n" + LAST, [431]),
    "a trailer with a header's name": (
        CHUNKED + chunks(BODY)[:-2] + b"Host: y\r\nExpect: 100-continue\r\n\r\n" + LAST, [200, 200]),
    "small chunks": (CHUNKED + chunks(*(BODY[at : at + 1] for at in range(len(BODY)))) + LAST, [200, 200]),
    "cold, then chunked, wrong": (GET + CHUNKED + b"zz\r\n" + LAST, [200, 400]),
    "hot, then chunked, wrong": (request() + CHUNKED + b"zz\r\n" + LAST, [200, 400]),
    "hot, cold, then a wrong second chunk": (request() + GET + CHUNKED + b"1\r\n{\r\nzz\r\n" + LAST, [200, 200, 400]),
    "beyond the limit, then a wrong chunk": (CHUNKED + chunks(*[b" " * 5000] * 5)[:-5] + b"zz\r\n" + LAST, []),
    "length twice": (request(BODY, f"Content-Length: {len(BODY)}") + LAST, [400]),
    "two lengths": (request(BODY, "Content-Length: 3") + LAST, [400]),
    "length negative": (request(BODY, "Content-Length: -1", length=False) + LAST, [400]),
    "length with a sign": (request(BODY, f"Content-Length: +{len(BODY)}", length=False) + LAST, [400]),
    "length no number": (request(BODY, "Content-Length: x", length=False) + LAST, [400]),
    "length empty": (request(BODY, "Content-Length: ", length=False) + LAST, []),
    "length spaced": (request(BODY, f"Content-Length:   {len(BODY)}  ", length=False) + LAST, [200, 200]),
    "length with zeros": (request(BODY, f"Content-Length: 00{len(BODY)}", length=False) + LAST, [200, 200]),
    "length huge": (request(BODY, "Content-Length: " + "9" * 30, length=False) + LAST, [400]),
    "length too small": (request(BODY, f"Content-Length: {len(BODY) - 5}", length=False) + LAST, []),
    "length and chunked": (request(BODY, "Transfer-Encoding: chunked") + LAST, []),
    "identity": (request(BODY, "Transfer-Encoding: identity") + LAST, []),
    "not gzip": (request(BODY, "Content-Encoding: gzip") + LAST, [422, 200]),
    "gzip": (request(gzip.compress(BODY), "Content-Encoding: gzip") + request() + LAST, [200, 200, 200]),
    "brotli": (request(BODY, "Content-Encoding: br") + LAST, [415, 200]),
    "large": (request(b" " * 5000 + BODY) + LAST, [200, 200]),
    "at the limit": (request(BODY + b" " * (20_000 - len(BODY))) + LAST, [200, 200]),
    "beyond the limit": (request(BODY + b" " * (20_001 - len(BODY))) + LAST, [413, 200]),
    "chunked beyond the limit": (CHUNKED + chunks(*[b" " * 5000] * 5) + LAST, [413, 200]),
    "upgrade": (request(BODY, "Connection: Upgrade", "Upgrade: websocket") + LAST, []),
    "upgrade to h2c": (request(BODY, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c") + LAST, []),
    "nonsense": (b"\x16\x03\x01\x02\x00\x01\x00" + LAST, [400]),
    "one wrong byte": (b"\x16", [400]),
    "cut head": (request()[:40], []),
    "wrong and cut head": (WRONG[:-4], [400]),
    "hot, then a wrong and cut head": (request() + WRONG[:-4], [200, 400]),
    "cold, then wrong": (GET + WRONG, [200, 400]),
    "hot, hot, then wrong": (request() + request(flight("Avianca")) + WRONG, [200, 200, 400]),
    "hot, then a cut head": (request() + request()[:40], [200]),
    "cut body": (request()[:-5], []),
}  # fmt: skip


@pytest.mark.parametrize(("stream", "expected"), CASES.values(), ids=CASES)
def test_the_same_bytes_get_the_same_replies(ways: tuple[Any, ...], stream: bytes, expected: list[int]) -> None:
    """`expected` says what must come; where it is empty, whatever uvicorn does is right."""
    replies = same(ways, stream)
    assert not expected or statuses(replies) == expected


def test_the_lane_is_taken(ways: tuple[Any, ...]) -> None:
    """Otherwise these tests would compare uvicorn with itself."""
    taken = []
    for server in ways:
        before = in_lane(server)
        talk(server.port, [request() * 3 + GET + request(b"x") + request(path=HOT + "?") + request() + LAST])
        taken.append(in_lane(server) - before)
    assert taken == [3, 3, 0]  # after a request that went to uvicorn, so did what came in the same packet


def in_lane(server: Any, key: str = "") -> int:
    told = httpx.get(server.url + "/metrics", headers={"x-api-key": key}).text
    found = re.search(r"^atraso_fast_lane_total (\d+)$", told, re.M)
    assert found
    return int(found.group(1))


def test_the_lane_can_be_turned_off() -> None:
    assert choose_protocol(Settings()) is NativeLaneProtocol
    assert choose_protocol(Settings(fast_lane=False)) is DrainingProtocol
    assert choose_protocol(Settings(access_log=True)) is NativeLaneProtocol


def test_metrics_say_which_lane_there_is(ways: tuple[Any, ...], need: Callable[[object, str], None]) -> None:
    need(not native.missing(), f"the Rust module is of no use: {native.missing()}")
    told = [
        re.search(r'^atraso_lane_info{lane="(\w+)"} 1$', httpx.get(each.url + "/metrics").text, re.M) for each in ways
    ]
    assert [found and found.group(1) for found in told] == ["rust", "python", "none"]


IDS: dict[str, tuple[tuple[str, ...], bytes]] = {
    "none": ((), b"made"),
    "its own": (("X-Request-Id: order/66{1}",), b"order/66{1}"),
    "empty": (("X-Request-Id:",), b"made"),
    "longest": ((f"X-Request-Id: {'x' * 128}",), b"x" * 128),
    "too long": ((f"X-Request-Id: {'x' * 129}",), b"made"),
    "with a quote": (('X-Request-Id: a"b',), b"made"),
    "with a space": (("X-Request-Id: a b",), b"made"),
    "with a tab": (("X-Request-Id: a\tb",), b"made"),
    "not ASCII": (("X-Request-Id: ñ",), b"made"),
    "two": (("X-Request-Id: a", "X-Request-Id: b"), b"made"),
    "a trace": ((f"Traceparent: {TRACE}",), b"made"),
    "both": ((f"Traceparent: {TRACE}", "X-Request-Id: abc"), b"abc"),
}


@pytest.mark.parametrize(("headers", "expected"), IDS.values(), ids=IDS)
def test_every_reply_tells_its_id(ways: tuple[Any, ...], headers: tuple[str, ...], expected: bytes) -> None:
    """On both ways, and of a request that is refused too."""
    get = request(b"", *headers, method="GET", path="/v2/health/live", length=False)
    stream = request(BODY, *headers) + request(flight("Nueva"), *headers) + request(b"x", *headers) + get
    before = [in_lane(server) for server in ways[:2]]
    replies = same(ways, stream + LAST)
    assert statuses(replies) == [200, 200, 422, 200, 200]
    for _, told, _ in replies[:4]:
        assert b"x-request-id: " + expected in told
    assert [in_lane(server) for server in ways[:2]] == [count + 2 for count in before]  # a head of its own stays in it


def test_ids_that_are_made_differ(ways: tuple[Any, ...]) -> None:
    for server in ways:
        stream = talk(server.port, [request() * 20 + GET * 20 + LAST])
        assert len(set(re.findall(rb"x-request-id: (\S+)", stream))) == 41


def test_what_the_model_made_tells_its_version_and_every_reply_that_it_is_no_page(ways: tuple[Any, ...]) -> None:
    stream = request() + request(b"x") + request(b"[]", path="/predict_delay_probabilities") + GET + WRONG
    replies = same(ways, stream)
    assert statuses(replies) == [200, 422, 200, 200, 400]
    told = [dict(header.split(b": ", 1) for header in headers) for _, headers, _ in replies]
    assert {each[b"x-content-type-options"] for each in told} == {b"nosniff"}
    version = told[0][b"x-model-version"]
    assert re.fullmatch(rb"[0-9a-f]{12}", version)
    assert [each.get(b"x-model-version") for each in told] == [version, None, version, None, None]


@pytest.fixture(scope="module")
def keyed(servers: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """The same, for those who have a key."""
    file = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text("# old\nfirst-key\n\nsecond-key\n")
    shared = ("--workers", 1, "--api-keys-file", file)
    env = {"ATRASO_API_KEYS": "third-key,fourth-key"}
    return tuple(servers(*shared, *flags, env=env) for flags in WAYS)


KEYED: dict[str, tuple[tuple[str, ...], int]] = {
    "none": ((), 401),
    "first": (("X-Api-Key: first-key",), 200),
    "second": (("x-api-key:second-key ",), 200),
    "of the environment": (("X-Api-Key: fourth-key",), 200),
    "bearer": (("Authorization: Bearer first-key",), 200),
    "bearer in lower case": (("Authorization: bearer third-key",), 200),
    "basic": (("Authorization: Basic first-key",), 401),
    "wrong": (("X-Api-Key: first-kez",), 401),
    "a part": (("X-Api-Key: first",), 401),
    "longer": (("X-Api-Key: first-key-",), 401),
    "other case": (("X-Api-Key: First-Key",), 401),
    "all in one": (("X-Api-Key: first-key,second-key",), 401),
    "comment": (("X-Api-Key: # old",), 401),
    "empty": (("X-Api-Key:",), 401),
    "not ASCII": (("X-Api-Key: ñ",), 401),
    "wrong and right": (("X-Api-Key: wrong", "Authorization: Bearer first-key"), 200),
    "right, and an id": (("X-Api-Key: first-key", "X-Request-Id: a"), 200),
    "wrong, and an id": (("X-Api-Key: wrong", "X-Request-Id: a"), 401),
}


@pytest.mark.parametrize(("headers", "status"), KEYED.values(), ids=KEYED)
def test_who_may_ask(keyed: tuple[Any, ...], headers: tuple[str, ...], status: int) -> None:
    before = [in_lane(server, "first-key") for server in keyed[:2]]
    assert statuses(same(keyed, request(BODY, *headers) * 2 + LAST)) == [status, status, 200]
    more = 2 if status == 200 else 0
    assert [in_lane(server, "first-key") for server in keyed[:2]] == [count + more for count in before]


def test_a_remembered_head_lets_no_other_in(keyed: tuple[Any, ...]) -> None:
    good, bad = (request(BODY, f"X-Api-Key: {key}") for key in ("first-key", "wrong-key"))
    replies = same(keyed, good * 2 + bad + good + bad + request() + LAST)
    assert statuses(replies) == [200, 200, 401, 200, 401, 401, 200]


def test_load_is_shed_in_the_same_bytes(servers: Callable[..., Any]) -> None:
    """Headers in their order, too: the lane writes this reply itself."""
    overloaded = [servers("--workers", 1, "--max-pending", 0, *flags) for flags in WAYS]
    stream = request() * 3 + request(flight("Nueva")) + GET + request() + LAST
    lane, *others = (
        re.sub(rb"(date|x-request-id): [^\r]+", rb"\1: x", talk(server.port, [stream])) for server in overloaded
    )
    assert others == [lane, lane]
    assert statuses(parse(lane)) == [503, 503, 503, 503, 200, 503, 200]
    assert b"retry-after: 1" in lane
    for server in overloaded:
        counted = httpx.get(server.url + "/metrics").text
        assert f'atraso_requests_total{{route="{HOT}",status="503"}} 5' in counted
        assert 'atraso_unknown_total{field="OPERA"} 0' in counted


def test_a_head_and_its_body_cut_at_every_byte(ways: tuple[Any, ...]) -> None:
    stream = request(flight("Nueva")) + LAST
    whole = same(ways, stream)
    assert statuses(whole) == [200, 200]
    for server in ways:
        for cut in range(1, len(stream)):
            assert parse(talk(server.port, [stream[:cut], stream[cut:]], pause=0.0005)) == whole


def test_one_byte_at_a_time(ways: tuple[Any, ...]) -> None:
    stream = request() + request(b"x") + LAST
    assert statuses(same(ways, *(stream[at : at + 1] for at in range(len(stream))))) == [200, 422, 200]


def test_pipelined_replies_come_in_order(ways: tuple[Any, ...]) -> None:
    """Hot and cold, cached and not: the reply tells which request it belongs to."""
    stream = b"".join(
        request(flight(AIRLINES[n % 6], n % 24)) + (GET if n % 7 == 3 else request(b"{") if n % 7 == 5 else b"")
        for n in range(200)
    )
    replies = same(ways, stream + LAST)
    assert len(replies) == 200 + 29 + 28 + 1
    assert len({body for _, _, body in replies}) > 10


def test_more_requests_than_one_read_takes_are_answered_in_order(
    ways: tuple[Any, ...], servers: Callable[..., Any]
) -> None:
    """What follows in the next read must not overtake what is waiting for the model."""
    uncached = [servers("--workers", 1, "--cache-size", 0, *flags) for flags in WAYS]
    requests = [request(flight(AIRLINES[n % 6], n % 24)) for n in range(5000)]
    replies = same((*uncached, ways[-1]), b"".join(requests) + LAST)
    assert len(replies) == 5001


SPLIT = {
    "in a header": (b"GET /v2/health/live HTTP/1.1\r\nX-A: ", request() + LAST, [200, 200]),
    "in a target": (b"GET /", request() + LAST, [400]),
    "in a body": (request(b"", "Content-Length: 500", length=False), request() + b" " * 500 + LAST, []),
    "in a body answered before its end": (
        request(b"", "Content-Length: 20001", length=False), request().ljust(20_001) + LAST, [413, 200]),
    "in a chunk": (CHUNKED + b"c8\r\n", request().ljust(0xC8) + b"\r\n0\r\n\r\n" + LAST, [422, 200]),
}  # fmt: skip


@pytest.mark.parametrize(("first", "second", "expected"), SPLIT.values(), ids=SPLIT)
def test_what_looks_like_a_request_inside_another_is_none(
    ways: tuple[Any, ...], first: bytes, second: bytes, expected: list[int]
) -> None:
    replies = same(ways, first, second)
    assert not expected or statuses(replies) == expected


PLAIN = st.builds(
    lambda a, h: request(flight(a, h)), st.sampled_from(["Sky Airline", "Nueva", "Avianca"]), st.integers(0, 23)
)
OTHERS = st.sampled_from(
    [
        GET,
        request(b"x"),
        CHUNKED + chunks(BODY),
        request(path=HOT + "?a=b"),
        request(method="PUT"),
        request(BODY, "Expect: x"),
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PLAIN | OTHERS, max_size=6), st.lists(st.floats(0, 1), max_size=4))
def test_any_stream_cut_anywhere(ways: tuple[Any, ...], requests: list[bytes], cuts: list[float]) -> None:
    stream = b"".join(requests) + LAST
    places = [0, *sorted(int(cut * len(stream)) for cut in cuts), len(stream)]
    replies = same(ways, *(stream[a:b] for a, b in pairwise(places) if b > a))
    assert len(replies) == len(requests) + 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damaged_stream(ways: tuple[Any, ...], data: st.DataObject) -> None:
    """A byte of a request replaced, left out or doubled."""
    stream = data.draw(PLAIN)
    at = data.draw(st.integers(0, len(stream) - 1))
    byte = data.draw(st.sampled_from([b"", b"\0", b"\r", b"\n", b" ", b":", b"\xff", b"9", stream[at : at + 1] * 2]))
    same(ways, stream[:at] + byte + stream[at + 1 :] + LAST)


@pytest.mark.parametrize("cut", [30, 120, -1, None])
def test_a_client_that_resets_disturbs_nobody(ways: tuple[Any, ...], cut: int | None) -> None:
    for server in ways:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(request(flight("Nueva"))[:cut])
                linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        assert statuses(parse(talk(server.port, [request() + LAST]))) == [200, 200]
        assert "Traceback" not in server.log.read_text()


def resident(pid: int) -> int:
    """Kilobytes of memory that the one worker of this parent has."""
    (worker,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{worker}/status").read_text())
    assert found
    return int(found.group(1))


@pytest.mark.parametrize("place", [0, 1, 2], ids=["native", "lane", "plain"])
def test_a_client_that_does_not_read_is_made_to_wait(ways: tuple[Any, ...], place: int) -> None:
    """It sends for as long as the server takes: that has to end, with no reply lost once it reads."""
    server = ways[place]
    block = request() * 500
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.setblocking(False)
        before, sent, quiet_since = resident(server.process.pid), 0, time.monotonic()
        while time.monotonic() - quiet_since < 1:
            try:
                sent += connection.send(block[sent % len(block) :])
                quiet_since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
            assert sent < 100_000_000
        assert resident(server.process.pid) - before < 20_000
        connection.setblocking(True)
        connection.settimeout(10)
        received = b""
        while received.count(b"HTTP/1.1 200 OK") < sent // len(request()):
            data = connection.recv(1 << 20)
            assert data
            received += data


@pytest.mark.parametrize("place", [0, 1, 2], ids=["native", "lane", "plain"])
def test_an_idle_connection_is_closed_and_a_used_one_is_not(ways: tuple[Any, ...], place: int) -> None:
    with socket.create_connection(("127.0.0.1", ways[place].port)) as connection:
        connection.settimeout(KEEP_ALIVE + 5)
        for stream in (
            request(),
            request(),
            GET,
            request(),
            request(),
        ):  # each keeps it for the whole time again, on whichever way
            connection.sendall(stream)
            assert statuses([read_one(connection)]) == [200]
            time.sleep(KEEP_ALIVE * 0.7)
        connection.sendall(request()[:-9])  # a request that is being received is not idle
        time.sleep(KEEP_ALIVE * 1.2)
        connection.sendall(request()[-9:])
        assert statuses([read_one(connection)]) == [200]
        asked = time.monotonic()
        assert connection.recv(65536) == b""
        assert time.monotonic() - asked > KEEP_ALIVE * 0.9


async def behind(scope: Any, receive: Any, send: Any) -> None:
    while (await receive())["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
    await send({"type": "http.response.body", "body": b"behind it}"})


class Nobody:
    def read(self, flight: Any, where: Any) -> None:
        return None


class Predicts:
    """At once, or in the next turn."""

    def __init__(self, at_once: bool) -> None:
        self._at_once = at_once

    def submit(self, flight: Any, answer: Callable[[bytes], None]) -> bytes | None:
        if self._at_once:
            return b"{}"
        asyncio.get_running_loop().call_soon(answer, b"{}")
        return None


BROKEN: dict[str, dict[str, Any]] = {
    "before it asks": {"names": None, "predictor": Predicts(True)},
    "when it asks": {"predictor": None},
    "when it writes": {"predictor": Predicts(True), "tails": None},
    "when it writes later": {"predictor": Predicts(False), "tails": None},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_whatever_fails_in_the_lane_the_client_gets_its_reply(broken: dict[str, Any]) -> None:
    """From behind it, and once."""

    async def check() -> None:
        bounds = bounds_of(Settings())
        metrics = Metrics()
        made: dict[str, Any] = {"names": Nobody(), "metrics": metrics, "bounds": bounds, **broken}
        state = {"bounds": bounds, "metrics": metrics, "sweep": Sweep(bounds), "lane": Lane(**made)}
        config = Config(behind, interface="asgi3", lifespan="off", ws="none", log_config=None)
        server = await asyncio.get_running_loop().create_server(
            lambda: FastLaneProtocol(config, ServerState(), state), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(request() + request())
        writer.write_eof()
        received = await asyncio.wait_for(reader.read(), 20)
        assert [body for _, _, body in parse(received)] == [b"behind it}"] * 2
        writer.close()
        server.close()

    asyncio.run(check())


def test_what_uvicorn_has_is_checked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert lane.missing_in_uvicorn() == []
    monkeypatch.delattr(HttpToolsProtocol, "_unset_keepalive_if_required")
    assert lane.missing_in_uvicorn() == ["_unset_keepalive_if_required"]
    assert choose_protocol(Settings()) is DrainingProtocol
    assert "no fast lane, this uvicorn lacks _unset_keepalive_if_required" in capsys.readouterr().err
