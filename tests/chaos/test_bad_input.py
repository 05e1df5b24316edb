"""Bodies, tensors and bytes that nobody should send: no 5xx but 503, no hang, no traceback, and every path agrees."""

import json
import random
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.chaos.rig.client import DEADLINE, Connection
from tests.chaos.rig.questions import BATCH, FLIGHTS, HOT, INFER, QUESTIONS, post, tensors
from tests.chaos.rig.results import record, sized
from tests.chaos.rig.smuggling import INNER, REFUSED, UNCLEAR
from tests.chaos.rig.started import Started

Reply = tuple[int, bytes]
ODD: list[Any] = [
    None, True, 0, -1, 1.5, 1e308, 10**30, "", " ", "a|b", "\0", "\ud7ff", "Ñ" * 300, "2017-02-30 00:00", "NaN", [], {},
    [[]], [None], {"": None}, "2017-11-27T13:00:00+99:00", "0000-00-00 00:00:00", "9999-12-31 23:59:59", "x" * 5000,
]  # fmt: skip
RAW = [
    "NaN",
    "Infinity",
    "1e999",
    '"\\ud800"',
    "[" * 2000,
    "{",
    '{"a":1,"a":2}',
    "\x00",
    "01",
    "-",
    "nul",
    '"\\x"',
    "'",
]
BYTES = [b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b":", b"\xff", b"9" * 30, b"Transfer-Encoding: chunked\r\n"]


def bodies(draw: random.Random) -> tuple[str, bytes]:
    """A flight, or an array of them, with something changed."""
    flight: dict[str, Any] = dict(draw.choice(FLIGHTS))
    for name in draw.sample(sorted(flight), draw.randint(1, 3)):
        if draw.random() < 0.3:
            del flight[name]
        else:
            flight[name] = draw.choice(ODD)
    body: Any = draw.choice([flight, flight, [flight], draw.choice(ODD), [draw.choice(FLIGHTS), flight]])
    return draw.choice([HOT, HOT, BATCH]), broken(draw, json.dumps(body))


def infers(draw: random.Random) -> tuple[str, bytes]:
    """Tensors whose name, type, shape or data are others, with or without binary parts."""
    request: dict[str, Any] = tensors(FLIGHTS[: draw.randint(1, 3)])
    tensor = draw.choice(request["inputs"])
    field = draw.choice(["name", "datatype", "shape", "data", "parameters"])
    choices = [*ODD, [2], [10**18], [-1], [1, 11], ["a"] * 3, [1, [2]], {"binary_data_size": 10**18}, "FP32", "FP64"]
    tensor[field] = draw.choice(choices)
    if draw.random() < 0.3:
        request[draw.choice(["id", "outputs", "parameters", "inputs"])] = draw.choice(choices)
    return draw.choice([INFER, INFER.replace("flight_delay", "flight_delay_features")]), broken(
        draw, json.dumps(request)
    )


def broken(draw: random.Random, text: str) -> bytes:
    """One in four as bytes that are no JSON, or one that no two readers agree on."""
    if draw.random() < 0.75:
        return text.encode()
    at = draw.randrange(len(text))
    return (text[:at] + draw.choice(RAW) + text[at + draw.randint(0, 3) :]).encode("utf-8", "surrogatepass")


def streams(draw: random.Random) -> bytes:
    """Good requests with some bytes changed, doubled or gone."""
    data = bytearray(b"".join(draw.choice(QUESTIONS).request for _ in range(draw.randint(1, 3))))
    for _ in range(draw.randint(1, 4)):
        at = min(draw.choice([draw.randrange(len(data)), draw.randrange(120)]), len(data) - 1)
        match draw.randrange(4):
            case 0:
                data[at] = draw.randrange(256)
            case 1:
                data[at:at] = draw.choice(BYTES)
            case 2:
                del data[at : at + draw.randint(1, 20)]
            case _:
                data[at:at] = data[: draw.randint(1, 80)]
    return bytes(data)


