"""`python -m bench workers`: how evenly keep-alive connections fall on the workers.

Each worker says in /metrics how many requests it answered. Connections are opened one after another, each with a first
request, or all at once; then the same number of requests goes over each of them.
"""

import re
import socket
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median

import click

from bench import options, results
from bench.check import TIMEOUT, ask
from bench.errors import BenchError
from bench.measure import Figures, Target, prepared, started
from bench.rounds import again
from bench.rows import OURS
from bench.server import DEADLINE
from bench.table import Column, renderer

TITLE = "Requests a worker"

COUNTER = re.compile(r'^atraso_worker_requests_total\{worker="(\d+)"\} (\d+)$', re.M)

COLUMNS = (
    Column("row", "connections"),
    Column("runs", "runs", "d"),
    Column("least_share", "least share of a worker", ".0%"),
    Column("median_least_share", "median of the least", ".0%"),
    Column("most_share", "most share of a worker", ".0%"),
)

render = renderer(COLUMNS)

Opening = Callable[[Target, int], list[HTTPConnection]]
"""Opens so many connections to a server."""


@click.command("workers")
@options.number("--workers", 2, "Workers of our server.")
@options.number("--runs", 10, "Times that the connections are opened anew, in each of the two ways.")
@options.connections
@options.number("--requests", 20, "Requests over each connection.")
@options.out("workers")
def command(workers: int, runs: int, connections: int, requests: int, out: Path) -> None:
    """Count the requests that each worker answers, over connections opened one after another and all at once."""
    rows = []
    with prepared(workers) as bench:
        header = results.header(bench.cpus)
        with started(OURS["cached"], bench) as target:
            _wait(target, workers)
            for name, opening in OPENINGS.items():
                run = partial(_shares, target, opening, connections, requests)
                rows.append(_row(name, again(f"{name}, run", runs, run, _told)))
    result = {"header": header, "server": target.command, "connections": connections, "rows": rows}
    results.publish(result, out, render)


def one_after_another(target: Target, count: int) -> list[HTTPConnection]:
    """Connections of which each has had a reply before the next is opened."""
    connections = [HTTPConnection("127.0.0.1", target.server.port, timeout=TIMEOUT) for _ in range(count)]
    for connection in connections:
        ask(connection, target.traffic, 0)
    return connections


def all_at_once(target: Target, count: int) -> list[HTTPConnection]:
    """Connections that are opened without waiting for any of them."""
    connections = []
    for _ in range(count):
        connection = HTTPConnection("127.0.0.1", target.server.port)
        connection.sock = socket.socket()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as http.client does when it connects
        connection.sock.setblocking(False)
        connection.sock.connect_ex(("127.0.0.1", target.server.port))
        connections.append(connection)
    for connection in connections:
        connection.sock.settimeout(TIMEOUT)
    return connections


OPENINGS: dict[str, Opening] = {"one after another": one_after_another, "all at once": all_at_once}


def requests_by_worker(metrics: str) -> dict[str, int]:
    """The requests that each worker counted, from the text of /metrics. Raises BenchError where it tells none."""
    counts = {worker: int(count) for worker, count in COUNTER.findall(metrics)}
    if not counts:
        raise BenchError("/metrics does not tell how many requests each worker answered")
    return counts


def _wait(target: Target, workers: int) -> None:
    """Until each worker has said that it is there: the first reply comes from the first of them."""
    deadline = time.monotonic() + DEADLINE
    while len(_counts(target)) < workers:
        if time.monotonic() > deadline:
            raise BenchError(f"not all {workers} workers were there within {DEADLINE} seconds")
        time.sleep(0.01)


def _shares(target: Target, opening: Opening, connections: int, requests: int) -> list[float]:
    """Each worker's share of the requests of one run, the least first. Raises BenchError."""
    before = _counts(target)
    try:
        opened = opening(target, connections)
        for number in range(requests * connections):
            ask(opened[number % connections], target.traffic, number % len(target.traffic.bodies))
        for connection in opened:
            connection.close()
    except (OSError, HTTPException) as error:
        raise BenchError(f"a connection of {connections} failed: {error}") from None
    counts = [count - before.get(worker, 0) for worker, count in _counts(target).items()]
    return sorted(round(count / sum(counts), 4) for count in counts)


def _counts(target: Target) -> dict[str, int]:
    connection = HTTPConnection("127.0.0.1", target.server.port, timeout=TIMEOUT)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return requests_by_worker(text)


def _row(name: str, shares: list[list[float]]) -> Figures:
    least = [run[0] for run in shares]
    return {
        "row": name,
        "runs": len(shares),
        "shares": shares,
        "least_share": min(least),
        "median_least_share": median(least),
        "most_share": max(run[-1] for run in shares),
    }


def _told(shares: list[float]) -> str:
    return ", ".join(f"{share:.0%}" for share in shares)
