"""`python -m bench models`: what one run of the model takes in several bundles, one after the other, in process."""

import time
from pathlib import Path
from statistics import median
from typing import Any

import click

from bench import options, results
from bench.cpus import on
from bench.measure import prepared
from bench.table import Column, renderer
from export.progress import say
from service.api.contract import parse_flight
from service.model import bundle as bundles
from service.model.bundle import Bundle
from service.model.features import Features, Row
from service.model.scorer import Scorer
from service.settings import ROOT

TITLE = "The model alone"
SIZES = (1, 64, 1000)

COLUMNS = (
    Column("row", "recipe"),
    Column("flights", "flights a run", ",d"),
    Column("run_us", "median µs a run", ",.2f"),
    Column("ratio", "÷ the first recipe's", ".2f"),
)

render = renderer(COLUMNS)


@click.command("models")
@click.option(
    "--bundle",
    "folders",
    type=options.DIRECTORY,
    multiple=True,
    required=True,
    help="Folder of a bundle to compare the shipped one with; may be given again.",
)
@options.number("--rounds", 15, "Times that each bundle runs all flights, in turn.")
@options.out("models")
def command(folders: tuple[Path, ...], rounds: int, out: Path) -> None:
    """Measure one run of the model in other bundles and in the shipped one: microseconds, by flights a run."""
    with prepared() as bench, on(bench.cpus.server):
        header = results.header(bench.cpus)
        parts = [parse_flight(body) for body in bench.flights.bodies]
        loaded = [bundles.read(folder) for folder in (*folders, ROOT)]
        runners = [(Scorer(bundle), [*map(Features(bundle.tables).row, parts)]) for bundle in loaded]
        rows = [row for size in SIZES for row in _rows(loaded, runners, size, rounds)]
    results.publish({"header": header, "rows": rows}, out, render)


def _rows(
    loaded: list[Bundle], runners: list[tuple[Scorer, list[Row]]], size: int, rounds: int
) -> list[dict[str, Any]]:
    """A row a bundle; rounds go from bundle to bundle, so that the machine's moods meet all of them."""
    say(f"{size:,} flights a run")
    taken: list[list[float]] = [[] for _ in runners]
    for number in range(rounds + 1):
        for times, (scorer, rows) in zip(taken, runners, strict=True):
            spent = _timed(scorer, rows, size)
            if number:  # the first round warms up
                times.append(spent)
    medians = [median(times) for times in taken]
    return [
        {"row": bundle.recipe, "flights": size, "run_us": round(each, 3), "ratio": round(each / medians[0], 3)}
        for bundle, each in zip(loaded, medians, strict=True)
    ]


def _timed(scorer: Scorer, rows: list[Row], size: int) -> float:
    """Microseconds a run of `size` flights."""
    runs = [rows[at : at + size] for at in range(0, len(rows) - size + 1, size)]
    before = time.perf_counter_ns()
    for run in runs:
        scorer(run)
    return (time.perf_counter_ns() - before) / 1000 / len(runs)
