"""`python -m export`: the command line of the offline side.

Each command reads, calls one stage after the other, and writes.
"""

import os
import sys

# One thread, read as the libraries load: on some ten thousand rows a second one costs more than it gives, and on
# busy cores the threads wait for each other. It also makes every sum the same on every machine. It is set here and not
# in the package, so that a server that `bench` measures does not get it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from export import __version__
from export.errors import ExportError, missing

try:
    import click

    from export.commands.get import fetch_command
    from export.commands.judge import drift_command, evaluate_command, report_command
    from export.commands.look import show_command
    from export.commands.make import (
        convert_command,
        golden_command,
        outcomes_command,
        pipeline_command,
        refresh_command,
        sample_command,
        train_command,
        verify_command,
    )
except ModuleNotFoundError as error:  # what a server needs is not enough
    missing(error, "export")


@click.version_option(__version__, prog_name="atraso", message="%(prog)s %(version)s")
@click.group(context_settings={"show_default": True})
def cli() -> None:
    """From the flights to the bundle that the service serves, and to pipeline.onnx for others."""


for command in (
    fetch_command,
    train_command,
    convert_command,
    refresh_command,
    outcomes_command,
    verify_command,
    pipeline_command,
    golden_command,
    sample_command,
    show_command,
    evaluate_command,
    report_command,
    drift_command,
):
    cli.add_command(command)


def main() -> None:
    try:
        cli(prog_name="atraso-export" if "_ATRASO_EXPORT_COMPLETE" in os.environ else "python -m export")
    except ModuleNotFoundError as error:
        missing(error, "export")
    except ExportError as error:
        click.echo(f"atraso: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
