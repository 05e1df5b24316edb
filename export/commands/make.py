"""The commands that make a bundle or check one: train, convert, refresh, outcomes, pipeline, verify, golden, sample."""

from pathlib import Path

import click

from export import bundle
from export.assemble import about_of, assemble, check_ranks, proved
from export.commands.options import (
    BOOSTER,
    BUNDLE,
    DATA,
    EXISTING,
    EXISTING_OR_FOLDER,
    FILE,
    FOLDER,
    OUT,
    RECIPE,
    csv_files,
    needed_truth,
    noted,
    report,
    truth_of,
)
from export.data import sample
from export.data.codes import read_codes
from export.data.flights import Flights, read_column, read_flights
from export.files import check_writable, write_file
from export.graph import golden
from export.graph.booster import order_tables, read_booster
from export.graph.drawn import samples
from export.graph.verify import prove_bundle, prove_pipeline
from export.learn.effects.effect import Effects
from export.learn.evidence import stored
from export.learn.evidence.ranges import backtested_range
from export.learn.fitted.linear import Linear
from export.learn.recipes import RECIPES
from export.learn.train import train
from export.progress import Bars
from export.upkeep.outcomes import join_outcomes
from export.upkeep.refresh import as_text, joined, refresh


@click.command("train")
@DATA
@RECIPE
@click.option("--version", default="1", help="The model's version, in the manifest.")
@OUT
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="The probability above which a reply says «Alta».  [default: the recipe's]",
)
@click.option("--booster", type=FILE, help="Also write LightGBM's own text model here.")
@click.option(
    "--range",
    "ranged",
    is_flag=True,
    help="Also measure how far past months were off, so that the service tells how sure it is: six more trainings.",
)
def train_command(
    data: Path, recipe_name: str, version: str, out: Path, threshold: float | None, booster: Path | None, ranged: bool
) -> None:
    """Train a recipe on every flight, export it, prove it and write the bundle."""
    check_writable(out, booster and booster.parent)
    recipe = RECIPES[recipe_name]
    if booster and isinstance(recipe, Effects):
        raise click.UsageError("--booster has no meaning for the recipe effects: its model has no trees")
    flights = noted(read_flights(data))
    about = {
        "name": "flight_delay",
        "version": version,
        "recipe": recipe.name,
        "threshold": recipe.threshold if threshold is None else threshold,
        "level": 0.0,
    }
    with Bars() as bars:
        trained = train(recipe, flights, bars)
        check_ranks(trained.truth, trained.tables, flights)
        made = assemble(trained.truth, trained.tables, about, flights, bars, read_codes(data))
        if ranged:
            made = bundle.with_range(made, backtested_range(recipe, flights, bars))
    bundle.write(made, out)
    if booster:
        write_file(booster, trained.booster.model_to_string().encode())
    report(made, out)


@click.command("convert")
@click.option("--booster", type=EXISTING, required=True, help="A binary LightGBM model, as text.")
@click.option("--tables", type=FOLDER, required=True, help="Folder with manifest.json and one JSON a feature.")
@click.option(
    "--data",
    type=EXISTING,
    help="The flights that it was trained on: proved on them too, and told of in the manifest, which `drift` needs.",
)
@OUT
def convert_command(booster: Path, tables: Path, data: Path | None, out: Path) -> None:
    """Make a bundle of your own LightGBM model and its tables."""
    check_writable(out)
    manifest, unordered = bundle.read_tables(tables)
    loaded = read_booster(booster)
    flights = noted(read_flights(data)) if data else None
    with Bars() as bars:
        made = assemble(loaded, order_tables(loaded, unordered), about_of(manifest), flights, bars)
    made = bundle.with_range(made, manifest.get("range"))
    bundle.write(made, out)
    report(made, out)


@click.command("refresh")
@BUNDLE
@BOOSTER
@click.option(
    "--data",
    "data",
    type=EXISTING,
    multiple=True,
    required=True,
    help="Flights that the tables are to be made from; give it again for each file, the old ones too.",
)
@click.option("--version", help="The new version.  [default: the old one with its last number raised]")
@click.option("--out", type=FOLDER, help="Folder to write model.onnx and tables/ to.  [default: that of the bundle]")
@click.option(
    "--level/--no-level",
    "with_level",
    default=True,
    help="Whether to add one number to all log-odds, so that probabilities follow how much was late lately.",
)
def refresh_command(
    folder: Path, booster: Path | None, data: tuple[Path, ...], version: str | None, out: Path | None, with_level: bool
) -> None:
    """Make the tables again from more flights, for the same trees, prove both again and write them."""
    check_writable(out or folder)
    old = bundle.read(folder)
    with Bars() as bars:
        made, changes = refresh(
            old,
            needed_truth(old, booster),
            noted(joined([read_flights(path) for path in data])),
            version,
            bars,
            read_codes(*data),
            with_level,
        )
    bundle.write(made, out or folder)
    click.echo(as_text(old.manifest, made.manifest, changes))
    if made.evidence:
        before = old.evidence.flights if old.evidence else 0
        click.echo(f"evidence: {made.evidence.flights:,} flights counted, {before:,} before")
    report(made, out or folder)


