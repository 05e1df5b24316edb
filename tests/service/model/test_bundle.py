import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.model.bundle import BundleError, read

ROOT = Path(__file__).resolve().parents[3]


def test_reads_the_shipped_bundle() -> None:
    bundle = read(ROOT)
    manifest = json.loads((ROOT / "tables" / "manifest.json").read_bytes())
    assert [table.name for table in bundle.tables] == [feature["name"] for feature in manifest["features"]]
    assert bundle.threshold == manifest["model"]["threshold"]
    hours = next(table for table in bundle.tables if table.key == ("hora",))
    assert set(hours.values) == set(range(24))
    days = next(table for table in bundle.tables if table.key == ("FECHA", "OPERA"))
    assert ("2017-07-10", "Grupo LATAM") in days.values


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    value = json.loads(path.read_bytes())
    change(value)
    path.write_text(json.dumps(value))


MANIFEST = "tables/manifest.json"
OPERA = "tables/historical_delay_ratio_OPERA.json"
HOUR = "tables/hora.json"
DAY = "tables/historical_delay_ratio_FECHA.json"

DAMAGES: dict[str, tuple[Callable[[Path], Any], str, str]] = {
    "no model": (lambda at: (at / "model.onnx").unlink(), "model.onnx", "No such file"),
    "model cut": (lambda at: (at / "model.onnx").write_bytes(b"x"), "model.onnx", "truncated, or of another bundle"),
    "no manifest": (lambda at: (at / MANIFEST).unlink(), MANIFEST, "No such file"),
    "manifest cut": (lambda at: (at / MANIFEST).write_text('{"format": 1'), MANIFEST, "not JSON"),
    "manifest a list": (lambda at: (at / MANIFEST).write_text("[]"), MANIFEST, "a JSON object"),
    "other format": (lambda at: edit(at / MANIFEST, lambda m: m.update(format=2)), MANIFEST, "its format is 2"),
    "no features": (lambda at: edit(at / MANIFEST, lambda m: m.update(features=[])), MANIFEST, "names no feature"),
    "feature a text": (lambda at: edit(at / MANIFEST, lambda m: m.update(features=["x"])), MANIFEST, "an object"),
    "no sha256": (lambda at: edit(at / MANIFEST, lambda m: m["model"].pop("sha256")), MANIFEST, "'sha256'"),
    "other sha256": (lambda at: edit(at / MANIFEST, lambda m: m["model"].update(sha256="0")), "model.onnx", "sha256"),
    "unknown part": (
        lambda at: edit(at / MANIFEST, lambda m: m["features"][0].update(key=["hour"])), MANIFEST, "key part 'hour'"),
    "no part": (lambda at: edit(at / MANIFEST, lambda m: m["features"][0].update(key=[])), MANIFEST, "one or more"),
    "default a text": (
        lambda at: edit(at / MANIFEST, lambda m: m["features"][0].update(default="0")), MANIFEST, "'default'"),
    "name a path": (
        lambda at: edit(at / MANIFEST, lambda m: m["features"][0].update(name="../model")), MANIFEST, "file name"),
    "no table": (lambda at: (at / OPERA).unlink(), OPERA, "No such file"),
    "NaN": (lambda at: (at / OPERA).write_text('{"Sky Airline": NaN}'), OPERA, "not JSON"),
    "null": (lambda at: (at / OPERA).write_text('{"Sky Airline": null}'), OPERA, "'Sky Airline' should be a finite"),
    "too large": (lambda at: (at / OPERA).write_text('{"Sky Airline": 1e999}'), OPERA, ""),
    "true": (lambda at: (at / OPERA).write_text('{"Sky Airline": true}'), OPERA, "finite number"),
    "hour 24": (lambda at: edit(at / HOUR, lambda t: t.update({"24": 0.1})), HOUR, "'24' is not a value of hora"),
    "hour 01": (lambda at: edit(at / HOUR, lambda t: t.update({"01": 0.1})), HOUR, "'01' is not a value of hora"),
    "no date": (lambda at: edit(at / DAY, lambda t: t.update({"10-07": 0.1})), DAY, "'10-07' is not a value of FECHA"),
    "parts missing": (
        lambda at: edit(at / MANIFEST, lambda m: m["features"][2].update(key=["OPERA", "MES"])), OPERA, "2 parts"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "file", "reason"), DAMAGES.values(), ids=DAMAGES)
def test_names_the_file_and_the_reason(tmp_path: Path, damage: Callable[[Path], Any], file: str, reason: str) -> None:
    shutil.copytree(ROOT / "tables", tmp_path / "tables")
    shutil.copy(ROOT / "model.onnx", tmp_path)
    damage(tmp_path)
    with pytest.raises(BundleError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / file))
    assert reason in str(caught.value)


def test_a_bundle_without_averages_is_explained_against_its_defaults(small_bundle: Any, tmp_path: Path) -> None:
    shutil.copytree(small_bundle.folder, tmp_path / "bundle")
    path = tmp_path / "bundle" / "tables" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    assert [table.average for table in read(small_bundle.folder).tables] == [*manifest["data"]["average"].values()]
    manifest["data"] = None
    path.write_text(json.dumps(manifest))
    assert [table.average for table in read(tmp_path / "bundle").tables] == [
        feature["default"] for feature in manifest["features"]
    ]
