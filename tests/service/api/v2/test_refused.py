"""The Open Inference Protocol over HTTP, by hand: what is refused, and in which words."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.api.contract import EXAMPLE
from tests.service.api.v2.sent import (
    FEATURES,
    FLIGHT,
    ONE,
    SKY,
    WIDTH,
    binary,
    binary_request,
    request,
    rows,
    tensor,
    text_blob,
)

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
    "a text among numbers": (FEATURES, rows([EXAMPLE], [*[0] * (WIDTH - 1), "x" * 1_000_000]), "should be numbers"),
    "a text after numbers": (
        FEATURES,
        rows([EXAMPLE], [*[0] * 1000, "x" * 1_000_000]),
        f"takes {WIDTH} values, not 1001",
    ),
    "a text in a row": (FEATURES, rows([EXAMPLE], [[*[0] * (WIDTH - 1), "x" * 1_000_000]]), "should be numbers"),
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


def test_binary_features_of_the_wrong_size(server: Any) -> None:
    head = {"name": "features", "datatype": "FP32", "shape": [1, WIDTH], "parameters": {"binary_data_size": 40}}
    body, headers = binary({"inputs": [head]}, b"\0" * 40)
    reply = httpx.post(server.url + FEATURES, content=body, headers=headers)
    assert f"takes {4 * WIDTH} bytes, not 40" in reply.json()["error"]


def test_what_is_no_gzip_is_told(server: Any) -> None:
    reply = httpx.post(server.url + FLIGHT, content=b"x", headers={"content-encoding": "gzip"})
    assert (reply.status_code, list(reply.json())) == (400, ["error"])
    reply = httpx.post(server.url + FLIGHT, content=b"x", headers={"content-encoding": "br"})
    assert (reply.status_code, list(reply.json())) == (415, ["error"])
