"""The Open Inference Protocol with the client that Triton's users have, JSON and binary."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from export.data.flights import read_flights
from service.api.contract import EXAMPLE, FIELDS

WIDTH = len(json.loads((Path(__file__).resolve().parents[4] / "tables" / "manifest.json").read_bytes())["features"])
Golden = list[dict[str, Any]]


@pytest.fixture(scope="module")
def client(server: Any) -> Any:
    from tritonclient.http import InferenceServerClient

    return InferenceServerClient(server.url.removeprefix("http://"))


def inputs_of(flights: Golden, is_binary: bool) -> Any:
    from tritonclient.http import InferInput

    inputs = []
    for field in FIELDS:
        inputs.append(InferInput(field, [len(flights)], "BYTES"))
        data = np.array([flight[field] for flight in flights], dtype=object)
        inputs[-1].set_data_from_numpy(data, binary_data=is_binary)
    return inputs


def asked(client: Any, flights: Golden, is_binary: bool, **options: Any) -> Any:
    from tritonclient.http import InferRequestedOutput

    outputs = None if is_binary else [InferRequestedOutput("delay_probability", binary_data=False)]
    inputs = inputs_of(flights, is_binary)
    return client.infer("flight_delay", inputs, outputs=outputs, **options).as_numpy("delay_probability")


def test_tritons_client_finds_its_way(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("flight_delay")
    assert not client.is_model_ready("other")
    assert client.get_server_metadata()["name"] == "atraso"
    assert client.get_model_metadata("flight_delay_features", "1")["inputs"][0]["shape"] == [-1, WIDTH]


@pytest.mark.parametrize("version", ["", "1"])
def test_tritons_client_is_told_the_configuration(client: Any, version: str) -> None:
    told = client.get_model_config("flight_delay_features", version)
    assert (told["name"], told["platform"], told["max_batch_size"]) == (
        "flight_delay_features",
        "onnxruntime_onnx",
        0,
    )
    assert told["input"] == [{"name": "features", "data_type": "TYPE_FP32", "dims": [-1, WIDTH]}]
    assert told["output"] == [{"name": "delay_probability", "data_type": "TYPE_FP32", "dims": [-1]}]
    assert [each["data_type"] for each in client.get_model_config("flight_delay")["input"]] == ["TYPE_STRING"] * 3


def test_tritons_client_is_told_which_models_there_are(client: Any) -> None:
    models = client.get_model_repository_index()
    assert [(each["name"], each["version"], each["state"]) for each in models] == [
        ("flight_delay", "1", "READY"),
        ("flight_delay_features", "1", "READY"),
    ]


def test_tritons_client_is_told_what_was_inferred(servers: Any) -> None:
    from tritonclient.http import InferenceServerClient

    server = servers("--workers", 2)
    before = time.time() * 1000
    for _ in range(3):  # each on a connection of its own: they go to both workers
        fresh = InferenceServerClient(server.url.removeprefix("http://"))
        asked(fresh, [EXAMPLE] * 300, True)
    server.post("/v2/models/flight_delay/infer", {})
    flights, features = fresh.get_inference_statistics()["model_stats"]
    assert [flights] == fresh.get_inference_statistics("flight_delay", "1")["model_stats"]
    assert (flights["name"], flights["version"]) == ("flight_delay", "1")
    assert (flights["inference_count"], flights["execution_count"]) == (900, 6)
    did = flights["inference_stats"]
    assert (did["success"]["count"], did["fail"]["count"]) == (3, 1)
    assert did["success"]["ns"] > 0
    assert before - 1 <= flights["last_inference"] <= time.time() * 1000
    assert (features["name"], features["inference_count"]) == ("flight_delay_features", 0)


@pytest.mark.parametrize("is_binary", [False, True], ids=["json", "binary"])
def test_tritons_client_gets_told_which_flight_is_unknown(client: Any, is_binary: bool) -> None:
    from tritonclient.http import InferRequestedOutput

    outputs = [InferRequestedOutput(name, binary_data=is_binary) for name in ("delay_probability", "unknown")]
    result = client.infer("flight_delay", inputs_of([EXAMPLE, {**EXAMPLE, "OPERA": "Ñandú"}], True), outputs=outputs)
    assert result.as_numpy("delay_probability").shape == (2,)
    unknown = [text.decode() if isinstance(text, bytes) else text for text in result.as_numpy("unknown")]
    assert unknown == ["", "OPERA"]


@pytest.fixture(scope="module")
def thousand(real_data: Path) -> Golden:
    """Real flights."""
    ids = read_flights(real_data).ids[::68][:1000]
    return [dict(zip(FIELDS, (*names, str(when)), strict=True)) for *names, when in ids]


@pytest.fixture(scope="module")
def own(server: Any, thousand: Golden) -> np.ndarray[Any, Any]:
    """Their probabilities as the service's own endpoint tells them, not rounded."""
    with httpx.Client(base_url=server.url) as http:
        replies = [http.post("/explain_delay_probability", json=flight).json() for flight in thousand]
    return np.array([reply["delay_probability"] for reply in replies])


@pytest.mark.parametrize("is_binary", [False, True], ids=["json", "binary"])
def test_tritons_client_scores_a_thousand_real_flights(
    client: Any, server: Any, thousand: Golden, own: np.ndarray[Any, Any], is_binary: bool
) -> None:
    """As the service's own endpoints do: one by one, and all at once."""
    batch = asked(client, thousand, is_binary)
    assert (batch.shape, batch.dtype) == ((1000,), np.float32)
    singles = np.concatenate([asked(client, [flight], is_binary) for flight in thousand])
    assert np.abs(batch - own).max() <= 1e-6
    assert np.abs(singles - own).max() <= 1e-6
    replies = server.post("/predict_delay_probabilities", thousand).json()
    assert np.abs(batch - [reply["delay_probability"] for reply in replies]).max() <= 0.005 + 1e-6


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("is_binary", [False, True], ids=["json", "binary"])
def test_tritons_client_compresses(client: Any, thousand: Golden, is_binary: bool, coding: str) -> None:
    plain = asked(client, thousand, is_binary)
    assert (asked(client, thousand, is_binary, request_compression_algorithm=coding) == plain).all()


@pytest.mark.parametrize("is_binary", [False, True], ids=["json", "binary"])
def test_tritons_client_scores_features(client: Any, golden: Golden, is_binary: bool) -> None:
    from tritonclient.http import InferInput

    features = np.array([vector["features"] for vector in golden], dtype=np.float32)
    inputs = [InferInput("features", list(features.shape), "FP32")]
    inputs[0].set_data_from_numpy(features, binary_data=is_binary)
    found = client.infer("flight_delay_features", inputs, request_id="a").as_numpy("delay_probability")
    assert np.abs(found - [vector["delay_probability"] for vector in golden]).max() <= 1e-6


def test_the_snippet_of_the_documentation_prints_what_it_says(server: Any) -> None:
    text = (Path(__file__).resolve().parents[4] / "docs" / "reuse.md").read_text(encoding="utf-8")
    snippet = text.partition("```python\n")[2].partition("```")[0]
    code = snippet.replace("localhost:8080", f"127.0.0.1:{server.port}")
    printed = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == snippet.partition("# ")[2].strip()


def test_tritons_client_gets_our_sentence(client: Any) -> None:
    from tritonclient.utils import InferenceServerException

    with pytest.raises(InferenceServerException, match="FECHA_PROGRAMADA\\[0\\]"):
        asked(client, [{**EXAMPLE, "FECHA_PROGRAMADA": "soon"}], True)
