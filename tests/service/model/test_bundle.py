import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from service.model.bundle import BundleError, read

ROOT = Path(__file__).resolve().parents[3]
PLACES = int(os.environ.get("ATRASO_PLACES", "5"))
"""In each file, that are damaged in turn."""


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


def threshold(folder: Path, value: Any) -> None:
    edit(folder / MANIFEST, lambda manifest: manifest["model"].update(threshold=value))


def replaced(path: Path, make: Callable[[Path], Any]) -> None:
    path.unlink()
    make(path)


def as_before(manifest: Any) -> None:
    """The manifest of a bundle that was made before tables had a sha256."""
    for feature in manifest["features"]:
        del feature["sha256"]


def copied(folder: Path) -> Path:
    shutil.copytree(ROOT / "tables", folder / "tables")
    shutil.copy(ROOT / "model.onnx", folder)
    return folder


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
    "other format": (lambda at: edit(at / MANIFEST, lambda m: m.update(format=3)), MANIFEST, "its format is 3"),
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
    "name with NUL": (
        lambda at: edit(at / MANIFEST, lambda m: m["features"][0].update(name="a\0b")), MANIFEST, "file name"),
    "name of a kilobyte": (
        lambda at: edit(at / MANIFEST, lambda m: m["features"][0].update(name="a" * 1000)), "tables/aaa", "too long"),
    "name twice": (
        lambda at: edit(at / MANIFEST, lambda m: m["features"].append(m["features"][0])), MANIFEST, "the same name"),
    "name no text": (
        lambda at: edit(at / MANIFEST, lambda m: m["features"][0].update(name=["x"])), MANIFEST, "'name' is missing"),
    "part a list": (lambda at: edit(at / MANIFEST, lambda m: m["features"][0].update(key=[[]])), MANIFEST, "key part"),
    "threshold 5": (lambda at: threshold(at, 5), MANIFEST, "threshold should be between 0 and 1, not 5"),
    "threshold -1": (lambda at: threshold(at, -1), MANIFEST, "threshold should be between 0 and 1, not -1"),
    "threshold true": (lambda at: threshold(at, True), MANIFEST, "threshold should be a finite number"),
    "threshold a text": (lambda at: threshold(at, "0.5"), MANIFEST, "'threshold' is missing or not"),
    "default 1e39": (
        lambda at: edit(at / MANIFEST, lambda m: m["features"][0].update(default=1e39)), MANIFEST, "float32"),
    "value 1e39": (lambda at: edit(at / HOUR, lambda t: t.update({"3": -1e39})), HOUR, "float32"),
    "average 1e39": (
        lambda at: edit(at / MANIFEST, lambda m: m["data"]["average"].update(hora=1e39)), MANIFEST, "the average of"),
    "key twice": (lambda at: (at / HOUR).write_text('{"1": 0.1, "2": 0, "1": 0.2}'), HOUR, "key '1' is there twice"),
    "manifest's key twice": (
        lambda at: (at / MANIFEST).write_text('{"format": 1, "format": 1}'), MANIFEST, "'format' is there twice"),
    "deep": (lambda at: (at / MANIFEST).write_text('{"format": ' + "[" * 900 + "]" * 900 + "}"), MANIFEST, "format"),
    "deeper": (lambda at: (at / HOUR).write_text('{"1": ' + "[" * 100_000 + "]" * 100_000 + "}"), HOUR, "not JSON"),
    "value deep": (lambda at: (at / HOUR).write_text('{"1": ' + "[" * 900 + "]" * 900 + "}"), HOUR, ""),
    "table a pipe": (lambda at: replaced(at / HOUR, os.mkfifo), HOUR, "a regular file"),
    "model a pipe": (lambda at: replaced(at / "model.onnx", os.mkfifo), "model.onnx", "a regular file"),
    "manifest a pipe": (lambda at: replaced(at / MANIFEST, os.mkfifo), MANIFEST, "a regular file"),
    "flights a pipe": (lambda at: os.mkfifo(at / "flights.json"), "flights.json", "a regular file"),
    "table a device": (lambda at: replaced(at / HOUR, lambda to: to.symlink_to("/dev/zero")), HOUR, "a regular file"),
    "table a folder": (lambda at: replaced(at / HOUR, Path.mkdir), HOUR, "irectory"),
    "table without end": (lambda at: os.truncate(at / HOUR, 1 << 40), HOUR, "are the most that is read"),
    "no table": (lambda at: (at / OPERA).unlink(), OPERA, "No such file"),
    "NaN": (lambda at: (at / OPERA).write_text('{"Sky Airline": NaN}'), OPERA, "not JSON"),
    "too large": (lambda at: (at / OPERA).write_text('{"Sky Airline": 1e999}'), OPERA, "infinity"),
    "true": (lambda at: (at / OPERA).write_text('{"Sky Airline": true}'), OPERA, "finite number"),
    "hour 24": (lambda at: edit(at / HOUR, lambda t: t.update({"24": 0.1})), HOUR, "'24' is not a value of hora"),
    "hour 01": (lambda at: edit(at / HOUR, lambda t: t.update({"01": 0.1})), HOUR, "'01' is not a value of hora"),
    "no date": (lambda at: edit(at / DAY, lambda t: t.update({"10-07": 0.1})), DAY, "'10-07' is not a value of FECHA"),
    "parts missing": (
        lambda at: edit(at / MANIFEST, lambda m: m["features"][2].update(key=["OPERA", "MES"])), OPERA, "2 parts"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "file", "reason"), DAMAGES.values(), ids=DAMAGES)
