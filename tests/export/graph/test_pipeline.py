"""`pipeline.onnx` gives what the service's own tables and model give, whatever is asked."""

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from export.bundle import read
from export.data.flights import read_flights
from export.graph.convert import to_onnx
from export.graph.drawn import random_flights
from export.graph.pipeline import INPUTS, input_parts, to_pipeline
from export.graph.sessions import OnnxModel, Pipeline
from export.learn.ratios import Ratio, make_tables
from export.learn.tables import Table, matrix
from service.model import bundle as served
from service.model.features import Features
from service.model.keys import PARTS, Parts, key_parts
from service.model.scorer import Scorer

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = onnx.load(str(ROOT / "pipeline.onnx"))
LARGEST = 1_500_000


def every_table(csv: Path) -> list[Table]:
    """A table for each part, each pair of parts and some threes, made of flights."""
    keys = [*((part,) for part in PARTS), *combinations(PARTS, 2), ("hora", "periodo_dia", "OPERA"), PARTS[::-1][:3]]
    flights = read_flights(csv)
    return make_tables([Ratio(key) for key in keys], flights)


def model_of(tables: Sequence[Table], seed: int = 0) -> bytes:
    """A model that splits on every one of the tables."""
    import lightgbm as lgb

    random = np.random.default_rng(seed)
    rows = random.random((4000, len(tables)))
    data = lgb.Dataset(rows, (rows.mean(axis=1) + random.normal(0, 0.02, 4000) > 0.5).astype(int))
    booster = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 60)
    return to_onnx(booster, [table.name for table in tables]).SerializeToString()


@pytest.fixture(scope="module")
def everything(small_csv: Path) -> tuple[list[Table], bytes, Pipeline]:
    tables = every_table(small_csv)
    model = model_of(tables)
    return tables, model, Pipeline(to_pipeline(model, tables, {}).SerializeToString())


def same(tables: Sequence[Table], model: bytes, pipeline: Pipeline, flights: Sequence[Parts]) -> bool:
    return bool((pipeline.predict(flights) == OnnxModel(model).predict(matrix(tables, flights))).all())


def test_every_key_part_and_pair_of_them(everything: tuple[list[Table], bytes, Pipeline]) -> None:
    tables, model, pipeline = everything
    flights = random_flights(tables, 20_000)
    assert len(np.unique(pipeline.predict(flights))) > 1000
    assert same(tables, model, pipeline, flights)


def test_every_hour_of_a_leap_year(everything: tuple[list[Table], bytes, Pipeline]) -> None:
    """So every edge of a period and of the season, where they are derived in the graph and where Python does it."""
    tables, model, pipeline = everything
    hours = [datetime(2020, 1, 1) + timedelta(hours=n) for n in range(366 * 24)]
    assert same(tables, model, pipeline, [key_parts("Sky Airline", "Calama", when) for when in hours])


OUT_OF_RANGE = {"hora": 24, "MES": 13, "DIA": 32, "dia_semana": 7}


@pytest.mark.parametrize(
    ("part", "number"),
    [(part, number) for part, end in OUT_OF_RANGE.items() for number in (-1, end, end + 1, 1000, 2**40, -(2**63))],
)
def test_a_number_out_of_range_takes_the_defaults_and_not_a_neighbours_value(
    everything: tuple[list[Table], bytes, Pipeline], part: str, number: int
) -> None:
    tables, model, pipeline = everything
    flight: dict[str, Any] = dict(zip(PARTS, key_parts("Sky Airline", "Calama", datetime(2017, 3, 9, 6)), strict=True))
    flight[part] = number
    if part == "hora":
        flight["periodo_dia"] = "none"
    elif part in ("MES", "DIA"):
        flight["temporada_alta"] = "none"
    assert same(tables, model, pipeline, [tuple(flight.values())])


def test_an_empty_table_gives_its_default() -> None:
    tables = [
        Table("a", ("OPERA",), 0.3, {}),
        Table("b", ("hora", "OPERA"), 0.7, {}),
        Table("c", ("hora",), 0.2, {}),
        Table("d", ("temporada_alta",), 0.6, {}),
    ]
    model = model_of(tables)
    pipeline = Pipeline(to_pipeline(model, tables, {}).SerializeToString())
    assert same(tables, model, pipeline, [key_parts("", "", datetime(2017, 1, 1)), key_parts("x", "y", datetime.max)])


def test_asks_only_for_what_the_tables_use() -> None:
    assert input_parts([Table("a", ("temporada_alta", "OPERA"), 0.0, {})]) == ["OPERA", "MES", "DIA"]
    assert input_parts([Table("a", ("periodo_dia",), 0.0, {})]) == ["hora"]
    assert set(INPUTS) == {*PARTS} - {"periodo_dia", "temporada_alta"}


