import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from export.bundle import read
from export.errors import ExportError

OPERA = "historical_delay_ratio_OPERA"


@pytest.fixture
def change(small_bundle: Any, tmp_path: Path) -> Callable[[Callable[[Any], Any]], Path]:
    """A bundle whose counts are others than they should be, and tied to its manifest all the same."""

    def make(edit: Callable[[Any], Any]) -> Path:
        folder = shutil.copytree(small_bundle.folder, tmp_path / "bundle")
        path, manifest_path = folder / "tables" / "evidence.json", folder / "tables" / "manifest.json"
        told = json.loads(path.read_bytes())
        edit(told)
        path.write_text(json.dumps(told))
        manifest = json.loads(manifest_path.read_bytes())
        manifest["evidence"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        manifest_path.write_text(json.dumps(manifest))
        return folder

    return make


def test_it_is_sorted_one_key_a_line(small_bundle: Any) -> None:
    text = (small_bundle.folder / "tables" / "evidence.json").read_text()
    told = json.loads(text)
    assert [*told["tables"]] == sorted(told["tables"])
    counts = told["tables"][OPERA]["counts"]
    assert [*counts] == sorted(counts)
    assert f'    "Ñandú Air": {counts["Ñandú Air"]}' in text.replace(",\n", "\n").splitlines()


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda told: told.pop("first"), "it should hold flights, late, first, last, routes and tables"),
        (lambda told: told.update(last="2016-01-01 00:00:00"), "first and last should be the times of two flights"),
        (lambda told: told["tables"].pop(OPERA), "its tables are not the manifest's"),
        (lambda told: told["tables"].update({OPERA: []}), "should have `months`"),
        (lambda told: told["tables"][OPERA].update(counts=[]), "counts should be an object"),
        (lambda told: told["tables"][OPERA]["counts"].update(x=[1, 2]), "'x' should have flights and late ones"),
        (lambda told: told["tables"][OPERA]["counts"].update(x=[0, 0]), "'x' should have flights and late ones"),
        (lambda told: told["tables"][OPERA]["counts"].update(x=[9999, 0]), "more than all"),
        (lambda told: told["tables"]["hora"]["counts"].update({"24": [1, 0]}), "'24' is not a value of hora"),
        (lambda told: told["routes"].pop("Sky Airline"), "its routes have"),
        (lambda told: told["routes"].update(x=[]), "the routes of 'x' should be an object"),
        (lambda told: told["routes"]["Sky Airline"]["Lima"].update({"1": [1, 0]}), "should have the parts"),
    ],
)
def test_what_contradicts_itself_is_told(
    change: Callable[[Callable[[Any], Any]], Path], edit: Callable[[Any], Any], sentence: str
) -> None:
    with pytest.raises(ExportError, match=rf"evidence\.json: .*{sentence}"):
        read(change(edit))


def test_verify_compares_it_with_the_flights(
    change: Callable[[Callable[[Any], Any]], Path],
    small_bundle: Any,
    small_csv: Path,
    run_export: Callable[..., str],
    fail_export: Callable[..., str],
) -> None:
    assert "evidence: 3,000 flights counted" in run_export(
        "verify", "--bundle", small_bundle.folder, "--data", small_csv
    )
    folder = change(lambda told: told["tables"][OPERA]["counts"]["Sky Airline"].__setitem__(1, 1))
    sentence = fail_export("verify", "--bundle", folder, "--data", small_csv)
    assert "its counts are not those of the manifest's flights" in sentence


def test_a_file_that_is_not_the_manifests_is_told(small_bundle: Any, tmp_path: Path) -> None:
    folder = shutil.copytree(small_bundle.folder, tmp_path / "bundle")
    path = folder / "tables" / "evidence.json"
    path.write_text(path.read_text().replace("Sky", "Sku"))
    with pytest.raises(ExportError, match=r"evidence\.json: its sha256 is"):
        read(folder)


@pytest.mark.parametrize(("number", "kept"), [(1, True), (2, False)])
def test_the_second_format_has_it_and_the_first_none(
    small_bundle: Any, tmp_path: Path, number: int, kept: bool
) -> None:
    folder = shutil.copytree(small_bundle.folder, tmp_path / "bundle")
    path = folder / "tables" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["format"] = number
    if not kept:
        del manifest["evidence"]
    path.write_text(json.dumps(manifest))
    with pytest.raises(ExportError, match="`evidence` goes with the format 2"):
        read(folder)
    manifest["format"] = 1
    manifest.pop("evidence", None)
    path.write_text(json.dumps(manifest))
    assert read(folder).evidence is None
