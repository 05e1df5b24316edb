import json
import math
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

from export import bundle
from export.graph.booster import read_booster
from export.graph.convert import to_onnx
from export.graph.sessions import OnnxModel

ROOT = Path(__file__).resolve().parents[3]
TEXT3 = Path(__file__).with_name("lightgbm3.txt")
OPERA = {"Sky Airline": 0.05, "Grupo LATAM": 0.1, "Avianca": 0.2, "K.L.M.": 0.4}
LAST = {"Sky Airline": 0.02, "Grupo LATAM": 0.15, "Avianca": 0.25, "K.L.M.": 0.5}


def test_the_graph_is_plain(small_bundle: Any) -> None:
    names = [f"feature {n}" for n in range(12)]
    model = to_onnx(small_bundle.booster, names)
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["TreeEnsembleClassifier"]
    assert {opset.domain: opset.version for opset in model.opset_import} == {"": 9, "ai.onnx.ml": 1}
    assert shape(model.graph.input[0]) == ["N", 12]
    assert {output.name: shape(output) for output in model.graph.output} == {"label": ["N"], "probabilities": ["N", 2]}
    assert json.loads(model.metadata_props[0].value) == names


def shape(value: onnx.ValueInfoProto) -> list[str | int]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def test_the_trees_are_those_of_onnxmltools(small_bundle: Any) -> None:
    """Where every split is a plain comparison, which is all that it knows."""
    types = [("features", FloatTensorType([None, 12]))]
    converted = convert_lightgbm(small_bundle.booster, "x", types, target_opset=9, zipmap=False)
    (theirs,) = [node for node in converted.graph.node if node.op_type == "TreeEnsembleClassifier"]
    (ours,) = to_onnx(small_bundle.booster, ["x"] * 12).graph.node
    assert list(ours.attribute) == list(theirs.attribute)


@pytest.mark.parametrize("rows", [1, 2, 7, 1000])
def test_onnx_runtime_has_nothing_to_warn_of(small_bundle: Any, rows: int, capfd: pytest.CaptureFixture[str]) -> None:
    model = to_onnx(small_bundle.booster, [str(n) for n in range(12)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        label, probabilities = session.run(None, {"features": np.full((rows, 12), 0.2, np.float32)})
    assert (label.shape, probabilities.shape) == ((rows,), (rows, 2))
    assert capfd.readouterr().err == ""


def test_the_same_booster_gives_the_same_bytes(small_bundle: Any) -> None:
    first, second = (to_onnx(small_bundle.booster, ["x"] * 12).SerializeToString() for _ in range(2))
    assert first == second


@pytest.fixture
def own_tables(tmp_path: Path) -> Path:
    """A user's tables for the model that LightGBM 3 wrote: in another order, and with spaces in a name."""
    folder = tmp_path / "own"
    folder.mkdir()
    features = [
        {"name": "Last 1 Months_delay_ratio_OPERA", "key": ["OPERA"], "default": 0.2},
        {"name": "historical_delay_ratio_OPERA", "key": ["OPERA"], "default": 0.19},
    ]
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "features": features}))
    (folder / "Last 1 Months_delay_ratio_OPERA.json").write_text(json.dumps(LAST))
    (folder / "historical_delay_ratio_OPERA.json").write_text(json.dumps(OPERA))
    return folder


def test_serves_a_users_model_without_a_line_of_code(
    own_tables: Path,
    tmp_path: Path,
    run_export: Callable[..., str],
    servers: Callable[..., Any],
    check_replies: Callable[..., int],
) -> None:
    out = tmp_path / "out"
    run_export("convert", "--booster", TEXT3, "--tables", own_tables, "--out", out)
    manifest = json.loads((out / "tables" / "manifest.json").read_bytes())
    assert [feature["name"] for feature in manifest["features"]] == [
        "historical_delay_ratio_OPERA",
        "Last 1 Months_delay_ratio_OPERA",
    ]
    assert manifest["parity"]["random_rows"] == 100_000
    assert manifest["parity"]["max_abs_diff"] <= 1e-5
    server = servers("--workers", 1, "--bundle", out)
    flights = [{"OPERA": name, "SIGLADES": "x", "FECHA_PROGRAMADA": "2017-11-27 13:00"} for name in [*OPERA, "New"]]
    rows = [[OPERA.get(f["OPERA"], 0.19), LAST.get(f["OPERA"], 0.2)] for f in flights]
    reply = server.post("/predict_delay_probabilities", flights)
    check_replies(reply.json(), lgb.Booster(model_file=str(TEXT3)).predict(rows), threshold=0.5)
    assert reply.headers["x-unknown"] == "OPERA"


