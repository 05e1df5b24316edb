"""What the tests of the Open Inference Protocol send."""

import json
import struct
from pathlib import Path
from typing import Any

from service.api.contract import EXAMPLE, FIELDS

ROOT = Path(__file__).resolve().parents[4]
WIDTH = len(json.loads((ROOT / "tables" / "manifest.json").read_bytes())["features"])
FLIGHT = "/v2/models/flight_delay/infer"
FEATURES = "/v2/models/flight_delay_features/infer"
Golden = list[dict[str, Any]]


def tensor(name: Any, data: Any, **changes: Any) -> dict[str, Any]:
    return {"name": name, "datatype": "BYTES", "shape": [len(data)], "data": data} | changes


def request(flights: Golden, **more: Any) -> dict[str, Any]:
    return {"inputs": [tensor(field, [flight[field] for flight in flights]) for field in FIELDS]} | more


def rows(vectors: Golden, data: Any = None, **more: Any) -> dict[str, Any]:
    data = data or [value for vector in vectors for value in vector["features"]]
    return {"inputs": [{"name": "features", "datatype": "FP32", "shape": [len(vectors), WIDTH], "data": data}]} | more


ONE = request([EXAMPLE])


def binary(head: dict[str, Any], blob: bytes, length: str | None = None) -> tuple[bytes, dict[str, str]]:
    text = json.dumps(head).encode()
    return text + blob, {"inference-header-content-length": str(len(text)) if length is None else length}


def text_blob(*texts: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def binary_request(opera: bytes, size: int | None = None, shape: int = 1) -> dict[str, Any]:
    length = len(opera) if size is None else size
    first = {"name": "OPERA", "datatype": "BYTES", "shape": [shape], "parameters": {"binary_data_size": length}}
    return {"inputs": [first, *ONE["inputs"][1:]]}


SKY = text_blob(b"Sky Airline")
