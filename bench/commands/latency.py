"""`python -m bench latency`: latency at stated rates, rising until the server breaks.

wrk waits for replies before it sends more, and so hides what a queue would do; here requests come when they are due.
"""

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from bench import oha, options, processes, results, tools
from bench.cpus import Cpus, count
from bench.measure import WARM_UP, Figures, Target, prepared, started
from bench.rows import OURS
from bench.table import PERCENTILES, Column, renderer
from export.progress import say, step

TITLE = "Latency at a stated rate"

RATES = "1000,2000,5000,10000,20000,30000,40000,50000,60000,70000,80000,90000,100000,120000,140000"
SHARE = 0.99
"""A server holds a rate when it answers this share of it."""
BUSY = 0.9
"""A process that uses this share of its CPUs is at its limit."""

COLUMNS = (
    Column("rate", "asked/s", ",d"),
    Column("requests_s", "answered/s", ",.0f"),
    *PERCENTILES,
    Column("server_busy", "server's CPUs", ".0%"),
    Column("generator_busy", "generator's CPUs", ".0%"),
    Column("verdict", "verdict"),
)

render = renderer(COLUMNS)


@dataclass(frozen=True)
class Aim:
    """A server and what is sent to it; `limit` are the milliseconds that p99 may take."""

    target: Target
    cpus: Cpus
    connections: int
    seconds: int
    limit: int

    def command(self, rate: int, seconds: int) -> list[str]:
        target = self.target
        return oha.command(rate, seconds, self.connections, target.server.port, target.traffic, target.bodies)


@click.command("latency")
@click.option(
    "--row",
    "name",
    type=click.Choice(["cached", "uncached", "starlette", "starlette-cached"]),
    default="cached",
    show_default=True,
    help="How our server is started.",
)
@click.option(
    "--rates", type=options.numbers, default=RATES, show_default=True, help="Requests a second, one after another."
)
@options.number("--limit", 50, "Milliseconds that p99 may take.")
@options.seconds(10)
@options.connections
@options.workers
@options.out("latency")
def command(name: str, rates: list[int], limit: int, seconds: int, connections: int, workers: int, out: Path) -> None:
    """Measure latency at stated rates, rising until one is not held."""
    tools.find("oha")
    with prepared(workers) as bench:
        header = results.header(bench.cpus)
        with started(OURS[name], bench) as target:
            aim = Aim(target, bench.cpus, connections, seconds, limit)
            oha.run(aim.command(min(rates), WARM_UP), bench.cpus)
            rows = _rise(aim, sorted(rates))
    result = {"header": header, "row": name, "server": target.command, "limit_ms": limit, "rows": rows}
    results.publish(result, out, render)


def verdict(figures: Figures, limit: int) -> str:
    """`held`, or why the rate was not."""
    if figures["failed"]:
        return f"{figures['failed']} requests failed"
    if figures["requests_s"] < SHARE * figures["rate"]:
        return _limit(figures)
    if figures["p99_ms"] > limit:
        return f"p99 is above {limit} ms"
    return "held"


def _limit(figures: Figures) -> str:
    """Who could not do more, by the CPU that they used."""
    if figures["server_busy"] >= BUSY:
        return "the server is at its limit"
    if figures["generator_busy"] >= BUSY:
        return "the load generator is at its limit"
    return "neither is at its limit: too few connections, or a busy machine"


def _rise(aim: Aim, rates: list[int]) -> list[Figures]:
    """The figures at each rate, up to the first that is not held."""
    rows: list[Figures] = []
    for rate in rates:
        rows.append(step(f"{rate:,} requests/s", partial(_at, rate, aim), _told))
        if rows[-1]["verdict"] != "held":
            return rows
    say("every rate was held: ask for higher ones to see where the server breaks")
    return rows


def _at(rate: int, aim: Aim) -> Figures:
    command = aim.command(rate, aim.seconds)
    pids = processes.tree(aim.target.server.pid)
    done, spent = processes.watch(pids, lambda: oha.run(command, aim.cpus))
    figures = {
        "rate": rate,
        "load": tools.shown(command),
        "requests": done.requests,
        "failed": done.failed,
        "requests_s": round(done.requests_s, 1),
        **spent.busy(count(aim.cpus.server), count(aim.cpus.generator)),
        **{f"{percentile}_ms": round(value, 3) for percentile, value in done.latency_ms.items()},
    }
    return {**figures, "verdict": verdict(figures, aim.limit)}


def _told(figures: Figures) -> str:
    p99 = figures.get("p99_ms", math.nan)  # there is none where nothing was answered
    return f"{figures['requests_s']:>9,.0f} answered, p99 {p99:.2f} ms: {figures['verdict']}"
