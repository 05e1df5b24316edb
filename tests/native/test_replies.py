"""Two servers, with the Rust module and without: the same replies to the same requests, on each of its routes."""

import csv
import gzip
import json
import random
import re
import socket
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import orjson
import pytest

from service import native
from service.api.contract import EXAMPLE, FIELDS

BATCH = "/predict_delay_probabilities"
PIECE = 1 << 16
INFER = "/v2/models/flight_delay/infer"
TOLD = ("content-type", "x-unknown", "x-read-as", "x-model-version", "inference-header-content-length")


@pytest.fixture(scope="module")
def two(servers: Callable[..., Any], need: Callable[[object, str], None]) -> Iterator[list[httpx.Client]]:
    need(not native.missing(), f"the Rust module is of no use: {native.missing()}")
    ways = [servers("--workers", 1, *flags) for flags in ((), ("--no-native",))]
    clients = [httpx.Client(base_url=server.url, timeout=60) for server in ways]
    yield clients
    for client in clients:
        client.close()


def same(two: list[httpx.Client], path: str, content: bytes, **headers: str) -> httpx.Response:
    first, second = (client.post(path, content=content, headers=headers) for client in two)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert [first.headers.get(name) for name in TOLD] == [second.headers.get(name) for name in TOLD]
    return first


def counted(client: httpx.Client) -> dict[str, str]:
    lines = client.get("/metrics").text.splitlines()
    found = dict(line.rsplit(" ", 1) for line in lines if line.startswith(("atraso_unknown", "atraso_read_as")))
    return found | dict(line.rsplit(" ", 1) for line in lines if line.startswith("atraso_predictions_total"))


GOOD = orjson.dumps(EXAMPLE)
NEW = orjson.dumps(EXAMPLE | {"OPERA": "Nueva"})
SPELLED = orjson.dumps(EXAMPLE | {"OPERA": "SKY airline", "SIGLADES": "Nuevo"})
ESCAPED = GOOD.replace(b"Sky", rb"\u0053ky")
UTC = orjson.dumps(EXAMPLE | {"FECHA_PROGRAMADA": "2017-11-27T13:00:00Z"})
MORE = GOOD.replace(b"{", b'{"x": "}", ')
NESTED = GOOD.replace(b"{", b'{"x": {}, ')
TWICE = GOOD.replace(b"{", b'{"OPERA": "Nueva", ')
BATCHES: dict[str, list[bytes]] = {
    "none": [],
    "plain": [GOOD] * 3,
    "longer than a run": [GOOD] * 700,
    "one unknown": [GOOD, NEW, GOOD],
    "all unknown": [NEW] * 300,
    "read as another": [SPELLED, GOOD, SPELLED],
    "escaped": [ESCAPED, GOOD],
    "other times": [UTC, GOOD],
    "more keys": [MORE, GOOD],
    "nested": [NESTED, GOOD],
    "a key twice": [TWICE, GOOD],
    "wrong": [GOOD, b"1", NEW, b'{"OPERA": 1}', GOOD],
    "wrong time": [GOOD, GOOD.replace(b"-11-", b"-13-")],
    "no JSON": [GOOD, b'{"OPERA" "x"}'],
    "no UTF-8": [GOOD, NEW.replace(b"Nueva", b"\xff")],
    "a name too long": [GOOD, orjson.dumps(EXAMPLE | {"OPERA": "x" * 257})],
    "an empty entry": [GOOD, b"", GOOD],
    "with spaces": [b" \n" + GOOD + b"\t\r", GOOD],
    "a form feed": [b"\f" + GOOD],
    "many keys": [b"{" + b",".join(b'"k%d":1' % n for n in range(1000)) + b"," + GOOD[1:]],
}


@pytest.mark.parametrize("flights", BATCHES.values(), ids=BATCHES)
def test_batches(two: list[httpx.Client], flights: list[bytes]) -> None:
    before = [counted(client) for client in two]
    assert before[0] == before[1]
    for content in (b"[" + b",".join(flights) + b"]", b"[" + b",".join(flights), b"[" + b",".join(flights) + b"]]"):
        same(two, BATCH, content)
        same(two, BATCH + "?detail=1", content)
    assert counted(two[0]) == counted(two[1])


