"""`python -m bench run`: one server, one scenario."""

from pathlib import Path

import click

from bench import options, results, tools
from bench.measure import measure, prepared, told
from bench.rows import NAMES, row
from bench.table import LOAD, renderer
from bench.wrk import Load
from export.progress import step

TITLE = "One server"

render = renderer(LOAD)


@click.command("run")
@click.argument("name", metavar="ROW", type=click.Choice(NAMES))
@options.seconds()
@options.connections
@options.workers
@options.threads
@options.booster
@options.out("run")
def command(
    name: str, seconds: int, connections: int, workers: int, threads: int, booster: Path | None, out: Path
) -> None:
    """Measure one server in one scenario, or one baseline."""
    tools.find("wrk")
    chosen = row(name)
    with prepared(workers, booster) as bench:
        header = results.header(bench.cpus)
        figures = step(name, lambda: measure(chosen, bench, Load(seconds, connections, threads)), told)
    result = {"header": header, "rows": [{"row": name, "about": chosen.about, **figures}]}
    results.publish(result, out, render)
