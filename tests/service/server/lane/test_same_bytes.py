"""The fast lane cannot be told apart on the wire: the same bytes go to a server with it and to one without."""

import gzip
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service import native
from service.api.contract import EXAMPLE
from service.server.drain import DrainingProtocol
from service.server.lane.native import NativeLaneProtocol
from service.server.processes.worker import choose_protocol
from service.settings import Settings
from tests.service.server.lane.wire import (
    BODY,
    CHUNKED,
    GET,
    HOT,
    LAST,
    WAYS,
    WRONG,
    chunks,
    flight,
    in_lane,
    parse,
    request,
    same,
    statuses,
    talk,
)

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