def test_the_shipped_file_tells_what_it_is() -> None:
    onnx.checker.check_model(SHIPPED, full_check=True)
    manifest = json.loads((ROOT / "tables" / "manifest.json").read_bytes())
    told = {each.key: each.value for each in SHIPPED.metadata_props}
    assert json.loads(told.pop("features")) == [feature["name"] for feature in manifest["features"]]
    model = manifest["model"]
    assert told == {
        "name": model["name"],
        "version": model["version"],
        "recipe": model["recipe"],
        "threshold": str(model["threshold"]),
        "model_sha256": model["sha256"],
    }
    assert SHIPPED.producer_name == "atraso"
    assert [each.name for each in SHIPPED.graph.input] == ["OPERA", "SIGLADES", "FECHA", "dia_semana", "hora"]
    assert all(each.doc_string for each in [*SHIPPED.graph.input, *SHIPPED.graph.output])
    assert {opset.domain: opset.version for opset in SHIPPED.opset_import} == {"": 10, "ai.onnx.ml": 2}
    assert (ROOT / "pipeline.onnx").stat().st_size < LARGEST


def test_every_lookup_states_its_default() -> None:
    """Unset it would be -0.0, and an unknown name would pass as an airline that is never late."""
    lookups = [node for node in SHIPPED.graph.node if node.op_type == "LabelEncoder"]
    assert len(lookups) > 11
    for node in lookups:
        assert {attribute.name for attribute in node.attribute} & {"default_float", "default_int64"}


def test_it_is_made_of_the_bundle_beside_it_always_in_the_same_bytes() -> None:
    assert read(ROOT).pipeline == read(ROOT).pipeline == (ROOT / "pipeline.onnx").read_bytes()


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 1000])
def test_onnx_runtime_has_nothing_to_warn_of(rows: int, capfd: pytest.CaptureFixture[str]) -> None:
    options = ort.SessionOptions()
    options.log_severity_level = 1
    session = ort.InferenceSession(str(ROOT / "pipeline.onnx"), options, providers=["CPUExecutionProvider"])
    flight = {"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA": "2017-11-27", "dia_semana": 0, "hora": 13}
    kinds = {name: object if isinstance(value, str) else np.int64 for name, value in flight.items()}
    (given,) = session.run(None, {name: np.array([flight[name]] * rows, dtype=kind) for name, kind in kinds.items()})
    assert given.shape == (rows,)
    assert given.dtype == np.float32
    warned = [line for line in capfd.readouterr().err.splitlines() if "[W:" in line or "[E:" in line]
    assert warned == []


def test_equals_the_service_on_every_real_flight(real_data: Path) -> None:
    flights = read_flights(real_data).parts
    bundle = served.read(ROOT)
    rows = [*map(Features(bundle.tables).row, flights)]
    score = Scorer(bundle)
    expected = np.concatenate([score(rows[at : at + 1000]) for at in range(0, len(rows), 1000)])
    got = Pipeline((ROOT / "pipeline.onnx").read_bytes()).predict(flights)
    assert len(got) == 68_206
    assert np.abs(got - expected).max() <= 1e-6


@pytest.fixture
def copied(small_bundle: Any, tmp_path: Path) -> Path:
    shutil.copytree(small_bundle.folder, tmp_path / "bundle")
    return tmp_path / "bundle"


def test_verify_proves_it_where_it_is(copied: Path, run_export: Callable[..., str]) -> None:
    assert "pipeline.onnx: equal to it, to the bit" in run_export("verify", "--bundle", copied)
    (copied / "pipeline.onnx").unlink()
    assert "pipeline.onnx" not in run_export("verify", "--bundle", copied)


def change_a_lookup(pipeline: onnx.ModelProto) -> None:
    encoder = next(node for node in pipeline.graph.node if node.name == "feature historical_delay_ratio_OPERA")
    next(each for each in encoder.attribute if each.name == "values_floats").floats[0] += 0.2


def forget_the_model(pipeline: onnx.ModelProto) -> None:
    del pipeline.metadata_props[:]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [(change_a_lookup, "flights another probability than tables/"), (forget_the_model, "made of another model.onnx")],
)
def test_verify_finds_another_pipeline(
    copied: Path, fail_export: Callable[..., str], change: Callable[[onnx.ModelProto], None], sentence: str
) -> None:
    pipeline = onnx.load(str(copied / "pipeline.onnx"))
    change(pipeline)
    (copied / "pipeline.onnx").write_bytes(pipeline.SerializeToString())
    assert sentence in fail_export("verify", "--bundle", copied)


def test_a_damaged_file_is_told(copied: Path, fail_export: Callable[..., str]) -> None:
    (copied / "pipeline.onnx").write_bytes((copied / "pipeline.onnx").read_bytes()[:1000])
    assert "pipeline.onnx is not a sound ONNX file" in fail_export("verify", "--bundle", copied)
    assert "not a sound ONNX model" in fail_export("show", copied / "pipeline.onnx")


def test_an_old_bundle_gets_one(copied: Path, run_export: Callable[..., str]) -> None:
    made = (copied / "pipeline.onnx").read_bytes()
    (copied / "pipeline.onnx").unlink()
    run_export("pipeline", "--bundle", copied, "--out", copied / "pipeline.onnx")
    assert (copied / "pipeline.onnx").read_bytes() == made
