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
from export.graph.align import align, distinct_splits, edges_of
from export.graph.convert import to_onnx
from export.graph.drawn import key_flights, random_flights, samples
from export.graph.forest.text import read_forest, to_text
from export.graph.forest.trees import Forest, Split, Tree
from export.graph.sessions import OnnxModel
from export.graph.verify import prove
from export.learn.tables import Table, keys_of
from service.model.keys import PARTS

F32 = np.float32


def silent(what: str, done: int, total: int) -> None:
    pass


def edges(booster: lgb.Booster) -> dict[int, Any]:
    """The numbers that each feature is compared with."""
    splits = distinct_splits(read_forest(booster.model_to_string()))
    return {feature: edges_of(own) for feature, own in splits.items()}


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
    threshold = edges(stump)[0][0]
    close = float(np.nextafter(threshold, 1))
    assert F32(close) == F32(threshold)
    table = Table("x", ("OPERA",), 0.1, {"A": close, "B": 0.5})
    plain = stump.predict([[close]])[0]
    aligned, parity = prove(stump, model, [table], samples([table]), silent)
    assert parity.nudged == 1
    assert aligned[0].values["A"] != close
    assert stump.predict([[aligned[0].values["A"]]])[0] == plain
    assert parity.max_abs_diff < 1e-6
    assert align(aligned, stump, model)[2] == 0


def test_a_changed_leaf_fails_the_proof(stump: lgb.Booster) -> None:
    model = to_onnx(stump, ["x"])
    (weights,) = [attribute for attribute in model.graph.node[0].attribute if attribute.name == "class_weights"]
    weights.floats[0] += 0.01
    table = Table("x", ("OPERA",), 0.1, {"A": 0.1, "B": 0.5})
    with pytest.raises(ParityError, match="differs from the booster by"):
        prove(stump, model, [table], samples([table]), silent)


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
    assert "113,426 rows scored, every key among them" in text
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
    thresholds = edges(small_bundle.booster)
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


def unlike(name: str, key: tuple[str, ...], rare: str, value: float, decision: int) -> tuple[lgb.Booster, list[Table]]:
    """A model that takes another way at one of 2,000 keys only, which no random flight of the others has."""
    forest = Forest([name], [Tree([Split(0, 0.5, decision, None, ~0, ~1)], [3.0, -3.0])], "binary", 1.0, False)
    values = {f"airline {n}|city {n}|{n % 24}": 0.4 for n in range(2000)}
    return lgb.Booster(model_str=to_text(forest)), [Table(name, key, 0.3, {**values, rare: value})]


RARE = "airline 77|city 1500|3"


def test_a_zero_at_a_rare_key_that_counts_as_missing_goes_where_lightgbm_sends_it() -> None:
    """`zero_as_missing`, and the missing go right."""
    booster, tables = unlike("x", ("OPERA", "SIGLADES", "hora"), RARE, 0.0, 4)
    model = to_onnx(booster, ["x"])
    _, parity = prove(booster, model, tables, samples(tables), silent)
    assert parity.keys == 2001
    at_zero = OnnxModel(model.SerializeToString()).predict(np.array([[0.0], [0.4]]))
    assert at_zero == pytest.approx(booster.predict([[0.0], [0.4]]), abs=1e-6)
    assert at_zero[0] < 0.1 < 0.9 < at_zero[1]


def test_a_model_that_is_wrong_at_one_rare_key_is_refused() -> None:
    """As it was converted before: without the zero."""
    booster, tables = unlike("x", ("OPERA", "SIGLADES", "hora"), RARE, 0.0, 4)
    other, _ = unlike("x", ("OPERA", "SIGLADES", "hora"), RARE, 0.0, 2)
    with pytest.raises(ParityError, match="the trees of the ONNX model are not those of the booster"):
        prove(booster, to_onnx(other, ["x"]), tables, samples(tables), silent)


def test_every_key_of_every_table_is_scored() -> None:
    booster, tables = unlike("x", ("OPERA", "SIGLADES", "hora"), RARE, 0.7, 2)
    model = to_onnx(booster, ["x"])
    (weights,) = [each for each in model.graph.node[0].attribute if each.name == "class_weights"]
    weights.floats[1] += 0.01  # the leaf that the rare key alone reaches
    with pytest.raises(ParityError, match=r"on a flight with the features \[0.7\]"):
        prove(booster, model, tables, samples(tables), silent)


def test_a_key_gets_a_flight_that_can_have_it() -> None:
    keys = {
        ("periodo_dia",): ["mañana", "tarde", "noche"],
        ("hora", "periodo_dia"): ["3|noche", "3|tarde"],
        ("temporada_alta", "MES"): ["1|9", "0|9", "1|1", "1|5"],
        ("OPERA", "FECHA"): ["A|2017-07-10"],
    }
    tables = [Table("|".join(key), key, 0, dict.fromkeys(texts, 1)) for key, texts in keys.items()]
    flights = key_flights(tables)
    found = [text for key in keys for text in keys_of(flights, key)]
    for key, texts in keys.items():
        impossible = {"3|tarde", "1|5"}
        assert {text for text in texts if text in found} == set(texts) - impossible, key
    assert len(flights) == 8
