"""More than a service can do at once: what is shed, what is dropped, and what is not taken for it."""

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.contract import EXAMPLE
from tests.processes import children

ONE = "/predict_delay_probability"
MANY = "/predict_delay_probabilities"


def test_too_many_pending_flights_are_shed(servers: Callable[..., Any]) -> None:
    busy = servers("--workers", 1, "--max-pending", 0, "--cache-size", 0)
    reply = busy.post(ONE, EXAMPLE)
    assert reply.status_code == 503
    assert reply.headers["retry-after"] == "1"
    assert "Too many" in reply.json()["detail"]
    assert busy.post(MANY, [EXAMPLE] * 3).status_code == 200  # they have a line of their own


def test_too_many_pending_batches_are_shed_and_singles_are_not(servers: Callable[..., Any]) -> None:
    busy = servers("--workers", 1, "--max-batch-pending", 1_000_000)

    async def ask() -> tuple[list[httpx.Response], list[httpx.Response]]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=busy.url, timeout=60, limits=limits) as client:
            batches = [asyncio.ensure_future(client.post(MANY, json=[EXAMPLE] * 5_000)) for _ in range(8)]
            await asyncio.wait(batches, return_when=asyncio.FIRST_COMPLETED)
            singles = [await client.post(ONE, json=EXAMPLE) for _ in range(20)]
            return await asyncio.gather(*batches), singles

    batches, singles = asyncio.run(ask())
    assert {reply.status_code for reply in batches} == {200, 503}
    assert {reply.headers.get("retry-after") for reply in batches if reply.status_code == 503} == {"1"}
    assert {reply.status_code for reply in singles} == {200}


LEAVE = {
    "/explain_delay_probability": json.dumps(EXAMPLE).encode(),
    MANY: json.dumps([EXAMPLE] * 10_000).encode(),
    "/v2/models/flight_delay/infer": json.dumps(
        {
            "inputs": [
                {"name": name, "datatype": "BYTES", "shape": [9_000], "data": [value] * 9_000}
                for name, value in EXAMPLE.items()
            ]
        }
    ).encode(),
}


@pytest.mark.parametrize(("path", "body"), LEAVE.items(), ids=["explain", "batch", "infer"])
def test_what_nobody_waits_for_is_not_computed(servers: Callable[..., Any], path: str, body: bytes) -> None:
    """Forty ask and leave at once. The one who waits is the next, and the model ran for few of the others."""
    server = servers("--workers", 1)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    before = metric(server, "atraso_model_runs_total")
    leaving = []
    for _ in range(40):
        one = socket.create_connection(("127.0.0.1", server.port), 30)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes with a reset
        one.sendall(head + body)
        leaving.append(one)
    for one in leaving:
        one.close()
    reply = httpx.post(server.url + path, content=body, timeout=60)
    assert reply.status_code == 200
    left = metric(server, "atraso_clients_left_total")
    runs = metric(server, "atraso_model_runs_total") - before
    assert left
    if path != "/explain_delay_probability":
        assert runs < 40 * 40


def metric(server: Any, name: str) -> float:
    text = httpx.get(server.url + "/metrics").text
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name + " "))


def test_no_request_takes_a_thread(servers: Callable[..., Any]) -> None:
    """Neither what is answered nor what is refused: threads stay, with memory of their own."""
    server = servers("--workers", 1)
    (worker,) = children(server.process.pid)
    threads = Path(f"/proc/{worker}/task")
    before = len(list(threads.iterdir()))
    for path in ("/nowhere", "/model_status", "/flights", "/catalogue", "/v2", "/v2/models/none", "/metrics"):
        httpx.get(server.url + path)
    for path in ("/predict_delay_probabilities", "/explain_delay_probability", "/v2/models/flight_delay/infer"):
        server.post(path, b"x")
    assert len(list(threads.iterdir())) == before
