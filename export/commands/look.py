"""The command that looks into a file: show."""

from pathlib import Path

import click

from export.commands.options import EXISTING, FILE, write_file
from export.graph import show
from export.graph.drawing import draw


@click.command("show")
@click.argument("file", type=EXISTING, default="pipeline.onnx")
@click.option("--svg", type=FILE, help="Also draw the graph here.")
def show_command(file: Path, svg: Path | None) -> None:
    """Print what is in an ONNX FILE: inputs, outputs, trees, features, tables, operators, metadata."""
    model = show.load(file)
    click.echo(show.as_text(file, model))
    if svg:
        write_file(svg, draw(model).encode())
        click.echo(f"\n{svg}: the graph")
