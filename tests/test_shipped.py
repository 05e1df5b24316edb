"""The committed bundle is what `train` makes of the real flights, and the service answers with its probabilities."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import pytest

from export.bundle import read
from export.data.flights import read_flights
from export.graph.golden import golden_vectors, to_json
from export.learn.tables import matrix

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Trained:
    folder: Path
    booster: Path


@pytest.fixture(scope="module")
def trained(real_data: Path, tmp_path_factory: pytest.TempPathFactory, run_anew: Callable[..., str]) -> list[Trained]:
    """The real flights, trained on twice; once, which takes longer, with how far months were off."""
    runs = []
    for more in (["--range"], []):
        folder = tmp_path_factory.mktemp("trained")
        run_anew("train", "--data", real_data, "--out", folder, "--booster", folder / "model.txt", *more)
        runs.append(Trained(folder, folder / "model.txt"))
    return runs


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in [folder / "model.onnx", folder / "pipeline.onnx", *(folder / "tables").iterdir()]
    }


def test_training_twice_gives_the_same_bytes_and_they_are_committed(trained: list[Trained]) -> None:
    first, second = (files(run.folder) for run in trained)
    assert first == files(ROOT)
    manifests = [json.loads(some.pop("manifest.json")) for some in (first, second)]
    assert first == second
    assert manifests[0].pop("range")["months"] == 6
    assert manifests[0] == manifests[1]


def test_the_manifest_states_the_data_and_the_proof(real_data: Path) -> None:
    manifest = json.loads((ROOT / "tables" / "manifest.json").read_bytes())
    flights = read_flights(real_data)
    told = {key: value for key, value in manifest["data"].items() if key not in {"distribution", "average"}}
    assert told == {
        "rows": 68_206,
        "sha256": flights.sha256,
        "from": "2017-01-01",
        "to": "2017-12-31",
        "delay_rate": float(flights.delayed.mean()),
    }
    assert list(manifest["data"]["average"]) == [feature["name"] for feature in manifest["features"]]
    undated = {each["name"] for each in manifest["features"] if "FECHA" not in each["key"]}
    assert set(manifest["data"]["distribution"]) == undated
    parity = manifest["parity"]
    assert (parity["rows"], parity["random_rows"]) == (68_206, 100_000)
    assert parity["keys"] == sum(len(table.values) for table in read(ROOT).tables)
    assert parity["pairs"] > 1000
    assert parity["max_abs_diff"] <= 1e-5


def test_verify_holds_on_the_shipped_bundle(
    trained: list[Trained], real_data: Path, run_export: Callable[..., str]
) -> None:
    text = run_export("verify", "--bundle", ROOT, "--booster", trained[0].booster, "--data", real_data)
    assert "185,662 rows scored" in text


def test_the_golden_vectors_are_those_of_the_booster(trained: list[Trained]) -> None:
    booster = lgb.Booster(model_file=str(trained[0].booster))
    assert to_json(golden_vectors(read(ROOT).tables, booster)) == (ROOT / "examples" / "golden.json").read_bytes()


def test_every_real_flight_is_answered_with_lightgbms_probability(
    trained: list[Trained], real_data: Path, server: Any, check_replies: Callable[..., int]
) -> None:
    flights = read_flights(real_data)
    bodies = [
        {"OPERA": opera, "SIGLADES": siglades, "FECHA_PROGRAMADA": str(when)} for opera, siglades, when in flights.ids
    ]
    replies: list[Any] = []
    for start in range(0, len(bodies), 10_000):
        replies += server.post("/predict_delay_probabilities", bodies[start : start + 10_000]).json()
    booster = lgb.Booster(model_file=str(trained[0].booster))
    expected = booster.predict(matrix(read(ROOT).tables, flights.parts))
    other_way = check_replies(replies, expected)
    print(f"{len(replies):,} flights, {other_way} half-way cases rounded to the other side")