def test_a_batch_damaged_at_each_byte(two: list[httpx.Client]) -> None:
    draw = random.Random(3)
    content = b"[" + b", ".join([GOOD, NEW, MORE]) + b"]"
    for at in range(len(content)):
        byte = draw.choice([b"", b'"', b"\\", b"{", b"}", b",", b"\xff", b"\0", b"[", content[at : at + 1] * 2])
        same(two, BATCH, content[:at] + byte + content[at + 1 :])


def test_bodies_in_other_forms(two: list[httpx.Client]) -> None:
    content = b"[" + GOOD + b"," + NEW + b"]"
    assert same(two, BATCH, gzip.compress(content), **{"content-encoding": "gzip"}).status_code == 200
    assert same(two, BATCH, content.decode().encode("utf-16")).status_code == 200
    assert same(two, BATCH, b"\xef\xbb\xbf" + content).status_code == 200


@pytest.mark.parametrize("name", ["", "Nueva", "SKY airline", "Sky Airline", "x" * 300, "\ud800", "a\0b"])
@pytest.mark.parametrize("when", ["2017-11-27 13:00", "2017-11-27T13:00:00Z", "27/11/2017", ""])
def test_tensors(two: list[httpx.Client], name: str, when: str) -> None:
    columns = {
        "OPERA": ["Sky Airline", name],
        "SIGLADES": ["Calama"] * 2,
        "FECHA_PROGRAMADA": ["2017-11-27 13:00", when],
    }
    inputs = [{"name": field, "datatype": "BYTES", "shape": [2], "data": columns[field]} for field in FIELDS]
    outputs = [{"name": "delay_probability"}, {"name": "unknown"}]
    same(two, INFER, json.dumps({"inputs": inputs, "outputs": outputs}).encode())


def pipelined(client: httpx.Client, bodies: list[bytes]) -> list[bytes]:
    """The body of the reply to each, all asked on one connection."""
    head = b"POST /predict_delay_probability HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
    stream = b"".join(head % (len(body), body) for body in bodies)
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=60) as connection:

        def send() -> None:
            for at in range(0, len(stream), PIECE):  # each has the timeout for itself
                connection.sendall(stream[at : at + PIECE])

        sender = Thread(target=send)
        sender.start()
        received, ends = bytearray(), 0
        while ends < len(bodies):  # a brace ends each
            data = connection.recv(1 << 20)
            assert data
            received += data
            ends += data.count(b"}")
        sender.join()
    replies = re.findall(rb'\r\n\r\n({"delay_probability":[0-9.]+,"clase":\["[^"]+"\]})', received)
    assert len(replies) == len(bodies)
    return replies


def test_the_real_flights_and_random_ones(two: list[httpx.Client], real_data: Path) -> None:
    """Alone and in batches: the same reply, with Rust and without."""
    with (gzip.open if real_data.suffix == ".gz" else open)(real_data, "rt", encoding="utf-8") as file:
        flights = [(row["OPERA"], row["SIGLADES"], row["Fecha-I"]) for row in csv.DictReader(file)]
    assert len(flights) > 68_000
    draw, start = random.Random(1), datetime(2016, 1, 1)
    operas, destinations = (sorted({flight[place] for flight in flights}) for place in (0, 1))
    for _ in range(100_000):
        when = (start + timedelta(minutes=draw.randrange(12 * 366 * 24 * 60))).isoformat(" ")
        flights.append((draw.choice([*operas, "Nueva"]), draw.choice([*destinations, "Nueva"]), when))
    bodies = [orjson.dumps(dict(zip(FIELDS, flight, strict=True))) for flight in flights]
    alone = [pipelined(client, bodies) for client in two]
    assert alone[0] == alone[1]
    for start_at in range(0, len(bodies), 10_000):
        some = slice(start_at, start_at + 10_000)
        assert (
            same(two, BATCH, b"[" + b",".join(bodies[some]) + b"]").content == b"[" + b",".join(alone[0][some]) + b"]"
        )
