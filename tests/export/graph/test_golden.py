import json
from pathlib import Path
from typing import Any

import pytest

from export.bundle import read
from export.graph.golden import golden_times, golden_vectors, to_json
from export.graph.sessions import OnnxModel
from export.learn.tables import known_values, matrix
from service.model.keys import key_parts, parse_time

ROOT = Path(__file__).resolve().parents[3]


def test_the_shipped_vectors_cover_every_value(golden: list[dict[str, Any]]) -> None:
    tables = read(ROOT).tables
    for part in ("OPERA", "SIGLADES"):
        named = {vector[part] for vector in golden}
        assert named > set(known_values(part, tables))  # all of them, and an unknown one
    times = [parse_time(vector["FECHA_PROGRAMADA"]) for vector in golden]
    assert {time.hour for time in times} == set(range(24))
    assert {time.month for time in times} == set(range(1, 13))
    assert {time.weekday() for time in times} == set(range(7))


def test_the_shipped_vectors_belong_to_the_shipped_bundle(golden: list[dict[str, Any]]) -> None:
    bundle = read(ROOT)
    parts = [key_parts(v["OPERA"], v["SIGLADES"], parse_time(v["FECHA_PROGRAMADA"])) for v in golden]
    features = matrix(bundle.tables, parts)
    assert features.tolist() == [vector["features"] for vector in golden]
    predicted = OnnxModel(bundle.model).predict(features)
    assert predicted.tolist() == pytest.approx([vector["delay_probability"] for vector in golden], abs=1e-5)


def test_the_probability_is_lightgbms(small_bundle: Any) -> None:
    vectors = golden_vectors(read(small_bundle.folder).tables, small_bundle.booster)
    expected = small_bundle.booster.predict([vector["features"] for vector in vectors])
    assert [vector["delay_probability"] for vector in vectors] == expected.tolist()


def test_the_shipped_times_are_what_the_service_reads(server: Any) -> None:
    shipped = (ROOT / "examples" / "times.json").read_bytes()
    assert shipped == to_json(golden_times())
    for time in json.loads(shipped):
        flight = {"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA_PROGRAMADA": time["FECHA_PROGRAMADA"]}
        status = server.post("/predict_delay_probability", flight).status_code
        assert status == (422 if time["FECHA"] is None else 200), time


def test_golden_writes_the_times_beside_the_flights(small_bundle: Any, run_export: Any, tmp_path: Path) -> None:
    out = tmp_path / "golden.json"
    told = run_export("golden", "--bundle", small_bundle.folder, "--booster", small_bundle.booster_file, "--out", out)
    assert "times" in told
    assert (tmp_path / "times.json").read_bytes() == (ROOT / "examples" / "times.json").read_bytes()
