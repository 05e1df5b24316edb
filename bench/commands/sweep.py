"""`python -m bench sweep`: every combination of workers, connections, cache and fast lane."""

from functools import partial
from itertools import product
from pathlib import Path

import click

from bench import options, results, tools
from bench.cpus import part
from bench.measure import Bench, Figures, attempt, prepared, started, told, under_load
from bench.rows import STARLETTE, UNCACHED, ours
from bench.table import UNDER_LOAD, Column, renderer
from bench.traffic import singles
from bench.wrk import Load
from export.progress import step

TITLE = "Workers, connections, cache, fast lane"

COLUMNS = (
    Column("workers", "workers", "d"),
    Column("lane", "fast lane"),
    Column("cache", "cache"),
    Column("connections", "connections", ",d"),
    *UNDER_LOAD,
)

render = renderer(COLUMNS)

SWITCH = options.words("on", "off")


@click.command("sweep")
@click.option("--workers", type=options.numbers, default="1,2", show_default=True, help="Workers of our server.")
@click.option("--connections", type=options.numbers, default="1,16,64,256", show_default=True, help="Connections.")
@click.option("--cache", type=SWITCH, default="on,off", show_default=True, help="With the reply cache, and without.")
@click.option("--lane", type=SWITCH, default="on,off", show_default=True, help="With the fast lane, and without.")
@options.seconds(3)
@options.number("--threads", 1, "Threads of wrk; a row with fewer connections has fewer.")
@options.out("sweep")
def command(
    workers: list[int], connections: list[int], cache: list[str], lane: list[str], seconds: int, threads: int, out: Path
) -> None:
    """Measure every combination of the options' lists."""
    tools.find("wrk")
    loads = [Load(seconds, count, min(threads, count)) for count in connections]
    header = results.header(*map(part, workers))
    rows: list[Figures] = []
    for many in workers:
        with prepared(many) as bench:
            for lane_is, cache_is in product(lane, cache):
                rows += _sweep(bench, lane_is, cache_is, loads)
    results.publish({"header": header, "rows": rows}, out, render)


def _sweep(bench: Bench, lane: str, cache: str, loads: list[Load]) -> list[Figures]:
    """The figures of one server under one load after the other."""
    flags = [*([] if lane == "on" else [STARLETTE]), *([] if cache == "on" else UNCACHED)]
    row = ours("swept", f"fast lane {lane}, cache {cache}", singles, *flags)
    rows = []
    with started(row, bench) as target:
        for load in loads:
            text = f"workers {bench.workers}, lane {lane}, cache {cache}, {load.connections} connections"
            figures = step(text, partial(attempt, partial(under_load, target, bench.cpus, load)), told)
            knobs = {"workers": bench.workers, "lane": lane, "cache": cache, "connections": load.connections}
            rows.append({"row": text, "server": target.command, **knobs, "cpus": str(bench.cpus), **figures})
    return rows
