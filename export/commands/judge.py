"""The commands that tell how good a recipe or a bundle is: evaluate, report, drift."""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from export import bundle
from export.commands.options import (
    BUNDLE,
    DATA,
    EXISTING,
    EXISTING_OR_FOLDER,
    FILE,
    FOLDER,
    RECIPE,
    csv_files,
    noted,
)
from export.data.flights import read_asked, read_flights, read_ids
from export.files import check_writable, write_file
from export.learn import protocols
from export.learn.measured import told
from export.learn.recipes import RECIPES
from export.progress import Bars
from export.upkeep.drift import Limits, as_text, drift
from export.upkeep.refresh import joined

EXCEEDED = 3
"""The exit status where a limit is exceeded, so that a scheduler can act."""


class Limit(click.FloatRange):
    """A number from 0 to `max`; NaN is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail("it is not a number", param, ctx)
        return number


def limit(name: str, most: float, help: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option that is a field of `Limits`."""
    return click.option(f"--{name.replace('_', '-')}", type=Limit(0, most), default=getattr(Limits, name), help=help)


@click.command("evaluate")
@DATA
@RECIPE
@click.option(
    "--protocol",
    type=click.Choice(["backtest", "weekly", "candidates", "reference-split"]),
    default="backtest",
    help="Test the last six months, each after all before it; the same with a refresh every Monday; by the candidate "
    "that was best before each month; or the flights of a list.",
)
@click.option("--lag-days", type=click.IntRange(0, 366), default=1, help="For weekly: days until an outcome is known.")
@click.option("--test", type=EXISTING, help="CSV that lists the flights to hold out, for reference-split.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def evaluate_command(
    data: Path, recipe_name: str, protocol: str, lag_days: int, test: Path | None, as_json: bool
) -> None:
    """Measure a recipe on flights that it was not trained on."""
    if (protocol == "reference-split") != (test is not None):
        raise click.UsageError("--test LIST.csv goes with --protocol reference-split, and it needs one")
    recipe, flights = RECIPES[recipe_name], noted(read_flights(data))
    splits = protocols.reference_split(flights, read_ids(test)) if test else None
    with Bars() as bars:
        result = told.tell(protocol, recipe, flights, splits, lag_days, bars)
    click.echo(json.dumps(result, indent=1) if as_json else told.as_text(result))


@click.command("report")
@DATA
@click.option(
    "--test", type=EXISTING, help="CSV that lists the flights of the reference split.  [default: a random fifth]"
)
@click.option("--quick", is_flag=True, help="Look at every fourth flight only: two minutes instead of ten.")
@click.option(
    "--out",
    type=FOLDER,
    default=Path("docs"),
    help="Folder for model.md, model.json, the pages model.html and ficha.html, and img/.",
)
def report_command(data: Path, test: Path | None, quick: bool, out: Path) -> None:
    """Try everything again, measure it, and write the model's page."""
    from export.report.write import make_plan, write_report  # what it needs takes seconds to import

    check_writable(out)
    with Bars() as bars:
        files = write_report(make_plan(data, test, quick), out, bars)
    named = ", ".join([str(files[0]), *(path.name for path in files[1:4])])
    click.echo(f"{named} and {len(files) - 4} pictures written")


@click.command("drift", epilog=f"Ends with status 0 within the limits, and {EXCEEDED} where one is exceeded.")
@BUNDLE
@click.option(
    "--data",
    "data",
    type=EXISTING_OR_FOLDER,
    multiple=True,
    required=True,
    help="New flights, with Fecha-O or without; a folder stands for its CSV files; may be given again.",
)
@click.option("--json", "json_file", type=FILE, help="Also write every figure here, as JSON.")
@click.option("--picture", type=FILE, help="Also draw it here, as PNG.")
@limit("max_psi", 100, "Largest population stability index of a feature.")
@limit("max_unknown", 1, "Largest share of flights of an unknown airline, or to an unknown destination.")
@limit("max_rate_change", 1, "Largest change of the delay rate, up or down.")
@limit("min_auc", 1, "Least AUC.")
@limit("max_calibration_error", 1, "Largest calibration error.")
def drift_command(
    folder: Path, data: tuple[Path, ...], json_file: Path | None, picture: Path | None, **limits: float
) -> None:
    """Tell how far new flights have moved away from those that the bundle was made from.

    The service's prediction log will do: what needs outcomes is left out where there are none.
    """
    check_writable(*(path.parent for path in (json_file, picture) if path))
    flights = noted(joined([read_asked(path) for path in csv_files(data)]))
    figures = drift(bundle.read(folder), flights, Limits(**limits))
    click.echo(as_text(figures))
    if json_file:
        write_file(json_file, bundle.to_json(figures))
    if picture:
        from export.upkeep.drift_picture import draw_drift  # matplotlib takes a second to import

        write_file(picture, draw_drift(figures, data[0].name))
    if not figures["ok"]:
        sys.exit(EXCEEDED)
