import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.bundle import read
from export.data.flights import Flights, read_flights
from export.errors import ExportError
from export.graph.sessions import OnnxModel
from export.learn.tables import matrix
from export.upkeep.refresh import joined, next_version
from service.model import bundle as bundles


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [folder / "model.onnx", *(folder / "tables").iterdir()]}


@pytest.fixture(scope="module")
def halves(small_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The flights until October, and those after."""
    header, *rows = small_csv.read_text().splitlines()
    folder = tmp_path_factory.mktemp("halves")
    parts = ("old", [row for row in rows if row < "2017-11"]), ("new", [row for row in rows if row >= "2017-11"])
    for name, some in parts:
        (folder / f"{name}.csv").write_text("\n".join([header, *some]) + "\n")
    return folder / "old.csv", folder / "new.csv"


@pytest.fixture(scope="module")
def old_bundle(
    halves: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory, run_export: Callable[..., str]
) -> Path:
    folder = tmp_path_factory.mktemp("old")
    run_export("train", "--data", halves[0], "--out", folder, "--booster", folder / "model.txt", "--threshold", 0.3)
    return folder


def test_new_flights_change_the_tables_and_not_the_model(
    old_bundle: Path, halves: tuple[Path, Path], tmp_path: Path, run_anew: Callable[..., str]
) -> None:
    flags = ["--bundle", old_bundle, "--booster", old_bundle / "model.txt", "--data", halves[0], "--data", halves[1]]
    for name in ("a", "b"):
        text = run_anew("refresh", *flags, "--out", tmp_path / name)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    before, after = read(old_bundle), read(tmp_path / "a")
    assert after.model != before.model  # its level
    assert after.tables != before.tables
    model, data = after.manifest["model"], after.manifest["data"]
    assert (model["version"], model["threshold"], model["recipe"]) == ("2", 0.3, "improved")
    assert data["rows"] == before.manifest["data"]["rows"] + len(read_flights(halves[1])) == 3000
    assert after.manifest["parity"]["rows"] == 3000
    assert "now     version 2: 3,000 flights" in text
    assert "proved: " in text
    served = bundles.read(tmp_path / "a")
    assert [table.name for table in served.tables] == [table.name for table in after.tables]


def test_the_same_flights_give_the_same_tables(
    small_bundle: Any, small_csv: Path, tmp_path: Path, run_export: Callable[..., str]
) -> None:
    flags = ["--bundle", small_bundle.folder, "--booster", small_bundle.booster_file, "--data", small_csv]
    run_export("refresh", *flags, "--version", "1", "--no-level", "--out", tmp_path)
    assert files(tmp_path) == files(small_bundle.folder)


def test_a_level_is_replaced_by_the_next_and_proved(
    small_bundle: Any, small_csv: Path, tmp_path: Path, run_export: Callable[..., str], fail_export: Callable[..., str]
) -> None:
    """Twice is as once, without one the model is as it was, and a level that is not the model's is found."""
    flags = ["--booster", small_bundle.booster_file, "--data", small_csv, "--version", "1"]
    run_export("refresh", "--bundle", small_bundle.folder, *flags, "--out", tmp_path / "once")
    run_export("refresh", "--bundle", tmp_path / "once", *flags, "--out", tmp_path / "twice")
    run_export("refresh", "--bundle", tmp_path / "twice", *flags, "--no-level", "--out", tmp_path / "none")
    assert files(tmp_path / "once") == files(tmp_path / "twice")
    assert files(tmp_path / "none") == files(small_bundle.folder)
    once = read(tmp_path / "once")
    level = once.manifest["model"]["level"]
    assert level
    features = matrix(once.tables, read_flights(small_csv).parts)
    odds = np.log(1 / small_bundle.booster.predict(features) - 1)
    assert OnnxModel(once.model).predict(features) == pytest.approx(1 / (1 + np.exp(odds - level)), abs=1e-6)
    verify = ("verify", "--bundle", tmp_path / "once", "--booster", small_bundle.booster_file)
    assert "added to all log-odds" in run_export(*verify)
    path = tmp_path / "once" / "tables" / "manifest.json"
    path.write_text(path.read_text().replace(f'"level": {level}', '"level": 0.5'))
    assert "and its level is 0.5" in fail_export(*verify)


def test_a_booster_of_another_model_is_refused_and_nothing_written(
    old_bundle: Path, small_bundle: Any, small_csv: Path, fail_export: Callable[..., str]
) -> None:
    before = files(old_bundle)
    flags = ["--bundle", old_bundle, "--booster", small_bundle.booster_file, "--data", small_csv]
    assert "not those of the booster" in fail_export("refresh", *flags)
    assert files(old_bundle) == before


def test_a_bundle_without_a_recipe_is_refused(
    small_bundle: Any, small_csv: Path, tmp_path: Path, run_export: Callable[..., str], fail_export: Callable[..., str]
) -> None:
    tables = small_bundle.folder / "tables"
    manifest = json.loads((tables / "manifest.json").read_bytes())
    run_export("convert", "--booster", small_bundle.booster_file, "--tables", tables, "--out", tmp_path)
    converted = json.loads((tmp_path / "tables" / "manifest.json").read_bytes())
    for recipe, sentence in (("mine", "the bundle's recipe is 'mine'"), ("reference", "are not those of the recipe")):
        converted["model"]["recipe"] = recipe
        (tmp_path / "tables" / "manifest.json").write_text(json.dumps(converted))
        flags = ["--bundle", tmp_path, "--booster", small_bundle.booster_file, "--data", small_csv]
        assert sentence in fail_export("refresh", *flags)
    assert manifest["model"]["recipe"] == "improved"


def test_what_an_old_manifest_does_not_tell_is_said(
    small_bundle: Any, small_csv: Path, tmp_path: Path, run_export: Callable[..., str]
) -> None:
    folder = shutil.copytree(small_bundle.folder, tmp_path / "bundle")
    path = folder / "tables" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    del manifest["data"]["delay_rate"], manifest["model"]["version"]
    path.write_text(json.dumps(manifest))
    flags = ["--bundle", folder, "--booster", small_bundle.booster_file, "--data", small_csv]
    assert "before  version 1: flights that it does not tell of" in run_export("refresh", *flags)


@pytest.mark.parametrize(
    ("version", "expected"), [("1", "2"), ("9", "10"), ("2017.9", "2017.10"), ("v3-beta", "v4-beta")]
)
def test_next_version(version: str, expected: str) -> None:
    assert next_version(version) == expected


def test_a_version_without_a_number() -> None:
    with pytest.raises(ExportError, match="'latest' has no number to raise"):
        next_version("latest")


def test_a_file_given_twice_would_count_double() -> None:
    one, other = (Flights([], np.zeros(0, bool), digest) for digest in ("a", "b"))
    with pytest.raises(ExportError, match="given twice"):
        joined([one, other, one])
    assert joined([one]) is one
    assert len({joined([one, other]).sha256, joined([other, one]).sha256, "a", "b"}) == 4


def test_flights_that_are_in_two_files_are_counted_once(halves: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = halves
    again = tmp_path / "again.csv"
    again.write_text(
        old.read_text().replace("\n", "\r\n") + "\r\n".join(new.read_text().splitlines()[1:101]), newline=""
    )
    first, second = read_flights(old), read_flights(again)
    both = joined([first, second])
    assert len(both) == len(first) + 100
    assert both.notes == (
        f"{len(first):,} flights are in two of the files: they are counted once, as the first of them tells",
    )
    assert joined([first, read_flights(new)]).notes == ()


def test_one_file_may_have_two_flights_that_look_the_same() -> None:
    flight = ("A", "B", datetime(2017, 1, 1))
    one, other = (Flights([flight] * count, np.ones(count, bool), str(count)) for count in (2, 3))
    assert len(joined([one, other])) == len(joined([other, one])) == 3


def test_a_mistyped_year_in_a_small_file_is_told(halves: tuple[Path, Path], tmp_path: Path) -> None:
    header, row, *_ = halves[1].read_text().splitlines()
    (tmp_path / "new.csv").write_text(f"{header}\n{row.replace('2017', '2071')}\n")
    with pytest.raises(ExportError, match="is its year mistyped"):
        joined([read_flights(halves[0]), read_flights(tmp_path / "new.csv")])


def test_tables_that_tell_nothing_are_not_written(
    old_bundle: Path, halves: tuple[Path, Path], tmp_path: Path, fail_export: Callable[..., str]
) -> None:
    """Flights that are all alike: whatever the tables say of them, the model ranks them at 0.5."""
    header, row, *_ = halves[0].read_text().splitlines()
    cells = row.split(",")
    rows = []
    for left in ("2017-01-02 08:01:00", "2017-01-02 09:00:00"):
        cells[0], cells[5] = "2017-01-02 08:00:00", left
        rows += [",".join(cells)] * 50
    (tmp_path / "new.csv").write_text("\n".join([header, *rows]) + "\n")
    flags = ["--bundle", old_bundle, "--booster", old_bundle / "model.txt", "--data", tmp_path / "new.csv"]
    assert "no better than chance (AUC 0.500)" in fail_export("refresh", *flags, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_training_that_learns_nothing_writes_nothing(
    small_csv: Path, tmp_path: Path, fail_export: Callable[..., str]
) -> None:
    (tmp_path / "few.csv").write_text("\n".join(small_csv.read_text().splitlines()[:301]) + "\n")
    sentence = fail_export("train", "--data", tmp_path / "few.csv", "--out", tmp_path / "out")
    assert "the model has no split" in sentence
    assert not (tmp_path / "out").exists()
