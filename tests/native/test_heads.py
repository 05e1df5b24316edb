"""A head that Rust finds plain, Python's `judge` finds plain too, and reads the same of it."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service import native
from service.api.callers.ids import named
from service.api.callers.keys import Keys
from service.api.served import Native
from service.server.bounds import Bounds, bounds_of
from service.server.lane.heads import MAX_BODY, NOT_PLAIN, REQUEST_LINE, judge
from service.settings import Settings

SAME = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
BOUNDS = bounds_of(Settings())
BODY = b'{"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA_PROGRAMADA": "2017-11-27 13:00:00"}'
KEYS = Keys(["first", "second"])


class Rust:
    """A lane of its own, which is asked for one head at a time."""

    def __init__(self, parts: Native, bounds: Bounds = BOUNDS, keys: Keys | None = None, origins: bool = False) -> None:
        self._lane = native.lane_of(parts, bounds, 10, keys=keys, origins=origins, one=False)
        self._queue = parts.queue
        self._lane.begin_with(b"HTTP/1.1 200 OK\r\n")

    def plain(self, head: bytes) -> tuple[int, bytes] | None:
        """The length that it takes the body for, and the id that it gives the reply where the head names one."""
        for length in range(len(BODY), len(BODY) + 40):  # JSON may end with spaces
            taken = self._lane.take(head + BODY.ljust(length), lambda reply: None)
            assert not isinstance(taken, bytes)
            _, _, end, stop = taken or (b"", 0, len(head) + length, self._lane.WAITS)
            if stop == self._lane.WAITS:
                self._queue.begin(1)
                (given,) = self._queue.settle(b"\0" * 8)
                told = given[1].partition(b"x-request-id: ")[2].partition(b"\r\n")[0]
                return end - len(head), told
            if stop == self._lane.NOT_MINE:
                return None
        return -1, b""  # it waits for more


@pytest.fixture
def rust(parts: Native) -> Rust:
    return Rust(parts)


def agree(rust: Rust, head: bytes, bounds: Bounds = BOUNDS, keys: Keys | None = None) -> bool:
    """Whether it was taken for plain."""
    found = rust.plain(head)
    if found is None:
        return False
    headers, length = judge(head, bounds, keys)
    assert length != NOT_PLAIN, head
    if found[0] >= 0:
        assert found[0] == length, head
        given = named(headers).id
        assert found[1] == given if given else b"-" in found[1], head
    return True


def head_of(*lines: bytes) -> bytes:
    return REQUEST_LINE + b"\r\n".join([*lines, b"", b""])


LENGTH = b"Content-Length: %d" % len(BODY)
CLIENTS: dict[str, tuple[bytes, ...]] = {
    "wrk": (b"Host: 127.0.0.1:8080", b"Content-Type: application/json", LENGTH),
    "curl": (b"Host: localhost:8080", b"User-Agent: curl/8.14.1", b"Accept: */*", LENGTH),
    "requests": (
        *(b"Host: x", b"User-Agent: python-requests/2.32.5", b"Accept-Encoding: gzip, deflate", b"Accept: */*"),
        *(b"Connection: keep-alive", LENGTH, b"Content-Type: application/json"),
    ),
    "Envoy": (
        *(b"host: atraso.example.com", b"content-type: application/json", b"content-length: %d" % len(BODY)),
        *(b"x-forwarded-for: 10.0.0.1", b"x-forwarded-proto: https", b"x-envoy-expected-rq-timeout-ms: 15000"),
        b"x-request-id: 6d1bdf5e-0c3a-4b0e-9c41-0d5b7b8a3f11",
    ),
    "an ALB": (
        *(b"X-Forwarded-For: 203.0.113.7", b"X-Forwarded-Proto: https", b"X-Forwarded-Port: 443", b"Host: x"),
        *(b"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678", LENGTH),
    ),
    "Cloud Run": (
        *(b"host: atraso-abc-uc.a.run.app", b"content-type: application/json", LENGTH.lower()),
        *(b"x-cloud-trace-context: 105445aa7843bc8bf206b12000100000/1;o=1", b"forwarded: for=\"1.2.3.4\";proto=https"),
        b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
    "a browser": (
        *(b"Host: x", b"Connection: keep-alive", LENGTH, b"Content-Type: application/json", b"Origin: http://x"),
        *(b"Cookie: a=b; c=d", b"Sec-Fetch-Mode: cors", b"Accept-Language: es-CL,es;q=0.9"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("lines", CLIENTS.values(), ids=CLIENTS)
def test_heads_as_clients_and_proxies_send_them_are_plain(rust: Rust, lines: tuple[bytes, ...]) -> None:
    """Else all that follows would prove nothing."""
    assert agree(rust, head_of(*lines))


NAMES = [
    *(b"Host", b"host", b"Content-Length", b"content-length", b"Connection", b"X-Request-Id", b"Transfer-Encoding"),
    *(b"Content-Encoding", b"Expect", b"Upgrade", b"Proxy-Connection", b"Keep-Alive", b"TE", b"Trailer", b"Origin"),
    *(b"X-A", b"x a", b"", b"X\x00", b"Content-Length ", b"X-\xff", b"Cookie", b"HTTP2-Settings", b"traceparent"),
]
TEXTS = [
    *(b"%d" % len(BODY), b"0%d" % len(BODY), b"+%d" % len(BODY), b"%d " % len(BODY), b"", b"0", b"x", b"9" * 30),
    *(b"keep-alive", b"Keep-Alive", b"close", b"keep-alive, close", b"close, keep-alive", b"upgrade"),
    *(b"chunked", b"identity", b"gzip", b"100-continue", b"h2c", b"a b", b"a\tb", b"a\x00b", b"\xc3\xb1"),
    *(b"a'b", b'a"b', b"\x7f", b"a\x0bb", b"x" * 129),
]
SEPARATORS = [b": ", b":", b":  ", b" : ", b":\t", b"", b": \r\n "]
ENDS = [b"\r\n", b"\n", b"\r", b" \r\n", b"\t\r\n", b"\r\r\n"]


def test_every_pair_of_a_name_and_a_text(rust: Rust) -> None:
    taken = 0
    for name, text, separator, end in product(NAMES, TEXTS, SEPARATORS, ENDS[:4]):
        taken += agree(rust, REQUEST_LINE + b"Host: x\r\n" + LENGTH + b"\r\n" + name + separator + text + end + b"\r\n")
    assert taken > 200


LINES = st.builds(
    lambda name, separator, text, end: name + separator + text + end,
    st.sampled_from(NAMES), st.sampled_from(SEPARATORS), st.sampled_from(TEXTS), st.sampled_from(ENDS),
) | st.sampled_from([b"Host: x\r\n", LENGTH + b"\r\n"])  # fmt: skip


@SAME
@given(st.lists(LINES, max_size=5))
def test_any_lines(parts: Native, lines: list[bytes]) -> None:
    agree(Rust(parts), REQUEST_LINE + b"".join(lines) + b"\r\n")


@SAME
@given(st.data())
def test_any_damaged_head(parts: Native, data: st.DataObject) -> None:
    head = bytearray(head_of(*data.draw(st.sampled_from(list(CLIENTS.values())))))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(head) - 1))
        head[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b"\r\n", b"\n", b"\r", b" ", b":", b"\0", b"\x7f", b"\xff", b"9", b"\t", b"a"])
        )
    agree(Rust(parts), bytes(head))


@pytest.mark.parametrize("value", range(256))
def test_any_byte_in_a_name_and_in_a_value(rust: Rust, value: int) -> None:
    byte = bytes([value])
    for line in (b"X-%bA: 1" % byte, b"X-A: 1%b2" % byte, b"X-Request-Id: a%bc" % byte, b"X-A: %b" % byte):
        agree(rust, head_of(b"Host: x", LENGTH, line))
    agree(rust, REQUEST_LINE.replace(b"/p", b"/" + byte + b"p") + b"Host: x\r\n" + LENGTH + b"\r\n\r\n")


@pytest.mark.parametrize(("max_head", "max_headers", "max_body"), [(100, 100, 500), (2000, 3, 500), (2000, 100, 50)])
def test_within_the_servers_bounds(parts: Native, max_head: int, max_headers: int, max_body: int) -> None:
    bounds = replace(BOUNDS, max_head=max_head, max_headers=max_headers, max_body=max_body)
    rust = Rust(parts, bounds)
    taken = [agree(rust, head_of(b"Host: x", LENGTH, *[b"X-A: 1234567"] * count), bounds) for count in range(5)]
    assert taken != [True] * 5


def test_heads_and_bodies_of_any_length(rust: Rust) -> None:
    for size in range(1800, 2100):
        agree(rust, head_of(b"Host: x", LENGTH, b"X-A: " + b"x" * size))
    for length in (0, 1, MAX_BODY, MAX_BODY + 1, 10**6, 10**7):
        agree(rust, head_of(b"Host: x", b"Content-Length: %d" % length))


def test_who_may_ask(parts: Native) -> None:
    rust = Rust(parts, keys=KEYS)
    names = [b"X-Api-Key", b"x-api-key", b"Authorization", b"authorization", b"X-Other"]
    texts = [
        *(b"first", b"second", b"third", b"First", b"", b"firs", b"firstt", b"Bearer first", b"bearer  second"),
        *(b"Bearer", b"Bearer ", b"Basic first", b"BEARER third", b"Bearerfirst", b"first, second"),
    ]
    allowed = 0
    for (name, text), (other, second) in product(product(names, texts), repeat=2):
        lines = (b"Host: x", LENGTH, name + b": " + text, other + b": " + second)
        allowed += agree(rust, head_of(*lines), keys=KEYS)
        judged = judge(head_of(*lines), BOUNDS, KEYS)[1] != NOT_PLAIN
        assert rust.plain(head_of(*lines)) is None or judged
    assert allowed > 900


def test_a_page_of_another_origin_is_left_to_python(parts: Native) -> None:
    lines = CLIENTS["a browser"]
    assert Rust(parts, origins=False).plain(head_of(*lines))
    assert Rust(parts, origins=True).plain(head_of(*lines)) is None
