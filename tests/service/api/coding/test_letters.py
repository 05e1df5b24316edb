"""JSON with a mark at its start, or in UTF-16 and UTF-32."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.contract import EXAMPLE, FIELDS

FLIGHT = {**EXAMPLE, "OPERA": "Ñandú 😀"}
INPUTS = [{"name": field, "datatype": "BYTES", "shape": [1], "data": [FLIGHT[field]]} for field in FIELDS]
ROUTES: dict[str, Any] = {
    "/predict_delay_probability": FLIGHT,
    "/predict_delay_probabilities": [FLIGHT] * 500,
    "/explain_delay_probability": FLIGHT,
    "/v2/models/flight_delay/infer": {"inputs": INPUTS},
}
ENCODINGS = ["utf-8-sig", "utf-16", "utf-32", *(f"utf-{bits}-{end}" for bits in (16, 32) for end in ("le", "be"))]


@pytest.fixture(scope="module")
def slow(servers: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    log = tmp_path_factory.mktemp("predictions")
    server = servers("--workers", 1, "--no-fast-lane", "--log-predictions", log)
    server.predictions = log
    return server


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("path", ROUTES)
def test_other_encodings_get_the_same_replies(server: Any, slow: Any, path: str, encoding: str) -> None:
    text = json.dumps(ROUTES[path], ensure_ascii=False)
    for each in (server, slow):
        coded = each.post(path, text.encode(encoding))
        assert (coded.status_code, coded.content) == (200, each.post(path, text.encode()).content)


def test_they_are_kept_in_the_log_of_predictions(slow: Any, wait_until: Callable[..., Any]) -> None:
    slow.post("/predict_delay_probability", json.dumps({**EXAMPLE, "OPERA": "Ñandú 16"}).encode("utf-16"))
    log: Path = slow.predictions
    wait_until(lambda: any("Ñandú 16" in file.read_text(encoding="utf-8") for file in log.glob("*.csv")), slow)


def test_v2_with_binary_tensors_behind_it(server: Any) -> None:
    values = [FLIGHT[field].encode() for field in FIELDS]
    blobs = [len(value).to_bytes(4, "little") + value for value in values]
    inputs = [
        {"name": field, "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(blob)}}
        for field, blob in zip(FIELDS, blobs, strict=True)
    ]
    head = json.dumps({"inputs": inputs}).encode("utf-16")
    reply = httpx.post(
        server.url + "/v2/models/flight_delay/infer",
        content=head + b"".join(blobs),
        headers={"inference-header-content-length": str(len(head))},
    )
    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"\xff\xfe{", "begins as UTF-16-LE and is not"),
        (b"{\0\0\0\"\0\0\0\xff\xff\xff\xff", "begins as UTF-32-LE and is not"),
        (b"\xff\xfe\x00\xd8", "begins as UTF-16-LE and is not"),
        (b"\xef\xbb\xbf" * 600_000, "JSON decode error"),
        ("{".encode("utf-16"), "JSON decode error"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(server: Any, body: bytes, told: str) -> None:
    reply = server.post("/predict_delay_probability", body)
    assert reply.status_code == 422
    assert told in reply.json()["detail"][0]["msg"]
    reply = server.post("/v2/models/flight_delay/infer", body)
    assert reply.status_code == 400
