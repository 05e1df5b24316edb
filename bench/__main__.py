"""`python -m bench`: the command line. Each command is a module of `bench/commands/`."""

import os
import signal
import sys

from export.errors import ExportError, missing

try:
    import click

    from bench.commands import (
        bulk,
        compare,
        latency,
        micro,
        models,
        plan,
        report,
        run,
        runtimes,
        start,
        stress,
        sweep,
        workers,
    )
    from bench.errors import BenchError
    from service import __version__
    from service.model.bundle import BundleError
except ModuleNotFoundError as error:  # what a server needs is not enough
    missing(error, "bench")

COMMANDS = (run, compare, sweep, stress, latency, micro, models, runtimes, start, workers, plan, bulk, report)


@click.version_option(__version__, prog_name="atraso", message="%(prog)s %(version)s")
@click.group(commands=[module.command for module in COMMANDS])
def cli() -> None:
    """Measure the service, beside what could be used instead. Servers listen on this machine only."""


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that no server is left behind
    if not sys.platform.startswith("linux"):
        fail("the bench reads CPU time and memory as Linux tells them, and runs nowhere else")
    try:
        cli(prog_name="atraso-bench" if "_ATRASO_BENCH_COMPLETE" in os.environ else "python -m bench")
    except ModuleNotFoundError as error:
        missing(error, "bench")
    except (BenchError, BundleError, ExportError) as error:
        fail(str(error))


def fail(sentence: str) -> None:
    click.echo(f"atraso: {sentence}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
