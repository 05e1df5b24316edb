"""`python -m bench stress`: 50,000 requests within 45 seconds, then as many as 45 seconds hold."""

import time
from functools import partial
from pathlib import Path

import click

from bench import options, results, tools, wrk
from bench.cpus import Cpus
from bench.errors import BenchError
from bench.measure import Figures, Target, prepared, started, told, under_load
from bench.rows import OURS
from bench.table import UNDER_LOAD, Column, renderer
from bench.wrk import Load
from export.progress import step

TITLE = "50,000 requests within 45 seconds"

COLUMNS = (
    Column("row", "run"),
    Column("requests", "requests", ",d"),
    Column("failed", "failed", ",d"),
    Column("seconds", "seconds", ",.2f"),
    *UNDER_LOAD,
)

render = renderer(COLUMNS)


@click.command("stress")
@options.number("--requests", 50_000, "Requests that have to be answered.")
@options.number("--within", 45, "Seconds that they may take.")
@options.seconds(45)
@options.connections
@options.workers
@options.threads
@options.out("stress")
def command(requests: int, within: int, seconds: int, connections: int, workers: int, threads: int, out: Path) -> None:
    """Have a number of requests answered in time, then stay at full speed; no request may fail."""
    tools.find("wrk")
    with prepared(workers) as bench:
        header = results.header(bench.cpus)
        with started(OURS["cached"], bench) as target:
            burst, full = Load(1, connections, threads), Load(seconds, connections, threads)
            text = f"{requests:,} requests within {within} s"
            counted = step(text, partial(_count, target, bench.cpus, burst, requests, within), _told)
            fast = step(f"full speed for {seconds} s", partial(under_load, target, bench.cpus, full), told)
    rows = [{"row": text, **counted}, {"row": "full speed", **fast}]
    result = {"header": header, "server": target.command, "rows": rows}
    results.publish(result, out, render)


def _count(target: Target, cpus: Cpus, burst: Load, requests: int, within: int) -> Figures:
    """Bursts of load until `requests` are answered. Raises BenchError where they take too long, or one fails."""
    command = wrk.command(burst, target.server.port, target.traffic, target.bodies)
    answered, begun, seconds = 0, time.monotonic(), 0.0
    while answered < requests:
        answered += wrk.run(command, cpus).requests
        seconds = time.monotonic() - begun
        if seconds > within:
            raise BenchError(f"only {answered:,} of {requests:,} requests were answered within {within} s")
    return {
        "requests": answered,
        "failed": 0,
        "seconds": round(seconds, 2),
        "requests_s": round(answered / seconds, 1),
    }


def _told(figures: Figures) -> str:
    return f"{figures['requests']:>9,} answered in {figures['seconds']:.1f} s"
