"""The Open Inference Protocol with the client that Triton's users have, JSON and binary."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from export.data.flights import read_flights
from service.api.contract import EXAMPLE, FIELDS

Golden = list[dict[str, Any]]


@pytest.fixture(scope="module")
def client(server: Any) -> Any:
    from tritonclient.http import InferenceServerClient

    return InferenceServerClient(server.url.removeprefix("http://"))


def asked(client: Any, flights: Golden, is_binary: bool, **options: Any) -> Any:
    from tritonclient.http import InferInput, InferRequestedOutput

    inputs = []
    for field in FIELDS:
        inputs.append(InferInput(field, [len(flights)], "BYTES"))
        data = np.array([flight[field] for flight in flights], dtype=object)
        inputs[-1].set_data_from_numpy(data, binary_data=is_binary)
    outputs = None if is_binary else [InferRequestedOutput("delay_probability", binary_data=False)]
    return client.infer("flight_delay", inputs, outputs=outputs, **options).as_numpy("delay_probability")


def test_tritons_client_finds_its_way(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("flight_delay")
    assert not client.is_model_ready("other")
    assert client.get_server_metadata()["name"] == "atraso"
    assert client.get_model_metadata("flight_delay_features", "1")["inputs"][0]["shape"] == [-1, 11]


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
