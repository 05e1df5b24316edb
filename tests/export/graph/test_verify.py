import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from export.errors import ParityError
from export.graph.align import align, booster_thresholds, onnx_thresholds
from export.graph.convert import to_onnx
from export.graph.verify import prove, random_flights
from export.learn.tables import Table
from service.model.keys import PARTS

F32 = np.float32


def silent(what: str, done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def stump() -> lgb.Booster:
    """One split, between the values 0.1 and 0.5."""
    features = np.repeat([0.1, 0.5], 100).reshape(-1, 1)
    labels = (np.arange(200) >= 100).astype(int)
    params = {"objective": "binary", "num_leaves": 2, "min_data_in_leaf": 1, "verbosity": -1}
    return lgb.train(params, lgb.Dataset(features, labels, feature_name=["x"]), 1)


def test_the_proof_can_fail_and_the_nudge_mends_it(stump: lgb.Booster) -> None:
    """The value just above the booster's threshold, which float32 would put on it."""
    model = to_onnx(stump, ["x"])
    threshold = booster_thresholds(stump)[0][0]
    rounded = onnx_thresholds(model)[0][0]
    close = float(np.nextafter(threshold, 1))
    assert F32(close) == rounded
    table = Table("x", ("OPERA",), 0.1, {"A": close, "B": 0.5})
    plain = stump.predict([[close]])[0]
    aligned, parity = prove(stump, model, [table], [], silent)
    assert parity.nudged == 1
    assert aligned[0].values["A"] != close
    assert stump.predict([[aligned[0].values["A"]]])[0] == plain
    assert parity.max_abs_diff < 1e-6
    assert align(aligned, stump, model)[2] == 0


def test_a_changed_leaf_fails_the_proof(stump: lgb.Booster) -> None:
    model = to_onnx(stump, ["x"])
    (weights,) = [attribute for attribute in model.graph.node[0].attribute if attribute.name == "class_weights"]
    weights.floats[0] += 0.01
    with pytest.raises(ParityError, match="differs from the booster by"):
        prove(stump, model, [Table("x", ("OPERA",), 0.1, {"A": 0.1, "B": 0.5})], [], silent)


def test_random_flights_know_every_value_and_unknown_ones() -> None:
    tables = [
        Table("a", ("OPERA",), 0, {"A": 1, "B": 2}),
        Table("b", ("SIGLADES", "FECHA"), 0, {"C|2017-07-10": 1, "D|2017-07-11": 2}),
    ]
    flights = random_flights(tables, 5000)
    assert flights == random_flights(tables, 5000)
    assert {opera for opera, *_ in flights} == {"A", "B", "unknown OPERA"}
    assert {siglades for _, siglades, *_ in flights} == {"C", "D", "unknown SIGLADES"}
    assert {flight[PARTS.index("hora")] for flight in flights} == set(range(24))
    assert {flight[PARTS.index("FECHA")] for flight in flights} == {"2017-07-10", "2017-07-11", "0001-01-01"}


def test_verify_proves_a_bundle_again(small_bundle: Any, small_csv: Path, run_export: Callable[..., str]) -> None:
    assert "all sound" in run_export("verify", "--bundle", small_bundle.folder)
    text = run_export(
        "verify", "--bundle", small_bundle.folder, "--booster", small_bundle.booster_file, "--data", small_csv
    )
    assert "103,000 rows scored" in text
    assert "on the same side" in text


def test_verify_refuses_another_booster(small_bundle: Any, tmp_path: Path, fail_export: Callable[..., str]) -> None:
    """Its first leaf was edited by hand."""
    other = tmp_path / "other.txt"
    other.write_text(re.sub(r"leaf_value=\S+", "leaf_value=1", small_bundle.booster_file.read_text(), count=1))
    sentence = fail_export("verify", "--bundle", small_bundle.folder, "--booster", other)
    assert "the ONNX model differs from the booster by" in sentence


def test_verify_refuses_a_damaged_bundle(small_bundle: Any, tmp_path: Path, fail_export: Callable[..., str]) -> None:
    shutil.copytree(small_bundle.folder, tmp_path / "copy")
    (tmp_path / "copy" / "model.onnx").write_bytes(b"x")
    assert "its sha256 is not the one in the manifest" in fail_export("verify", "--bundle", tmp_path / "copy")


def test_verify_refuses_a_value_on_another_side_in_float32(
    small_bundle: Any, tmp_path: Path, fail_export: Callable[..., str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small_bundle.folder, copy)
    thresholds = booster_thresholds(small_bundle.booster)
    manifest = json.loads((copy / "tables/manifest.json").read_bytes())
    names = [feature["name"] for feature in manifest["features"]]
    place, threshold = next(
        (place, value)
        for place, found in thresholds.items()
        for value in found
        if F32(np.nextafter(value, 1)) <= F32(value)
    )
    path = copy / "tables" / f"{names[place]}.json"
    table = json.loads(path.read_bytes())
    table[next(iter(table))] = float(np.nextafter(threshold, 1))
    path.write_text(json.dumps(table))
    manifest["features"][place]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (copy / "tables/manifest.json").write_text(json.dumps(manifest))
    sentence = fail_export("verify", "--bundle", copy, "--booster", small_bundle.booster_file)
    assert "1 table values fall on another side of a threshold in float32" in sentence
