"""`python -m bench compare`: our server beside the baselines, in turn, and what was promised of it."""

from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import click

from bench import bare_onnx, options, results, rows, tools
from bench.acceptance import COLUMNS, verdicts
from bench.commands import start
from bench.errors import BenchError
from bench.measure import Bench, Figures, attempt, measure, prepared, told
from bench.results import Result
from bench.rounds import in_turn
from bench.table import LOAD, table
from bench.wrk import Load

TITLE = "Side by side"

SERVERS = (
    "nginx-constant",
    "cached",
    "uncached",
    "proxied",
    "proxied-alike",
    "python-cached",
    "python-uncached",
    "axum-onnx",
    "empty-asgi",
    "starlette",
    "blacksheep-onnx",
    "fastapi-onnx",
    "reference",
    "batch-1000",
    "python-batch-1000",
)
OTHERS = {"bare-onnx": "ONNX Runtime alone, no HTTP", "start": "from start to the first 200"}
ROWS = (*SERVERS, *OTHERS)


@click.command("compare")
@options.number("--rounds", 5, "Rounds, of which the median counts.")
@options.seconds()
@options.connections
@click.option("--rows", "names", type=options.words(*ROWS), default=",".join(ROWS), show_default=True, help="Which.")
@options.booster
@options.out("compare")
def command(rounds: int, seconds: int, connections: int, names: list[str], booster: Path | None, out: Path) -> None:
    """Measure our server beside the baselines, in rounds, each server on one core and wrk on another."""
    tools.find("wrk")
    with prepared(booster=booster) as bench:
        header = results.header(bench.cpus)
        load = Load(seconds, connections)
        measured = in_turn(names, rounds, lambda name: attempt(partial(_measured, name, bench, load)), _told)
    medians = [{"row": name, "about": _about(name), **_median(figures)} for name, figures in measured.items()]
    result = {
        "header": header,
        "rounds": measured,
        "rows": medians,
        "acceptance": verdicts(measured),
    }
    results.publish(result, out, render)


def render(result: Result) -> str:
    servers = [row for row in result["rows"] if row["row"] not in OTHERS or "reason" in row]
    return "\n\n".join(filter(None, [table(LOAD, servers), table(COLUMNS, result["acceptance"])]))


def _measured(name: str, bench: Bench, load: Load) -> Figures:
    """The row's figures of this round. Raises BenchError."""
    if name == "bare-onnx":
        return bare_onnx.measure(bench.cpus, load.seconds)
    if name == "start":
        return start.start(bench)
    return measure(rows.row(name), bench, load)


def _told(figures: Figures) -> str:
    if "first_200_s" in figures:
        return start.told(figures)
    if "requests_s" in figures or "reason" in figures:
        return told(figures)
    return f"{figures['cpu_us_flight']:,.2f} µs of CPU a flight"


def _about(name: str) -> str:
    if name in OTHERS:
        return OTHERS[name]
    try:
        return rows.row(name).about
    except BenchError:
        return ""


def _median(rounds: list[Figures]) -> Figures:
    """The median of each number, and the commands of the last round; a reason where any round had one."""
    for figures in rounds:
        if "reason" in figures:
            return figures
    last: dict[str, Any] = rounds[-1]
    return {
        name: round(median(figures[name] for figures in rounds), 4) if isinstance(value, int | float) else value
        for name, value in last.items()
    }
