"""`python -m bench micro`: what each stage of a prediction takes, in this process, without HTTP."""

import time
from functools import partial
from pathlib import Path
from statistics import median

import click

from bench import options, results
from bench.cpus import on
from bench.measure import Figures, prepared
from bench.stages import Stage, stages
from bench.table import Column, renderer
from export.progress import step

TITLE = "Where the time goes, in process"

COLUMNS = (
    Column("row", "stage"),
    Column("min_us", "min µs a flight", ".2f"),
    Column("median_us", "median µs a flight", ".2f"),
)

render = renderer(COLUMNS)


@click.command("micro")
@options.number("--repeats", 9, "Times that all flights go through each stage.")
@options.out("micro")
def command(repeats: int, out: Path) -> None:
    """Measure the stages of a prediction in process: microseconds a flight."""
    with prepared() as bench, on(bench.cpus.server):
        header = results.header(bench.cpus)
        count = len(bench.flights.bodies)
        rows = []
        for name, stage in stages(bench.flights).items():
            figures = step(name, partial(_timed, stage, count, repeats), _told)
            rows.append({"row": name, "repeats": repeats, **figures})
    results.publish({"header": header, "rows": rows}, out, render)


def _timed(stage: Stage, flights: int, repeats: int) -> Figures:
    """The least and the median time a flight, of `repeats` runs after one that does not count."""
    stage()
    taken = []
    for _ in range(repeats):
        before = time.perf_counter_ns()
        stage()
        taken.append((time.perf_counter_ns() - before) / 1000 / flights)
    return {"min_us": round(min(taken), 3), "median_us": round(median(taken), 3)}


def _told(figures: Figures) -> str:
    return f"{figures['median_us']:8.2f} µs a flight"
