"""The command that gets the data: fetch."""

from pathlib import Path

import click

from export.commands.options import FILE
from export.data import fetch
from export.progress import Bars, say


@click.command("fetch")
@click.option("--out", type=FILE, default=Path("data/dataset_SCL.csv"), help="Where to put it.")
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
            say,
            lambda received: bars("downloading", received, fetch.SIZE),
        )
    click.echo(f"{out} written, sha256 {sha256}")