def test_keeps_what_the_users_manifest_says(own_tables: Path, tmp_path: Path, run_export: Callable[..., str]) -> None:
    edit(own_tables, lambda manifest: manifest.update(model={"name": "mine", "version": "7", "threshold": 0.3}))
    run_export("convert", "--booster", TEXT3, "--tables", own_tables, "--out", tmp_path / "out")
    model = json.loads((tmp_path / "out" / "tables" / "manifest.json").read_bytes())["model"]
    assert (model["name"], model["version"], model["threshold"], model["recipe"]) == ("mine", "7", 0.3, "converted")


def edit(folder: Path, change: Callable[[Any], Any]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    change(manifest)
    path.write_text(json.dumps(manifest))


LAST_NAME = "Last 1 Months_delay_ratio_OPERA"
BAD_TABLES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no table": (lambda at: (at / f"{LAST_NAME}.json").unlink(), f"{LAST_NAME}.json: No such file or directory"),
    "NaN": (lambda at: (at / f"{LAST_NAME}.json").write_text('{"A": NaN}'), "float32 holds, or null, not nan"),
    "too large": (lambda at: (at / f"{LAST_NAME}.json").write_text('{"A": 1e39}'), "finite number that float32 holds"),
    "400 digits": (lambda at: (at / f"{LAST_NAME}.json").write_text(f'{{"A": {"9" * 400}}}'), "'A' should be a finite"),
    "5,000 digits": (lambda at: (at / f"{LAST_NAME}.json").write_text(f'{{"A": {"9" * 5000}}}'), "not JSON: "),
    "half a character": (lambda at: (at / f"{LAST_NAME}.json").write_text('{"\\ud800": 1}'), "not JSON: "),
    "threshold 7": (lambda at: edit(at, lambda m: m.update(model={"threshold": 7.0})), "from 0 to 1, not 7.0"),
    "threshold NaN": (lambda at: edit(at, lambda m: m.update(model={"threshold": math.nan})), "from 0 to 1, not nan"),
    "threshold true": (lambda at: edit(at, lambda m: m.update(model={"threshold": True})), "from 0 to 1, not True"),
    "format true": (lambda at: edit(at, lambda m: m.update(format=True)), "its format is True"),
    "unknown part": (lambda at: edit(at, lambda m: m["features"][0].update(key=["AEROLINEA"])), "part 'AEROLINEA'"),
    "other feature": (
        lambda at: ((at / f"{LAST_NAME}.json").rename(at / "x.json"),
                    edit(at, lambda m: m["features"][0].update(name="x"))),
        "the booster alone has ['Last_1_Months_delay_ratio_OPERA'], the tables alone have ['x']"),
    "one feature less": (lambda at: edit(at, lambda m: m["features"].pop()), "the tables alone have none"),
    "no default": (lambda at: edit(at, lambda m: m["features"][0].pop("default")), "a feature needs a name, a key"),
    "no manifest": (lambda at: (at / "manifest.json").unlink(), "manifest.json: No such file or directory"),
    "other format": (lambda at: edit(at, lambda m: m.update(format=9)), "its format is 9"),
    "threshold": (lambda at: edit(at, lambda m: m.update(model={"threshold": "x"})), "from 0 to 1, not 'x'"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "sentence"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_bad_tables_are_told(
    own_tables: Path,
    tmp_path: Path,
    fail_export: Callable[..., str],
    damage: Callable[[Path], Any],
    sentence: str,
) -> None:
    damage(own_tables)
    out = tmp_path / "out"
    assert sentence in fail_export("convert", "--booster", TEXT3, "--tables", own_tables, "--out", out)
    assert not out.exists()


TEXT = TEXT3.read_text()
BAD_BOOSTERS = {
    "linear": (TEXT.replace("is_linear=0", "is_linear=1", 1), "model.txt: tree 0 is linear"),
    "not binary": (TEXT.replace("objective=binary sigmoid:1", "objective=regression"), "its objective is 'regression'"),
    "no model": ("hello", "not a whole LightGBM text model"),
    "cut": (TEXT[:1500], "not a whole LightGBM text model"),
    "a pickle": (b"\x80\x04\x95\x10", "it is not text"),
    "empty": ("", "not a whole LightGBM text model"),
    "no trees": ("tree\nend of trees\n", "it has no trees"),
}


@pytest.mark.parametrize(("text", "sentence"), BAD_BOOSTERS.values(), ids=BAD_BOOSTERS)
def test_bad_boosters_are_told(
    own_tables: Path, tmp_path: Path, fail_export: Callable[..., str], text: str | bytes, sentence: str
) -> None:
    booster = tmp_path / "model.txt"
    booster.write_bytes(text.encode() if isinstance(text, str) else text)
    out = tmp_path / "out"
    assert sentence in fail_export("convert", "--booster", booster, "--tables", own_tables, "--out", out)
    assert not out.exists()


OBJECTIVES = {
    "binary sigmoid:0.5": "binary sigmoid:0.5\n",
    "binary sigmoid:2": "binary sigmoid:2\n",
    "cross entropy": "cross_entropy\n",
    "a forest": "binary sigmoid:1\naverage_output\n",
    "a forest with a sigmoid": "binary sigmoid:0.7\naverage_output\n",
}


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_every_objective_that_gives_a_probability_is_converted(
    own_tables: Path, tmp_path: Path, run_export: Callable[..., str], objective: str
) -> None:
    """The proof compares with LightGBM, which knows what each of them means."""
    booster = tmp_path / "model.txt"
    booster.write_text(TEXT.replace("binary sigmoid:1\n", objective))
    text = run_export("convert", "--booster", booster, "--tables", own_tables, "--out", tmp_path / "out")
    assert "on 0 flights, 8 keys and 100,000 random ones" in text


def test_a_forest_of_an_old_lightgbm_is_taken_as_todays_takes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Trees of a forest for the irises that LightGBM 2 wrote: the leaves are what it said, 0.119 and 0.881."""
    head = "tree\nversion=v2\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=0\n"
    tree = (
        "Tree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nsplit_gain=86.6\nthreshold=2.35\ndecision_type=2\n"
        "left_child=-1\nright_child=-2\nleaf_value=0.1192 0.8808\nleaf_count=33 63\nshrinkage=1\n\n\n"
    )
    path = tmp_path / "model.txt"
    path.write_text(
        f"{head}objective=binary sigmoid:1\naverage_output\nfeature_names=x\nfeature_infos=[1:7]\ntree_sizes=1 2\n\n"
        f"{tree}{tree.replace('Tree=0', 'Tree=1')}\nfeature importances:\nx=2\n"
    )
    booster = read_booster(path)
    assert "the leaves of a forest that LightGBM 2 wrote are probabilities" in capsys.readouterr().err
    rows = np.array([[1.0], [5.0]])
    found = OnnxModel(to_onnx(booster, ["x"]).SerializeToString()).predict(rows)
    plain = lgb.Booster(model_str=path.read_text().replace("tree_sizes=1 2\n", ""))  # they would end LightGBM
    assert found == pytest.approx(plain.predict(rows), abs=1e-6)


def test_a_converted_bundle_that_was_told_its_flights_can_be_watched(
    own_tables: Path, small_csv: Path, tmp_path: Path, run_export: Callable[..., str], fail_export: Callable[..., str]
) -> None:
    out = tmp_path / "out"
    run_export("convert", "--booster", TEXT3, "--tables", own_tables, "--out", out)
    assert "`convert --data`" in fail_export("drift", "--bundle", out, "--data", small_csv)
    text = run_export("convert", "--booster", TEXT3, "--tables", own_tables, "--data", small_csv, "--out", out)
    assert "on 3,000 flights, 8 keys and" in text
    assert json.loads((out / "tables" / "manifest.json").read_bytes())["data"]["rows"] == 3000
    lenient = [f"--max-{what}" for what in ("psi", "unknown", "rate-change", "calibration-error")]
    limits = [each for limit in lenient for each in (limit, "1")]
    watched = run_export("drift", "--bundle", out, "--data", small_csv, *limits, "--min-auc", "0")
    assert "PSI of historical_delay_ratio_OPERA" in watched
    sentence = fail_export("refresh", "--bundle", out, "--booster", TEXT3, "--data", small_csv)
    assert "make the new tables as you made the old ones, and `convert --data`" in sentence


def test_a_threshold_may_be_a_whole_number(own_tables: Path, tmp_path: Path, run_export: Callable[..., str]) -> None:
    edit(own_tables, lambda manifest: manifest.update(model={"threshold": 1}))
    run_export("convert", "--booster", TEXT3, "--tables", own_tables, "--out", tmp_path / "out")
    assert bundle.read(tmp_path / "out").manifest["model"]["threshold"] == 1


@pytest.mark.parametrize("default", [None, 0.15])
def test_missing_values_go_where_lightgbm_sends_them(
    own_tables: Path,
    small_csv: Path,
    tmp_path: Path,
    default: float | None,
    run_export: Callable[..., str],
    servers: Callable[..., Any],
    check_replies: Callable[..., int],
) -> None:
    """A model trained with missing values, whose tables have null: told of, proved and served."""
    random = np.random.default_rng(0)
    rows = random.choice([0.02, 0.05, 0.1, 0.2, 0.4, 0.5, np.nan], size=(3000, 2))
    late = random.random(3000) < np.where(np.isnan(rows), [0.9, 0.1], rows).mean(axis=1)
    names = ["historical_delay_ratio_OPERA", LAST_NAME.replace(" ", "_")]
    booster = lgb.train({"objective": "binary", "verbosity": -1}, lgb.Dataset(rows, late, feature_name=names), 20)
    booster.save_model(tmp_path / "model.txt")
    edit(own_tables, lambda manifest: [feature.update(default=default) for feature in manifest["features"]])
    (own_tables / f"{LAST_NAME}.json").write_text(json.dumps({**LAST, "Sky Airline": None}))
    out = tmp_path / "out"
    flags = ["--booster", tmp_path / "model.txt", "--tables", own_tables, "--data", small_csv, "--out", out]
    assert "and pipeline.onnx" in run_export("convert", *flags)
    limits = ["--max-psi", 9, "--max-unknown", 1, "--max-rate-change", 1, "--min-auc", 0, "--max-calibration-error", 1]
    assert "limits" in run_export("drift", "--bundle", out, "--data", small_csv, *limits)
    missing = math.nan if default is None else default
    last = {**LAST, "Sky Airline": math.nan}
    airlines = [*OPERA, "New"]
    expected = booster.predict([[OPERA.get(name, missing), last.get(name, missing)] for name in airlines])
    server = servers("--workers", 1, "--bundle", out)
    flights = [{"OPERA": name, "SIGLADES": "x", "FECHA_PROGRAMADA": "2017-11-27 13:00"} for name in airlines]
    check_replies(server.post("/predict_delay_probabilities", flights).json(), expected, threshold=0.5)
    features = [[each if each == each else None for each in row] for row in rows[:50].tolist()]
    tensor = {"name": "features", "datatype": "FP32", "shape": [50, 2], "data": features}
    name = server.post("/v2/repository/index", {}).json()[-1]["name"]
    reply = server.post(f"/v2/models/{name}/infer", {"inputs": [tensor]})
    if default is None:
        assert np.abs(np.array(reply.json()["outputs"][0]["data"]) - booster.predict(rows[:50])).max() < 1e-5
    else:  # the first table has none, and its last one has
        assert "historical_delay_ratio_OPERA (null or NaN), which is never missing" in reply.json()["error"]
    told = server.post("/explain_delay_probability?detail=tables", flights[0]).json()
    assert [each["valor"] for each in told["variables"]] == [0.05, None]
    assert "Sky Airline, en el último mes de los datos: se atrasaron" in told["variables"][1]["frase"]
    for flight in (flights[0], flights[-1]):
        told = server.post("/explain_delay_probability", flight).json()
        parts = told["base"]["probabilidad"], *(each["contribucion"] for each in told["motivos"])
        assert sum(parts) == pytest.approx(told["delay_probability"], abs=1e-6)  # its tables know no day
    examples_hold(out, tmp_path, run_export)


def examples_hold(bundle: Path, folder: Path, run_export: Callable[..., str]) -> None:
    """Beside that bundle, the example reads its flights as LightGBM does, missing values among them."""
    at = folder / "beside"
    shutil.copytree(ROOT / "examples" / "python", at / "examples" / "python")
    shutil.copytree(bundle, at, dirs_exist_ok=True)
    golden = at / "examples" / "golden.json"
    run_export("golden", "--bundle", bundle, "--booster", folder / "model.txt", "--out", golden)
    assert any(None in vector["features"] for vector in json.loads(golden.read_bytes()))
    command = [sys.executable, at / "examples" / "python" / "check.py", golden, golden.with_name("times.json")]
    checked = subprocess.run(command, capture_output=True, text=True, check=True)
    assert checked.stdout.count("largest difference") == 2
