"""The Open Inference Protocol over HTTP, by hand: what is answered."""

import json
import struct
from typing import Any

import httpx
import numpy as np
import pytest

from service import __version__
from service.api.contract import EXAMPLE, FIELDS
from service.api.v2.tensors import Spec, read_inputs
from tests.service.api.v2.sent import (
    FEATURES,
    FLIGHT,
    ONE,
    ROOT,
    SKY,
    WIDTH,
    Golden,
    binary,
    binary_request,
    request,
    rows,
    tensor,
)


def test_the_server_tells_what_it_is(server: Any) -> None:
    told = httpx.get(server.url + "/v2").json()
    assert told == {
        "name": "atraso",
        "version": __version__,
        "extensions": ["binary_tensor_data", "model_configuration", "statistics"],
    }


@pytest.mark.parametrize("version", ["", "/versions/1"])
def test_the_models_tell_what_they_take(server: Any, version: str) -> None:
    flight = httpx.get(f"{server.url}/v2/models/flight_delay{version}").json()
    features = httpx.get(f"{server.url}/v2/models/flight_delay_features{version}").json()
    shared = {"versions": ["1"], "platform": "onnxruntime_onnx"}
    outputs = [{"name": "delay_probability", "datatype": "FP32", "shape": [-1]}]
    unknown = {"name": "unknown", "datatype": "BYTES", "shape": [-1]}
    inputs = [{"name": field, "datatype": "BYTES", "shape": [-1]} for field in FIELDS]
    assert flight == {"name": "flight_delay", "inputs": inputs, "outputs": [*outputs, unknown], **shared}
    inputs = [{"name": "features", "datatype": "FP32", "shape": [-1, WIDTH]}]
    assert features == {"name": "flight_delay_features", "inputs": inputs, "outputs": outputs, **shared}
    ready = httpx.get(f"{server.url}/v2/models/flight_delay{version}/ready")
    assert (ready.status_code, ready.json()) == (200, {"name": "flight_delay", "ready": True})


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_flights_get_lightgbms_probability(server: Any, golden: Golden, count: int) -> None:
    some = golden[:count]
    reply = server.post(FLIGHT, request(some, id="mine", parameters={"any": 1}))
    assert reply.status_code == 200
    told = reply.json()
    (output,) = told.pop("outputs")
    assert told == {"id": "mine", "model_name": "flight_delay", "model_version": "1"}
    assert (output["name"], output["datatype"], output["shape"]) == ("delay_probability", "FP32", [count])
    assert np.abs(np.array(output["data"]) - [each["delay_probability"] for each in some]).max(initial=0) < 1e-6


@pytest.mark.parametrize("nested", [False, True])
def test_features_get_it_too_in_either_form(server: Any, golden: Golden, nested: bool) -> None:
    data = [vector["features"] for vector in golden] if nested else None
    reply = server.post(FEATURES, rows(golden, data, outputs=[{"name": "delay_probability"}]))
    found = reply.json()["outputs"][0]["data"]
    assert np.abs(np.array(found) - [each["delay_probability"] for each in golden]).max() < 1e-6


NO_HOUR = "row 1 of features has no {} (null or NaN), which is never missing"


@pytest.mark.parametrize("column", [0, 10])
def test_a_missing_value_that_no_table_has_is_refused_by_name(server: Any, golden: Golden, column: int) -> None:
    """What the model would make of it was never proved; null in JSON is what NaN is in binary."""
    told = {"error": NO_HOUR.format(features_of()[column])}
    data = [list(vector["features"]) for vector in golden[:2]]
    data[1][column] = None
    for each in (data, [*data[0], *data[1]]):
        reply = server.post(FEATURES, rows(golden[:2], each))
        assert (reply.status_code, reply.json()) == (400, told)
    reply = binary_rows(server, np.array(data, dtype=np.float32))
    assert (reply.status_code, reply.json()) == (400, told)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("path", [FEATURES, FLIGHT])
def test_what_is_no_number_in_json_is_told(server: Any, path: str, word: str) -> None:
    body = json.dumps(rows([{"features": [0.5] * WIDTH}])).replace("0.5", word, 1).encode()
    reply = server.post(path, body)
    assert reply.status_code == 400
    assert reply.json()["error"].startswith("the request is not JSON: ")


def test_beyond_every_threshold_is_scored(server: Any, golden: Golden) -> None:
    """Infinity, and a number beyond float32, are on the same side of each split as any number that large."""
    large = np.array([golden[0]["features"]] * 3, dtype=np.float64)
    large[:, 2] = [1e30, 1e300, np.inf]
    for sign in (1, -1):
        large[:, 2] *= sign
        found = server.post(FEATURES, rows([*golden[:2]], large[:2].tolist())).json()["outputs"][0]["data"]
        with np.errstate(over="ignore"):
            found += binary_rows(server, large.astype(np.float32)).json()["outputs"][0]["data"]
        assert len(set(found)) == 1


def features_of() -> list[str]:
    return [each["name"] for each in json.loads((ROOT / "tables" / "manifest.json").read_bytes())["features"]]


