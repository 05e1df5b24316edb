"""The command that looks into a file: show."""

from pathlib import Path

import click

from export.commands.options import EXISTING
from export.graph import show


@click.command("show")
@click.argument("file", type=EXISTING, default="pipeline.onnx")
def show_command(file: Path) -> None:
    """Print what is in an ONNX FILE: inputs, outputs, trees, features, tables, operators, metadata."""
    click.echo(show.as_text(file, show.load(file)))
