"""`python -m export`: the command line of the offline side.

Each command reads, calls one stage after the other, and writes.
"""

import json
import sys
from pathlib import Path

import click

from export import bundle, evaluate, fetch, golden, protocols
from export.assemble import about_of, assemble
from export.booster import order_tables, read_booster
from export.errors import ExportError
from export.flights import read_flights, read_ids
from export.progress import Bars
from export.recipes import RECIPES
from export.train import train
from export.verify import prove_bundle

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
DATA = click.option("--data", "data", type=EXISTING, required=True, help="The flights, a CSV or a gzipped one.")
RECIPE = click.option(
    "--recipe",
    "recipe_name",
    type=click.Choice(sorted(RECIPES)),
    default="reference",
    show_default=True,
    help="What to train.",
)
VERSION = click.option("--version", default="1", show_default=True, help="The model's version, in the manifest.")


@click.group(context_settings={"show_default": True})
def cli() -> None:
    """From the flights to the bundle that the service serves: model.onnx and tables/."""


@cli.command("fetch")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("data/dataset_SCL.csv"),
    help="Where to put it.",
)
@click.option(
    "--url", "addresses", multiple=True, help="Another address to try; may be given again.  [default: public ones]"
)
@click.option("--sha256", default=fetch.SHA256, help="The sha256 that the file has to have.")
def fetch_command(out: Path, addresses: tuple[str, ...], sha256: str) -> None:
    """Download the flights of 2017 and check that they are those."""
    if fetch.is_there(out, sha256):
        click.echo(f"{out} is there already")
        return
    with Bars() as bars:
        fetch.fetch(
            addresses or fetch.ADDRESSES,
            out,
            sha256,
            lambda text: click.echo(text, err=True),
            lambda received: bars("downloading", received, fetch.SIZE),
        )
    click.echo(f"{out} written, sha256 {sha256}")


@cli.command("train")
@DATA
@RECIPE
@VERSION
@click.option("--out", type=FOLDER, required=True, help="Folder to write model.onnx and tables/ to.")
@click.option(
    "--booster", type=click.Path(dir_okay=False, path_type=Path), help="Also write LightGBM's own text model here."
)
def train_command(data: Path, recipe_name: str, version: str, out: Path, booster: Path | None) -> None:
    """Train a recipe on every flight, export it, prove it and write the bundle."""
    recipe = RECIPES[recipe_name]
    flights = read_flights(data)
    about = {"name": "flight_delay", "version": version, "recipe": recipe.name, "threshold": recipe.threshold}
    with Bars() as bars:
        trained = train(recipe, flights, bars)
        made = assemble(trained.booster, trained.tables, about, flights, bars)
    bundle.write(made, out)
    if booster:
        write_file(booster, trained.booster.model_to_string().encode())
    report(made, out)


@cli.command("convert")
@click.option("--booster", type=EXISTING, required=True, help="A binary LightGBM model, as text.")
@click.option("--tables", type=FOLDER, required=True, help="Folder with manifest.json and one JSON a feature.")
@click.option("--out", type=FOLDER, required=True, help="Folder to write model.onnx and tables/ to.")
def convert_command(booster: Path, tables: Path, out: Path) -> None:
    """Make a bundle of your own LightGBM model and its tables."""
    manifest, unordered = bundle.read_tables(tables)
    loaded = read_booster(booster)
    with Bars() as bars:
        made = assemble(loaded, order_tables(loaded, unordered), about_of(manifest), None, bars)
    bundle.write(made, out)
    report(made, out)


@cli.command("verify")
@click.option("--bundle", "folder", type=FOLDER, default=Path(), help="Folder with model.onnx and tables/.")
@click.option("--booster", type=EXISTING, help="The LightGBM text model that it was made from, to compare with.")
@click.option("--data", type=EXISTING, help="Flights to compare on, besides random keys.")
def verify_command(folder: Path, booster: Path | None, data: Path | None) -> None:
    """Prove a bundle again: whole, sound, and (with --booster) equal to LightGBM."""
    made = bundle.read(folder)
    flights = read_flights(data) if data else None
    with Bars() as bars:
        parity = prove_bundle(
            made.tables, made.model, read_booster(booster) if booster else None, flights.parts if flights else [], bars
        )
    click.echo(
        f"{folder}: whole; {len(made.tables)} features, {parity.rows + parity.random_rows:,} rows scored, all sound"
    )
    if booster:
        click.echo(f"equal to {booster}: {parity.pairs:,} pairs of a value and a threshold on the same side,")
        click.echo(f"largest difference {parity.max_abs_diff:.2e}")


@cli.command("evaluate")
@DATA
@RECIPE
@click.option(
    "--protocol",
    type=click.Choice(["backtest", "reference-split"]),
    default="backtest",
    help="Test the last six months, each after all before it; or the flights of a list.",
)
@click.option("--test", type=EXISTING, help="CSV that lists the flights to hold out, for reference-split.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def evaluate_command(data: Path, recipe_name: str, protocol: str, test: Path | None, as_json: bool) -> None:
    """Measure a recipe on flights that it was not trained on."""
    if (protocol == "reference-split") != (test is not None):
        raise click.UsageError("--test LIST.csv goes with --protocol reference-split, and it needs one")
    recipe, flights = RECIPES[recipe_name], read_flights(data)
    splits = protocols.reference_split(flights, read_ids(test)) if test else protocols.backtest(flights)
    with Bars() as bars:
        result = evaluate.as_json(protocol, recipe, evaluate.run(recipe, flights, splits, bars))
    click.echo(json.dumps(result, indent=1) if as_json else evaluate.as_text(result))


@cli.command("golden")
@click.option("--bundle", "folder", type=FOLDER, default=Path(), help="Folder with model.onnx and tables/.")
@click.option("--booster", type=EXISTING, required=True, help="The LightGBM text model that it was made from.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("examples/golden.json"),
    help="File to write.",
)
def golden_command(folder: Path, booster: Path, out: Path) -> None:
    """Write flights with the probability that LightGBM gives them, for other runtimes to compare with."""
    vectors = golden.golden_vectors(bundle.read(folder).tables, read_booster(booster))
    write_file(out, golden.to_json(vectors))
    click.echo(f"{out}: {len(vectors):,} flights")


def report(made: bundle.Bundle, out: Path) -> None:
    parity = made.manifest["parity"]
    click.echo(f"{out}: model.onnx ({len(made.model) / 1000:,.0f} kB) and {len(made.tables)} tables written")
    click.echo(
        f"proved: {parity['pairs']:,} pairs of a value and a threshold on the same side ({parity['nudged']} nudged), "
        f"largest difference {parity['max_abs_diff']:.1e} "
        f"on {parity['rows']:,} flights and {parity['random_rows']:,} random keys"
    )


def write_file(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}") from None


def main() -> None:
    try:
        cli(prog_name="python -m export")
    except ExportError as error:
        click.echo(f"atraso: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
