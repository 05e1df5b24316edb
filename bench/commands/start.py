"""`python -m bench start`: seconds from the start of the server to its first reply, and memory a worker."""

from pathlib import Path
from statistics import median
from typing import Any

import click

from bench import options, processes, results
from bench.cpus import part
from bench.measure import Bench, Figures, prepared, started
from bench.rounds import again
from bench.rows import OURS
from bench.table import Column, renderer

TITLE = "Start and memory"

COLUMNS = (
    Column("workers", "workers", "d"),
    Column("runs", "runs", "d"),
    Column("first_200_s", "seconds to the first 200", ".2f"),
    Column("slowest_s", "slowest", ".2f"),
    Column("worker_mib", "MiB a worker (RSS)", ".0f"),
)

render = renderer(COLUMNS)


@click.command("start")
@click.option("--workers", type=options.numbers, default="1,2", show_default=True, help="Numbers of workers to try.")
@options.number("--runs", 5, "Starts of each, of which the median counts.")
@options.out("start")
def command(workers: list[int], runs: int, out: Path) -> None:
    """Measure the time from start to the first reply, and the memory of a worker."""
    header = results.header(*map(part, workers))
    rows = []
    for count in workers:
        with prepared(count) as bench:
            rows.append(_row(bench, runs))
    results.publish({"header": header, "rows": rows}, out, render)


def start(bench: Bench) -> Figures:
    """Start the server once. `worker_mib` is the resident memory of its largest process, a worker, once it worked."""
    with started(OURS["cached"], bench) as target:
        worker = processes.largest_mib(processes.tree(target.server.pid))
        first = target.server.first_200_s
        return {"server": target.command, "first_200_s": round(first, 3), "worker_mib": round(worker, 1)}


def told(figures: Figures) -> str:
    return f"{figures['first_200_s']:.2f} s to the first 200, {figures['worker_mib']:.0f} MiB a worker"


def _row(bench: Bench, runs: int) -> dict[str, Any]:
    starts = again(f"workers {bench.workers}, start", runs, lambda: start(bench), told)
    seconds = [figures["first_200_s"] for figures in starts]
    return {
        "workers": bench.workers,
        "runs": runs,
        "server": starts[0]["server"],
        "first_200_s": median(seconds),
        "slowest_s": max(seconds),
        "worker_mib": median(figures["worker_mib"] for figures in starts),
    }