@click.command("outcomes")
@click.option(
    "--log",
    "logs",
    type=EXISTING_OR_FOLDER,
    multiple=True,
    required=True,
    help="The service's prediction log, the folder or its files.",
)
@click.option("--data", "data", type=EXISTING, multiple=True, required=True, help="Flights as they flew, with Fecha-O.")
@click.option("--out", type=FILE, required=True, help="CSV to write.")
def outcomes_command(logs: tuple[Path, ...], data: tuple[Path, ...], out: Path) -> None:
    """Join what was predicted with what happened, for `drift` and `refresh` to read."""
    made = join_outcomes(csv_files(logs), data)
    write_file(out, made.content)
    click.echo(f"{out}: {made.flown:,} of {made.predicted:,} predicted flights have flown")


@click.command("verify")
@BUNDLE
@click.option("--booster", type=EXISTING, help="The LightGBM text model that it was made from, to compare with.")
@click.option("--data", type=EXISTING, help="Flights to compare on, besides random keys.")
def verify_command(folder: Path, booster: Path | None, data: Path | None) -> None:
    """Prove a bundle again: whole, sound, and (with --booster) equal to LightGBM."""
    made = bundle.read(folder)
    pipeline = bundle.read_pipeline(folder)
    flights = noted(read_flights(data)) if data else None
    level = about_of(made.manifest)["level"]
    if flights:
        _check_evidence(folder, made, flights)
    with Bars() as bars:
        truth = truth_of(made, booster)
        drawn = samples(made.tables, flights.parts if flights else ())
        parity = prove_bundle(made.tables, made.model, truth, drawn, bars, level)
        if pipeline is not None:
            prove_pipeline(made.tables, made.model, pipeline, drawn, bars)
    rows = parity.rows + parity.keys + parity.random_rows
    click.echo(f"{folder}: whole; {len(made.tables)} features, {rows:,} rows scored, every key among them, all sound")
    if made.evidence:
        click.echo(f"evidence: {made.evidence.flights:,} flights counted, {made.evidence.late:,} of them late")
    if pipeline is not None:
        click.echo(f"{folder / 'pipeline.onnx'}: equal to it, to the bit")
    if isinstance(truth, Linear):
        click.echo(f"equal to the sum in float64, largest difference {parity.max_abs_diff:.2e}")
    elif booster:
        more = f" with {level:+.6f} added to all log-odds" if level else ""
        click.echo(f"equal to {booster}{more}: {parity.pairs:,} pairs of a value and a split on the same side,")
        click.echo(f"largest difference {parity.max_abs_diff:.2e}")


def _check_evidence(folder: Path, made: bundle.Bundle, flights: Flights) -> None:
    """Against the flights, where it is of these and no others: a refresh may have added some to those of before."""
    data = made.manifest.get("data") or {}
    if made.evidence and data.get("sha256") == flights.sha256 and made.evidence.flights == len(flights):
        stored.check_anew(folder, made.evidence, made.tables, flights)


@click.command("pipeline")
@BUNDLE
@click.option("--out", type=FILE, default=Path("pipeline.onnx"), help="File to write.")
def pipeline_command(folder: Path, out: Path) -> None:
    """Write pipeline.onnx, the tables and the model in one file, of a bundle that has none yet."""
    check_writable(out.parent)
    made = bundle.read(folder)
    with Bars() as bars:
        proved(made, samples(made.tables), bars)
    write_file(out, made.pipeline)
    click.echo(f"{out}: {len(made.pipeline) / 1000:,.0f} kB, equal to tables/ and model.onnx to the bit")


@click.command("golden")
@BUNDLE
@BOOSTER
@click.option("--out", type=FILE, default=Path("examples/golden.json"), help="File to write.")
def golden_command(folder: Path, booster: Path | None, out: Path) -> None:
    """Write flights with the probability of LightGBM, or of the sum in float64, for other runtimes to compare with.

    Beside that file it writes times.json: texts, and what the service reads each as.
    """
    check_writable(out.parent)
    made = bundle.read(folder)
    vectors = golden.golden_vectors(made.tables, needed_truth(made, booster), about_of(made.manifest)["level"])
    write_file(out, golden.to_json(vectors))
    times = golden.golden_times()
    write_file(out.with_name("times.json"), golden.to_json(times))
    click.echo(f"{out}: {len(vectors):,} flights; {out.with_name('times.json')}: {len(times)} times")


@click.command("sample")
@DATA
@click.option("--out", type=FILE, default=Path("flights.json"), help="File to write, beside model.onnx.")
def sample_command(data: Path, out: Path) -> None:
    """Write some of the flights, with what happened, for people who try the service."""
    flights = noted(read_flights(data))
    made = sample.sample(flights, read_column(data, "Fecha-O"))
    write_file(out, sample.to_json(made))
    click.echo(f"{out}: {len(made):,} of {len(flights):,} flights")
