"""`python -m bulk FLIGHTS -o OUT`: the command line."""

import codecs
import os
import signal
import sys

from export.errors import ExportError, missing

try:
    from pathlib import Path

    import click

    from bulk import __version__
    from bulk.run import Wanted, run
    from export.data.headers import FIELDS
    from export.progress import say
    from service.model.files import BundleError
    from service.settings import ROOT, usable_cpus
except ModuleNotFoundError as error:  # what a server needs is not enough
    missing(error, "bulk")

SOME_WRONG = 3
"""The exit status where rows went to the file of bad ones, so that a scheduler can act."""

ENDINGS = (".csv", ".csv.gz", ".parquet")

FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


@click.command(
    context_settings={"show_default": True},
    epilog=f"Ends with status 0, with {SOME_WRONG} where rows could not be scored, with 1 where it could not go on.",
)
@click.version_option(__version__, prog_name="atraso", message="%(prog)s %(version)s")
@click.argument("flights", type=FILE)
@click.option("-o", "--out", type=FILE, required=True, help=f"Where they go: a name with {', '.join(ENDINGS)}, or -.")
@click.option("--bad", type=FILE, help="Where rows go that cannot be scored.  [default: OUT with .bad.csv at its end]")
@click.option("--bundle", type=click.Path(file_okay=False, path_type=Path), default=ROOT, help="Folder of the model.")
@click.option("--opera", help="The column with the airline, where its name does not tell.")
@click.option("--siglades", help="The column with the destination.")
@click.option("--fecha", help="The column with the scheduled time.")
@click.option("--encoding", help="What a CSV that is not UTF-8 is in, such as cp1252.")
@click.option("--processes", type=click.IntRange(1, 256), default=usable_cpus, help="How many score.")
@click.option("--native/--no-native", default=True, help="Read with the Rust module where it was built.")
@click.option("--memo/--no-memo", default=True, help="Ask the model once about flights that are the same to it.")
@click.option("--force", is_flag=True, help="Replace what is there.")
def cli(
    flights: Path,
    out: Path,
    bad: Path | None,
    bundle: Path,
    opera: str | None,
    siglades: str | None,
    fecha: str | None,
    encoding: str | None,
    processes: int,
    native: bool,
    memo: bool,
    force: bool,
) -> None:
    """Score a file of flights, CSV or Parquet: the same rows, each with the probability of a delay.

    A run that was cut off goes on where it was when the same command is given again.
    """
    given = dict(zip(FIELDS, (opera, siglades, fecha), strict=True))
    wanted = Wanted(
        flights=_path(flights),
        out=_path(out),
        bad=bad or _bad(out),
        bundle=bundle,
        columns={field: name for field, name in given.items() if name},
        encoding=_encoding(encoding),
        processes=processes,
        native=native,
        memo=memo,
        force=force,
    )
    done = run(wanted)
    unknown = f", {done.unknown:,} of them with an unknown name" if done.unknown else ""
    say(f"atraso: {done.flights:,} flights scored{unknown}" + (f": {out}" if wanted.out else ""))
    if done.wrong:
        say(f"atraso: {done.wrong:,} rows could not be scored: {wanted.bad} says why")
        sys.exit(SOME_WRONG)


def _path(path: Path) -> Path | None:
    return None if str(path) == "-" else path


def _bad(out: Path) -> Path:
    if str(out) == "-":
        raise click.UsageError("-o - needs --bad FILE, where rows go that cannot be scored")
    for ending in sorted(ENDINGS, key=len, reverse=True):
        if out.name.endswith(ending) and out.name != ending:
            return out.with_name(out.name.removesuffix(ending) + ".bad.csv")
    raise click.UsageError(f"{out}: what comes out has a name with {', '.join(ENDINGS)} at its end")


def _encoding(name: str | None) -> str | None:
    try:
        return name and codecs.lookup(name).name
    except LookupError:
        raise click.UsageError(f"--encoding {name}: Python knows no such encoding") from None


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was done is recorded
    try:
        cli(
            prog_name="atraso-bulk" if "_ATRASO_BULK_COMPLETE" in os.environ else "python -m bulk",
            standalone_mode=False,
        )
    except click.exceptions.Abort:
        stopped()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (ExportError, BundleError) as error:
        say(f"atraso: {error}")
        sys.exit(1)
    except BrokenPipeError:  # nobody reads what comes out any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def stopped() -> None:
    say("atraso: stopped; the same command goes on where it was")
    sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