def told(port: int, data: bytes) -> list[Reply]:
    """All that the server says to these bytes and the end behind them, until it closes. Fails where it does not."""
    connection = Connection(port)
    replies = []
    try:
        connection.socket.sendall(data)
        connection.socket.shutdown(socket.SHUT_WR)
        while True:
            status, _, body = connection.reply()
            replies.append((status, body))
    except TimeoutError:
        pytest.fail(f"no end after {DEADLINE} s: {data!r}")
    except OSError:
        return replies
    finally:
        connection.close()


def posted(port: int, several: list[tuple[str, bytes]]) -> list[Reply]:
    connection = Connection(port)
    replies = []
    for path, body in several:
        connection.socket.sendall(post(path, body))
        status, headers, text = connection.reply()
        replies.append((status, text))
        if headers.get("connection") == "close":
            connection.close()
            connection = Connection(port)
    connection.close()
    return replies


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Started]]:
    """The lane, and the way behind ASGI alone."""
    from tests.chaos.rig.started import start

    log = tmp_path_factory.mktemp("bad")
    servers = [start(log / flag, "--workers", 1, flag) for flag in ("--fast-lane", "--no-fast-lane")]
    yield servers
    for server in servers:
        server.end()
        assert "Traceback" not in server.text(), server.text()


def judge(asked: Any, replies: list[list[Reply]]) -> None:
    one, other = replies
    assert one == other, asked
    assert not [status for status, _ in one if status >= 500 and status != 503], asked


@pytest.mark.parametrize(("noun", "make"), [("JSON bodies", bodies), ("V2 tensors", infers)], ids=["bodies", "tensors"])
def test_bad_bodies(paths: list[Started], noun: str, make: Callable[[random.Random], tuple[str, bytes]]) -> None:
    count, at_once = sized(1000, 80_000), 50
    for seed in range(0, count, at_once):
        several = [make(random.Random(seed + n)) for n in range(at_once)]
        replies = [posted(server.port, several) for server in paths]
        for asked, *both in zip(several, *replies, strict=True):
            judge(asked, [[each] for each in both])
    record(f"{noun} with something wrong", 1, 2 * count, more="no 5xx, no hang, no traceback, lane and ASGI agree")


def test_bad_streams(paths: list[Started]) -> None:
    count = sized(400, 40_000)
    with ThreadPoolExecutor(4) as pool:
        datas = [streams(random.Random(seed)) for seed in range(count)]
        replies = [pool.map(told, [server.port] * count, datas) for server in paths]
        for data, *both in zip(datas, *replies, strict=True):
            judge(data, both)
    record("byte streams with something wrong", 1, 2 * count, more="no 5xx, no hang, no traceback, lane and ASGI agree")


@pytest.mark.parametrize("name", [*REFUSED, *UNCLEAR])
def test_smuggling(paths: list[Started], name: str) -> None:
    """What has no clear end is refused, and what is hidden behind it is not answered."""
    data = (REFUSED | UNCLEAR)[name] + INNER
    replies = [told(server.port, data) for server in paths]
    judge(data, replies)
    if name in REFUSED:
        assert [status for status, _ in replies[0]] in ([400], [])


@pytest.mark.parametrize("cut", sized([7], [1, 7, 60]))
def test_smuggling_in_pieces(paths: list[Started], cut: int) -> None:
    """The same bytes in other segments mean the same."""
    for name, data in {**REFUSED, **UNCLEAR}.items():
        whole = [told(server.port, data + INNER) for server in paths]
        pieces = [in_pieces(server.port, data + INNER, cut) for server in paths]
        for one, several in zip(whole, pieces, strict=True):
            assert several == one, name


def in_pieces(port: int, data: bytes, cut: int) -> list[Reply]:
    connection = Connection(port)
    replies = []
    try:
        for start in range(0, len(data), cut):
            connection.socket.sendall(data[start : start + cut])
        connection.socket.shutdown(socket.SHUT_WR)
        while True:
            status, _, body = connection.reply()
            replies.append((status, body))
    except TimeoutError:
        pytest.fail(f"no end after {DEADLINE} s: {data!r}")
    except OSError:
        return replies
    finally:
        connection.close()
