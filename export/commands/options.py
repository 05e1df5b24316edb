"""Options that several commands have, and what each prints of a bundle that it wrote."""

from collections.abc import Sequence
from pathlib import Path

import click

from export.assemble import about_of
from export.bundle import Bundle
from export.data.flights import Flights
from export.errors import ExportError
from export.graph.booster import read_booster
from export.graph.linear.classifier import read_linear
from export.learn.fitted.linear import Truth
from export.learn.recipes import RECIPES

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
EXISTING_OR_FOLDER = click.Path(exists=True, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)

DATA = click.option("--data", "data", type=EXISTING, required=True, help="The flights, a CSV or a gzipped one.")
RECIPE = click.option(
    "--recipe", "recipe_name", type=click.Choice(sorted(RECIPES)), default="improved", help="What to train."
)
BUNDLE = click.option("--bundle", "folder", type=FOLDER, default=Path(), help="Folder with model.onnx and tables/.")
BOOSTER = click.option(
    "--booster",
    type=EXISTING,
    help="The LightGBM text model that it was made from: model.txt beside the shipped one. Trees need it; a model that "
    "adds up, of the recipe effects, has none.",
)
OUT = click.option(
    "--out", type=FOLDER, required=True, help="Folder to write model.onnx, tables/ and pipeline.onnx to."
)


def csv_files(paths: Sequence[Path]) -> list[Path]:
    """The paths, with the CSV files of a folder in its place, by name. Raises ExportError where it has none."""
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        if not found:
            raise ExportError(f"{path}: there is no CSV file in it")
        files += found
    return files


def noted(flights: Flights) -> Flights:
    """Those flights, once a person was told what was not read as it stands."""
    for note in flights.notes:
        click.echo(f"atraso: {note}", err=True)
    return flights


def truth_of(made: Bundle, booster: Path | None) -> "Truth | None":
    """What the bundle's model is proved against: itself where it adds up, LightGBM's text where that is given.

    Raises ExportError where a text is given and there are no trees.
    """
    linear = read_linear(made.model, about_of(made.manifest)["level"])
    if linear and booster:
        raise ExportError(f"{booster}: the bundle's model adds its tables up, and was made of no booster: leave it out")
    return read_booster(booster) if booster else linear


def needed_truth(made: Bundle, booster: Path | None) -> Truth:
    """Raises ExportError where trees come without LightGBM's text."""
    found = truth_of(made, booster)
    if found is None:
        raise ExportError("the bundle's model is of trees: --booster has to name LightGBM's text of them, model.txt")
    return found


def report(made: Bundle, out: Path) -> None:
    """Say what was written and what was proved."""
    parity = made.manifest["parity"]
    click.echo(
        f"{out}: model.onnx ({len(made.model) / 1000:,.0f} kB), {len(made.tables)} tables "
        f"and pipeline.onnx ({len(made.pipeline) / 1000:,.0f} kB) written"
    )
    click.echo(
        "proved: "
        + (
            f"{parity['pairs']:,} pairs of a value and a split on the same side ({parity['nudged']} nudged), "
            if parity["pairs"]
            else ""
        )
        + f"largest difference {parity['max_abs_diff']:.1e} "
        f"on {parity['rows']:,} flights, {parity['keys']:,} keys and {parity['random_rows']:,} random ones"
    )