def binary_rows(server: Any, values: Any) -> httpx.Response:
    blob = values.astype("<f4").tobytes()
    head = {"name": "features", "datatype": "FP32", "shape": list(values.shape)}
    body, headers = binary({"inputs": [head | {"parameters": {"binary_data_size": len(blob)}}]}, blob)
    return httpx.post(server.url + FEATURES, content=body, headers=headers)


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
def test_mlservers_columns_are_taken(server: Any, golden: Golden, nested: bool) -> None:
    """Its codecs write a column of n texts as [n, 1]."""
    asked = request(golden[:5])
    for each in asked["inputs"]:
        each |= {"shape": [5, 1], "parameters": {"content_type": "str"}}
        each["data"] = [[text] for text in each["data"]] if nested else each["data"]
    assert server.post(FLIGHT, asked).json() == server.post(FLIGHT, request(golden[:5])).json()


def test_a_binary_column_is_taken(server: Any) -> None:
    head = binary_request(SKY * 2)
    head["inputs"] = [head["inputs"][0], *(tensor(field, [EXAMPLE[field]] * 2) for field in FIELDS[1:])]
    for each in head["inputs"]:
        each["shape"] = [2, 1]
    body, headers = binary(head, SKY * 2)
    reply = httpx.post(server.url + FLIGHT, content=body, headers=headers)
    assert reply.json() == server.post(FLIGHT, request([EXAMPLE] * 2)).json()


def test_a_model_of_one_feature_takes_a_column_or_not() -> None:
    for shape, data in (([2], [1, 2]), ([2], [[1], [2]]), ([2, 1], [1, 2]), ([2, 1], [[1], [2]])):
        one = {"name": "x", "datatype": "FP32", "shape": shape, "data": data}
        count, found = read_inputs({"inputs": [one]}, memoryview(b""), "m", {"x": Spec("FP32", (1,))}, 9)
        assert (count, [row.tobytes() for row in found["x"]]) == (2, [struct.pack("f", 1), struct.pack("f", 2)])


NULLS = {"parameters": None, "id": None, "outputs": None}
NULL_FLAGS = {"parameters": {"binary_data_output": None}}
NULL_OUTPUT = {"outputs": [{"name": "delay_probability", "parameters": None}]}
NULL_OUTPUT_FLAG = {"outputs": [{"name": "delay_probability", "parameters": {"binary_data": None}}]}


@pytest.mark.parametrize("nulls", [NULLS, NULL_FLAGS, NULL_OUTPUT, NULL_OUTPUT_FLAG])
def test_null_is_nothing(server: Any, nulls: dict[str, Any]) -> None:
    plain = server.post(FLIGHT, request([EXAMPLE])).json()
    asked = request([EXAMPLE], **nulls)
    for each, parameters in zip(asked["inputs"], (None, {}, {"binary_data_size": None}), strict=True):
        each["parameters"] = parameters
    assert server.post(FLIGHT, asked).json() == plain


def test_null_data_beside_binary_ones_is_nothing(server: Any) -> None:
    head = binary_request(SKY)
    head["inputs"][0]["data"] = None
    body, headers = binary(head, SKY)
    assert httpx.post(server.url + FLIGHT, content=body, headers=headers).status_code == 200


def test_an_unknown_airline_is_named_and_counted(server: Any) -> None:
    before = metric(server, 'atraso_unknown_total{field="OPERA"}')
    reply = server.post(FLIGHT, request([{**EXAMPLE, "OPERA": "Nueva"}]))
    assert reply.headers["x-unknown"] == "OPERA"
    assert metric(server, 'atraso_unknown_total{field="OPERA"}') == before + 1


def test_which_flights_are_unknown_is_told_where_asked(server: Any) -> None:
    flights = [EXAMPLE, {**EXAMPLE, "OPERA": "Nueva"}, {**EXAMPLE, "OPERA": "Nueva", "SIGLADES": "Otra"}]
    asked = request(flights, outputs=[{"name": "unknown"}, {"name": "delay_probability"}])
    unknown, probability = server.post(FLIGHT, asked).json()["outputs"]
    assert unknown == {
        "name": "unknown",
        "datatype": "BYTES",
        "shape": [3],
        "data": ["", "OPERA", "OPERA, SIGLADES"],
    }
    assert [probability] == server.post(FLIGHT, request(flights)).json()["outputs"]


@pytest.mark.parametrize("place", ["request", "input", "output"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("classification", 2),
        ("shared_memory_region", "r"),
        ("shared_memory_byte_size", 8),
        ("shared_memory_offset", 0),
        ("content_type", "base64"),
    ],
)
def test_what_would_change_the_meaning_is_refused_by_name(server: Any, place: str, name: str, value: Any) -> None:
    asked = request([EXAMPLE], outputs=[{"name": "delay_probability"}])
    {"request": asked, "input": asked["inputs"][1], "output": asked["outputs"][0]}[place]["parameters"] = {name: value}
    reply = server.post(FLIGHT, asked)
    assert reply.status_code == 400
    assert name in reply.json()["error"]
    assert "is not supported" in reply.json()["error"]


def metric(server: Any, name: str) -> float:
    text = httpx.get(server.url + "/metrics").text
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name + " "))


def test_requests_are_counted_as_one_route(server: Any) -> None:
    name = 'atraso_requests_total{route="/v2/models/{name}/infer",status="200"}'
    before = metric(server, name)
    server.post(FLIGHT, request([EXAMPLE]))
    server.post("/v2/models/flight_delay/versions/1/infer", request([EXAMPLE]))
    assert metric(server, name) == before + 2


def test_binary_and_plain_inputs_may_be_mixed(server: Any) -> None:
    body, headers = binary(binary_request(SKY), SKY)
    reply = httpx.post(server.url + FLIGHT, content=body, headers=headers)
    assert reply.json() == server.post(FLIGHT, ONE).json()