def test_names_the_file_and_the_reason(tmp_path: Path, damage: Callable[[Path], Any], file: str, reason: str) -> None:
    edit(copied(tmp_path) / MANIFEST, as_before)
    damage(tmp_path)
    with pytest.raises(BundleError) as caught:
        read(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / file))
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize("change", [lambda table: {key: 1000 * table[key] for key in table}, lambda table: {}])
def test_a_table_that_is_not_the_manifests_is_refused(tmp_path: Path, change: Callable[[Any], Any]) -> None:
    path = copied(tmp_path) / HOUR
    path.write_text(json.dumps(change(json.loads(path.read_bytes()))))
    with pytest.raises(BundleError, match=r"hora\.json: truncated, or of another bundle: its sha256"):
        read(tmp_path)


def test_bundles_that_have_no_sha256_of_their_tables_are_read_as_before(tmp_path: Path) -> None:
    edit(copied(tmp_path) / MANIFEST, as_before)
    assert read(tmp_path).tables == read(ROOT).tables


def test_the_digest_tells_bundles_apart(tmp_path: Path) -> None:
    copied(tmp_path)
    assert read(tmp_path).digest == read(ROOT).digest  # flights.json is beside the bundle, not in it
    assert re.fullmatch("[0-9a-f]{12}", read(ROOT).digest)
    threshold(tmp_path, 0.3)
    assert read(tmp_path).digest != read(ROOT).digest


def test_a_model_that_keeps_data_in_other_files_is_refused(tmp_path: Path) -> None:
    (copied(tmp_path) / "weights").write_bytes(bytes(44))
    tensor = numpy_helper.from_array(np.zeros((11, 1), np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights")
    graph = helper.make_graph([], "graph", [], [], [tensor])
    model = helper.make_model(graph).SerializeToString()
    (tmp_path / "model.onnx").write_bytes(model)
    edit(tmp_path / MANIFEST, lambda manifest: manifest["model"].update(sha256=hashlib.sha256(model).hexdigest()))
    with pytest.raises(BundleError, match=r"model\.onnx: it keeps data in other files"):
        read(tmp_path)


def test_a_change_anywhere_in_the_model_or_a_table_is_refused(tmp_path: Path) -> None:
    """Bit after bit, in places spread over each file, its first and last bytes among them; and cut off there."""
    copied(tmp_path)
    for path in (tmp_path / "model.onnx", *(tmp_path / "tables").iterdir()):
        if path.name == "manifest.json":
            continue
        whole = path.read_bytes()
        for place in {*range(0, len(whole), len(whole) // PLACES + 1), len(whole) - 1}:
            changed = whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :]
            for damaged in (changed, whole[:place]):
                path.write_bytes(damaged)
                with pytest.raises(BundleError, match=re.escape(path.name)):
                    read(tmp_path)
        path.write_bytes(whole)
    assert read(tmp_path).tables == read(ROOT).tables


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


def renamed(folder: Path, names: Any) -> Path:
    content = json.dumps(names).encode()
    (folder / "tables" / "names.json").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    edit(folder / MANIFEST, lambda manifest: manifest.update(names={"sha256": sha256}))
    return folder


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "a JSON object"),
        ({"hora": {}}, "spellings of OPERA and SIGLADES"),
        ({"OPERA": []}, "an object of names"),
        ({"OPERA": {"sky": 1}}, "an object of names"),
    ],
)
def test_spellings_that_are_none_are_refused(tmp_path: Path, names: Any, reason: str) -> None:
    with pytest.raises(BundleError, match=rf"names\.json: .*{reason}"):
        read(renamed(copied(tmp_path), names))


def test_spellings_are_the_manifests_and_may_be_missing(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert read(folder).names == json.loads((ROOT / "tables" / "names.json").read_bytes())
    edit(folder / "tables" / "names.json", lambda names: names["OPERA"].update(x="Sky Airline"))
    with pytest.raises(BundleError, match=r"names\.json: truncated, or of another bundle"):
        read(folder)
    (folder / "tables" / "names.json").unlink()
    with pytest.raises(BundleError, match=r"names\.json: No such file"):
        read(folder)
    edit(folder / MANIFEST, lambda manifest: manifest.pop("names"))
    assert read(folder).names is None


def test_null_is_a_missing_value(tmp_path: Path) -> None:
    """In a table, as a default and as an average."""
    edit(copied(tmp_path) / MANIFEST, as_before)
    (tmp_path / OPERA).write_text('{"Sky Airline": null}')
    edit(tmp_path / MANIFEST, lambda manifest: [feature.update(default=None) for feature in manifest["features"]])
    edit(tmp_path / MANIFEST, lambda manifest: manifest["data"].pop("average"))
    (table,) = [table for table in read(tmp_path).tables if table.key == ("OPERA",)]
    assert math.isnan(table.values["Sky Airline"])
    assert math.isnan(table.default)
    assert math.isnan(table.average)
