import csv
import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from export.__main__ import cli
from export.commands.judge import EXCEEDED
from export.errors import ExportError

LOOSE = ("--min-auc", "0.5")


def drifted(bundle: Any, data: Path, *flags: object) -> Result:
    command = ["drift", "--bundle", bundle.folder, "--data", data, *flags]
    return CliRunner().invoke(cli, [*map(str, command)])


def changed(source: Path, target: Path, change: Callable[[dict[str, str]], dict[str, str]]) -> Path:
    with source.open(encoding="utf-8", newline="") as file, target.open("w", encoding="utf-8", newline="") as out:
        rows = csv.DictReader(file)
        writer = csv.DictWriter(out, rows.fieldnames or [])
        writer.writeheader()
        writer.writerows(change(row) for row in rows)
    return target


def test_the_flights_it_was_made_from_have_not_drifted(small_bundle: Any, small_csv: Path, tmp_path: Path) -> None:
    files = tmp_path / "drift.json", tmp_path / "drift.png"
    ended = drifted(small_bundle, small_csv, *LOOSE, "--json", files[0], "--picture", files[1])
    assert ended.exit_code == 0, ended.output
    assert "all within the limits" in ended.output
    figures = json.loads(files[0].read_bytes())
    assert figures["ok"]
    assert figures["exceeded"] == []
    assert figures["flights"] == 3000
    unknown = {row["name"].removeprefix("historical_delay_ratio_"): row["unknown"] for row in figures["features"]}
    assert unknown["hora"] == unknown["OPERA"] == unknown["SIGLADES_hora"] == unknown["FECHA"] == 0
    assert unknown["OPERA_hora"] > 0  # the airline with the separator in its name
    assert {row["psi"] for row in figures["features"]} == {0, None}
    assert figures["limits"]["min_auc"] == 0.5
    assert files[1].read_bytes().startswith(b"\x89PNG")
    assert files[1].stat().st_size > 20_000


CHANGES: dict[str, tuple[Callable[[dict[str, str]], dict[str, str]], str]] = {
    "airline": (lambda row: row | {"OPERA": "Nueva"}, "unknown OPERA"),
    "destination": (lambda row: row | {"SIGLADES": "Nueva"}, "unknown SIGLADES"),
    "all at noon": (lambda row: row | {"Fecha-I": row["Fecha-I"][:11] + "12:00:00"}, "PSI of hora"),
    "all late": (lambda row: row | {"Fecha-O": "2018-01-02 00:00:00"}, "change of the delay rate"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_has_drifted_is_named(name: str, small_bundle: Any, small_csv: Path, tmp_path: Path) -> None:
    change, what = CHANGES[name]
    data = changed(small_csv, tmp_path / "new.csv", change)
    ended = drifted(small_bundle, data, *LOOSE, "--json", tmp_path / "drift.json")
    assert ended.exit_code == EXCEEDED
    assert what in json.loads((tmp_path / "drift.json").read_bytes())["exceeded"]
    (line,) = [line for line in ended.output.splitlines() if line.startswith(f"{what} ")]
    assert line.endswith("<- exceeded")


def test_flights_with_one_outcome_have_no_auc(small_bundle: Any, small_csv: Path, tmp_path: Path) -> None:
    data = changed(small_csv, tmp_path / "new.csv", lambda row: row | {"Fecha-O": row["Fecha-I"]})
    ended = drifted(small_bundle, data, "--json", tmp_path / "drift.json", "--picture", tmp_path / "drift.png")
    assert ended.exit_code == EXCEEDED
    assert "AUC cannot be told" in ended.output
    assert json.loads((tmp_path / "drift.json").read_bytes())["auc"] is None


def test_a_limit_is_the_users(small_bundle: Any, small_csv: Path) -> None:
    assert drifted(small_bundle, small_csv, "--min-auc", "0.999").exit_code == EXCEEDED
    assert drifted(small_bundle, small_csv, "--min-auc", "0").exit_code == 0


def test_the_status_is_the_process_own(
    small_bundle: Any, small_csv: Path, tmp_path: Path, fail_export: Callable[..., str], run_export: Callable[..., str]
) -> None:
    """And a bundle that does not tell of its flights is an error, not a drift."""
    tables = small_bundle.folder / "tables"
    run_export("convert", "--booster", small_bundle.booster_file, "--tables", tables, "--out", tmp_path)
    sentence = fail_export("drift", "--bundle", tmp_path, "--data", small_csv)
    assert "does not tell how its training flights were spread" in sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data["distribution"].pop("hora"), "the distribution of 'hora' should have edges"),
        (lambda data: data["distribution"]["hora"]["shares"].pop(), "and one more of shares"),
        (lambda data: data["distribution"].update(hora=1), "the distribution of 'hora'"),
        (lambda data: data.pop("delay_rate"), "its data have no delay_rate"),
    ],
    ids=["a feature missing", "a share missing", "no object", "no rate"],
)
def test_a_manifest_that_does_not_tell_enough(
    change: Callable[[dict[str, Any]], Any], said: str, small_bundle: Any, small_csv: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(small_bundle.folder, tmp_path / "bundle")
    path = folder / "tables" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    change(manifest["data"])
    path.write_text(json.dumps(manifest))
    ended = drifted(replace(small_bundle, folder=folder), small_csv)
    assert isinstance(ended.exception, ExportError)
    assert said in str(ended.exception)


@pytest.mark.parametrize("limit", ["nan", "inf", "-1"])
def test_a_limit_is_a_number_in_its_range(limit: str, small_bundle: Any, small_csv: Path) -> None:
    ended = drifted(small_bundle, small_csv, "--max-psi", limit)
    assert ended.exit_code == 2
    assert "Invalid value for '--max-psi'" in ended.output


def test_a_picture_that_cannot_be_written_is_a_sentence(
    small_bundle: Any, small_csv: Path, tmp_path: Path, fail_export: Callable[..., str]
) -> None:
    (tmp_path / "file").write_text("")
    picture = tmp_path / "file" / "drift.png"
    sentence = fail_export("drift", "--bundle", small_bundle.folder, "--data", small_csv, "--picture", picture)
    assert str(picture) in sentence or str(picture.parent) in sentence


def test_real_flights_of_the_end_of_the_year(real_data: Path, tmp_path: Path, run_export: Callable[..., str]) -> None:
    """A model of January to October on November and December, and refreshed."""
    content = real_data.read_bytes()
    text = (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode()
    header, *rows = text.splitlines()
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("\n".join([header, *(row for row in rows if row < "2017-11")]))
    new.write_text("\n".join([header, *(row for row in rows if row >= "2017-11")]))
    booster = tmp_path / "model.txt"
    run_export("train", "--data", old, "--out", tmp_path, "--booster", booster)
    ended = CliRunner().invoke(
        cli, ["drift", "--bundle", str(tmp_path), "--data", str(new), "--json", str(tmp_path / "drift.json")]
    )
    figures = json.loads((tmp_path / "drift.json").read_bytes())
    assert ended.exit_code == (0 if figures["ok"] else EXCEEDED)
    assert figures["flights"] == 12_438
    assert figures["auc"] > 0.64
    assert {row["unknown"] for row in figures["features"] if "FECHA" in row["name"]} == {1.0}
    assert "version 2: 68,206 flights" in run_export(
        "refresh", "--bundle", tmp_path, "--booster", booster, "--data", old, "--data", new
    )
