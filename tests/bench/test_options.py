from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bench import options
from bench.__main__ import COMMANDS


@click.command
@options.out("made-up")
def command(out: Path) -> None:
    click.echo(out)


PLACES = {
    "beside": ([], "bench/results/local/made-up.json"),
    "published": (["--publish"], "bench/results/made-up.json"),
    "named": (["--out", "a.json"], "a.json"),
}


@pytest.mark.parametrize(("args", "place"), PLACES.values(), ids=PLACES)
def test_a_published_result_is_only_replaced_where_that_is_asked(
    args: list[str], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ATRASO_CARGO_PROFILE", raising=False)
    assert CliRunner().invoke(command, args).output == f"{place}\n"


def test_where_nothing_can_be_written_nothing_is_measured() -> None:
    ended = CliRunner().invoke(command, ["--out", "/dev/null/a.json"])
    assert (ended.output, str(ended.exception)) == ("", "/dev/null: cannot be written to: Not a directory")


def test_two_places_are_a_sentence() -> None:
    ended = CliRunner().invoke(command, ["--publish", "--out", "a.json"])
    assert ended.exit_code == 2
    assert "--out and --publish name two places" in ended.output


def test_figures_of_a_quick_build_are_not_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATRASO_CARGO_PROFILE", "dev")
    ended = CliRunner().invoke(command, ["--publish"])
    assert ended.exit_code == 2
    assert "ATRASO_CARGO_PROFILE=dev" in ended.output
    assert CliRunner().invoke(command, []).exit_code == 0


def test_every_command_that_measures_has_both() -> None:
    for module in COMMANDS:
        names = {each.name for each in module.command.params}
        assert {"out", "publish"} <= names or module.command.name == "report"
