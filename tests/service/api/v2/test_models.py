"""The Open Inference Protocol over HTTP, by hand."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from service import __version__
from service.api.contract import EXAMPLE, FIELDS
from service.api.v2.tensors import Spec, read_inputs

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


ONE = request([EXAMPLE])
WIDER = {"inputs": [{"name": "features", "datatype": "FP32", "shape": [1, WIDTH + 1], "data": [0] * (WIDTH + 1)}]}


def changed(**changes: Any) -> dict[str, Any]:
    """A request whose first input is another."""
    return {"inputs": [ONE["inputs"][0] | changes, *ONE["inputs"][1:]]}


def deep(field: str, depth: int) -> bytes:
    """A request whose first input has so many lists in each other."""
    return json.dumps(changed(**{field: "HERE"})).replace('"HERE"', "[" * depth + "]" * depth).encode()


WRONG: dict[str, tuple[str, Any, str]] = {
    "not JSON": (FLIGHT, b"{", "the request is not JSON"),
    "a list": (FLIGHT, [], "should be a JSON object"),
    "no inputs": (FLIGHT, {}, "one input 'OPERA', the request has 0"),
    "inputs no list": (FLIGHT, {"inputs": 1}, "'inputs' should be a list of objects"),
    "inputs of texts": (FLIGHT, {"inputs": ["OPERA"]}, "'inputs' should be a list of objects"),
    "twice": (FLIGHT, {"inputs": [*ONE["inputs"], ONE["inputs"][0]]}, "one input 'OPERA', the request has 2"),
    "unknown input": (FLIGHT, {"inputs": [*ONE["inputs"], tensor("X", ["a"])]}, 'takes no input "X"'),
    "name no text": (FLIGHT, {"inputs": [*ONE["inputs"], tensor([], ["a"])]}, "takes no input []"),
    "no name": (FLIGHT, {"inputs": [*ONE["inputs"], {}]}, "takes no input null"),
    "datatype": (FLIGHT, changed(datatype="FP32"), 'the datatype of OPERA should be BYTES, not "FP32"'),
    "no shape": (FLIGHT, changed(shape=None), "the shape of OPERA should be [-1], not null"),
    "shape of a row": (FLIGHT, changed(shape=[1, 2]), "the shape of OPERA should be [-1], not [1,2]"),
    "shape of rows": (FLIGHT, changed(shape=[1, 1, 1]), "the shape of OPERA should be [-1], not [1,1,1]"),
    "rows and a text": (FLIGHT, changed(shape=[2, 1], data=[["a"], "b"]), "the data of OPERA should be a list of"),
    "a row of two": (FLIGHT, changed(shape=[1, 1], data=[["a", "b"]]), "row 0 of OPERA has 2 values, not 1"),
    "null inputs": (FLIGHT, {"inputs": None}, "one input 'OPERA', the request has 0"),
    "negative": (FLIGHT, changed(shape=[-1]), "the shape of OPERA should be [-1], not [-1]"),
    "true": (FLIGHT, changed(shape=[True]), "the shape of OPERA should be [-1], not [true]"),
    "shape too long": (FLIGHT, changed(shape=[2]), "OPERA of shape [2] takes 2 values, not 1"),
    "numbers": (FLIGHT, changed(data=[1]), "the data of OPERA should be a list of texts"),
    "no data": (FLIGHT, changed(data=None), "the data of OPERA should be a list of texts"),
    "lengths": (FLIGHT, changed(shape=[2], data=["a", "b"]), "should have one length, not OPERA 2, SIGLADES 1"),
    "no such time": (FLIGHT, request([EXAMPLE, {**EXAMPLE, "FECHA_PROGRAMADA": "soon"}]), "FECHA_PROGRAMADA[1]: Input"),
    "too long a name": (FLIGHT, request([{**EXAMPLE, "OPERA": "x" * 300}]), "OPERA[0]: String should have at most"),
    "parameters": (FLIGHT, ONE | {"parameters": 3}, "'parameters' should be an object"),
    "flag": (FLIGHT, ONE | {"parameters": {"binary_data_output": "no"}}, 'should be true or false, not "no"'),
    "output": (FLIGHT, ONE | {"outputs": [{"name": "label"}]}, 'there is no output "label"'),
    "no unknown of rows": (
        FEATURES,
        rows([EXAMPLE], [0] * WIDTH, outputs=[{"name": "unknown"}]),
        'no output "unknown"',
    ),
    "id": (FLIGHT, ONE | {"id": 7}, "'id' should be a text"),
    "too many": (FLIGHT, request([EXAMPLE] * 10_001), "a request may hold 10000 flights, not 10001"),
    "one feature more": (FEATURES, WIDER, f"the shape of features should be [-1, {WIDTH}], not [1,{WIDTH + 1}]"),
    "text": (FEATURES, rows([EXAMPLE], ["a"] * WIDTH), "the data of features should be numbers"),
    "null": (
        FEATURES,
        rows([EXAMPLE], [None] * WIDTH),
        "row 0 of features has no hora (null or NaN), which is never missing",
    ),
    "booleans": (FEATURES, rows([EXAMPLE], [True] * WIDTH), "the data of features should be numbers"),
    "ragged": (FEATURES, rows([EXAMPLE] * 2, [[0] * WIDTH, [0] * 10]), f"row 1 of features has 10 values, not {WIDTH}"),
    "turned": (FEATURES, rows([EXAMPLE] * 2, [[0, 0]] * WIDTH), f"the data of features has {WIDTH} rows, not 2"),
    "a row and a number": (FEATURES, rows([EXAMPLE] * 2, [[0] * WIDTH, 0]), "the data of features should be numbers"),
    "a text among numbers": (FEATURES, rows([EXAMPLE], [*[0] * 10, "x" * 1_000_000]), "should be numbers"),
    "a text after numbers": (
        FEATURES,
        rows([EXAMPLE], [*[0] * 1000, "x" * 1_000_000]),
        f"takes {WIDTH} values, not 1001",
    ),
    "a text in a row": (FEATURES, rows([EXAMPLE], [[*[0] * 10, "x" * 1_000_000]]), "should be numbers"),
    "a number of 400 digits": (FEATURES, b'{"inputs": 1%s}' % (b"0" * 400), "the request is not JSON"),
    "absurd shape": (FEATURES, {"inputs": [WIDER["inputs"][0] | {"shape": [2**62, WIDTH]}]}, "may hold 10000 flights"),
    "absurd shape of texts": (FLIGHT, changed(shape=[2**64 - 1]), "may hold 10000 flights, not 18446744073709551615"),
    "a float as size": (FLIGHT, changed(shape=[1.0]), "the shape of OPERA should be [-1], not [1.0]"),
    "many inputs": (FLIGHT, {"inputs": [{}] * 30_000}, "'inputs' has 30000 entries"),
    "many lists": (FEATURES, rows([EXAMPLE], [[]] * 300_000), "more than 41000 lists and objects is not read"),
    "many outputs": (
        FLIGHT,
        ONE | {"outputs": [{"name": "delay_probability"}] * 10_000},
        "'outputs' has 10000 entries",
    ),
    "many values": (FLIGHT, changed(data=[[]] * 30_000), "OPERA of shape [1] takes 1 values, not 30000"),
    "id of 300 characters": (FLIGHT, ONE | {"id": "x" * 300}, "'id' should have at most 256 characters"),
    **{
        f"{name} {depth} deep": (FLIGHT, deep(name, depth), sentence)
        for depth in (60, 255, 300, 1010)
        for name, sentence in (
            ("shape", "shape of OPERA"),
            ("data", "data of OPERA"),
            ("datatype", "datatype of OPERA"),
        )
    },
    "too deep": (FEATURES, rows([EXAMPLE], [[[0] * WIDTH]]), f"row 0 of features has 1 values, not {WIDTH}"),
    "too few": (FEATURES, rows([EXAMPLE], [0] * 10), f"takes {WIDTH} values, not 10"),
    "no binary": (FLIGHT, changed(parameters={"binary_data_size": 3}), "OPERA has both"),
}


@pytest.mark.parametrize(("path", "body", "sentence"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told(server: Any, path: str, body: Any, sentence: str) -> None:
    reply = server.post(path, body)
    assert reply.status_code == 400
    assert list(reply.json()) == ["error"]
    assert sentence in reply.json()["error"]
    assert len(reply.content) < 500


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/other",
        "/v2/models/other/ready",
        "/v2/models/flight_delay/versions/2",
        "/v2/nothing",
        "/v2/models/" + "x" * 20_000,
        "/v2/models/flight_delay/versions/" + "x" * 20_000,
    ],
)
def test_what_is_not_there_is_404_in_the_protocols_shape(server: Any, path: str) -> None:
    reply = httpx.get(server.url + path)
    assert reply.status_code == 404
    assert list(reply.json()) == ["error"]
    assert len(reply.content) < 300


def test_a_method_that_is_not_there(server: Any) -> None:
    reply = httpx.get(server.url + FLIGHT)
    assert (reply.status_code, reply.json()) == (405, {"error": "Method Not Allowed"})
    assert reply.headers["allow"] == "POST"


def test_a_body_too_large(server: Any) -> None:
    reply = server.post(FLIGHT, b" " * 3_000_000)
    assert reply.status_code == 413
    assert list(reply.json()) == ["error"]


def test_strict_names_the_nearest(servers: Callable[..., Any]) -> None:
    reply = servers("--strict", "--workers", 1).post(FLIGHT, request([{**EXAMPLE, "OPERA": "Sky Airlin"}]))
    assert reply.status_code == 400
    assert "OPERA[0]: OPERA is not one that the model knows; the nearest is 'Sky Airline'" in reply.json()["error"]


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
WRONG_BINARY: dict[str, tuple[dict[str, Any], bytes, str | None, str]] = {
    "length is no number": (binary_request(SKY), SKY, "ten", "should be a number of bytes, not 'ten'"),
    "length too large": (binary_request(SKY), SKY, "100000", "says 100000 bytes, the body has"),
    "negative": (binary_request(SKY), SKY, "-1", "should be a number of bytes, not '-1'"),
    "size too large": (binary_request(SKY, 99), SKY, None, "the binary_data_size of OPERA is 99, 15 bytes are left"),
    "size no number": (binary_request(SKY, "x"), SKY, None, 'the binary_data_size of OPERA is "x"'),  # type: ignore[arg-type]
    "left over": (binary_request(SKY), SKY + b"more", None, "4 bytes are left over"),
    "cut length": (binary_request(b"\1\0"), b"\1\0", None, "ends within a length"),
    "cut text": (binary_request(SKY[:-1]), SKY[:-1], None, "ends within a text"),
    "not UTF-8": (binary_request(text_blob(b"\xff")), text_blob(b"\xff"), None, "OPERA[0] is not UTF-8"),
    "two texts": (
        binary_request(SKY * 2),
        SKY * 2,
        None,
        "OPERA of shape [1] takes 1 values, its binary data has more",
    ),
    "empty texts": (
        binary_request(bytes(1_000_000)),
        bytes(1_000_000),
        None,
        "takes 1 values, its binary data has more",
    ),
}


@pytest.mark.parametrize(("head", "blob", "length", "sentence"), WRONG_BINARY.values(), ids=WRONG_BINARY)
def test_what_is_wrong_in_binary_is_told(
    server: Any, head: dict[str, Any], blob: bytes, length: str | None, sentence: str
) -> None:
    body, headers = binary(head, blob, length)
    reply = httpx.post(server.url + FLIGHT, content=body, headers=headers)
    assert reply.status_code == 400
    assert sentence in reply.json()["error"]


def test_binary_and_plain_inputs_may_be_mixed(server: Any) -> None:
    body, headers = binary(binary_request(SKY), SKY)
    reply = httpx.post(server.url + FLIGHT, content=body, headers=headers)
    assert reply.json() == server.post(FLIGHT, ONE).json()


def test_binary_features_of_the_wrong_size(server: Any) -> None:
    head = {"name": "features", "datatype": "FP32", "shape": [1, WIDTH], "parameters": {"binary_data_size": 40}}
    body, headers = binary({"inputs": [head]}, b"\0" * 40)
    reply = httpx.post(server.url + FEATURES, content=body, headers=headers)
    assert "takes 44 bytes, not 40" in reply.json()["error"]


def test_what_is_no_gzip_is_told(server: Any) -> None:
    reply = httpx.post(server.url + FLIGHT, content=b"x", headers={"content-encoding": "gzip"})
    assert (reply.status_code, list(reply.json())) == (400, ["error"])
    reply = httpx.post(server.url + FLIGHT, content=b"x", headers={"content-encoding": "br"})
    assert (reply.status_code, list(reply.json())) == (415, ["error"])
