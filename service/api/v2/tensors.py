"""Tensors of the Open Inference Protocol: a request's body -> checked values, probabilities -> a reply.

It knows no model: what one takes is given to it as `Spec`s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from struct import unpack_from
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.api.contract import MAX_TEXT, cut, json_start, read_json
from service.api.errors import HttpError

OUTPUT = "delay_probability"
JSON_LENGTH = "inference-header-content-length"
"""The header that tells where a body's JSON ends and its binary tensors begin."""

MAX_OBJECTS = 100
"""Inputs or outputs that are looked at."""

Json = dict[str, Any]
Float32 = NDArray[np.float32]


class InferenceError(HttpError):
    """A request that does not fit the protocol or the model."""

    status = 400
    detail: str


@dataclass(frozen=True)
class Spec:
    """An input's datatype, and its shape after the number of flights."""

    datatype: str
    width: tuple[int, ...] = ()

    def about(self, name: str) -> Json:
        return {"name": name, "datatype": self.datatype, "shape": [-1, *self.width]}


@dataclass(frozen=True)
class Reply:
    """The JSON's length is stated where binary tensors follow it."""

    body: bytes
    json_length: int | None = None


def split(body: bytes, json_length: int | None) -> tuple[Json, memoryview]:
    """The request's JSON, and the binary tensors behind it. Raises InferenceError."""
    end = len(body) if json_length is None else json_length
    if end > len(body):
        raise InferenceError(f"the header {JSON_LENGTH} says {end} bytes, the body has {len(body)}")
    try:
        request = read_json(body[:end])
    except orjson.JSONDecodeError as error:
        raise InferenceError(f"the request is not JSON: {error}") from None
    if not isinstance(request, dict):
        raise InferenceError("the request should be a JSON object")
    return request, memoryview(body)[end:]


def read_inputs(
    request: Json, blobs: memoryview, model: str, specs: Mapping[str, Spec], most: int
) -> tuple[int, dict[str, Any]]:
    """How many flights, which may be `most`, and each input's values in order. Raises InferenceError.

    Counts are checked before types, and types before anything is made of the values.
    """
    tensors = _objects(request, "inputs")
    names = [tensor.get("name") for tensor in tensors]
    for name in specs:
        if names.count(name) != 1:
            raise InferenceError(f"{model} takes one input {name!r}, the request has {names.count(name)}")
    if unknown := [name for name in names if name not in tuple(specs)]:
        raise InferenceError(f"{model} takes no input {_short(unknown[0])}; it takes {', '.join(specs)}")
    found: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for tensor in tensors:
        name = tensor["name"]
        shape = _shape(tensor, specs[name])
        if shape[0] > most:
            raise InferenceError(f"a request may hold {most} flights, not {shape[0]}")
        values, blobs = _values(tensor, shape, specs[name], blobs)
        found[name], counts[name] = values, shape[0]
    if len(blobs):
        raise InferenceError(f"{len(blobs)} bytes are left over behind the binary tensors")
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise InferenceError(f"the inputs should have one length, not {told}")
    return next(iter(counts.values())), found


def _objects(request: Json, name: str) -> list[Json]:
    values = request.get(name, [])
    if isinstance(values, list) and len(values) > MAX_OBJECTS:
        raise InferenceError(f"{name!r} has {len(values)} entries, more than {MAX_OBJECTS}")
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise InferenceError(f"{name!r} should be a list of objects")
    return values


def _parameters(owner: Json) -> Json:
    parameters = owner.get("parameters", {})
    if not isinstance(parameters, dict):
        raise InferenceError("'parameters' should be an object")
    return parameters


def _shape(tensor: Json, spec: Spec) -> list[int]:
    name, shape = tensor["name"], tensor.get("shape")
    if tensor.get("datatype") != spec.datatype:
        raise InferenceError(f"the datatype of {name} should be {spec.datatype}, not {_short(tensor.get('datatype'))}")
    whole = isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape)
    if not isinstance(shape, list) or not whole or tuple(shape[1:]) != spec.width or not shape:
        expected = ", ".join(map(str, (-1, *spec.width)))
        raise InferenceError(f"the shape of {name} should be [{expected}], not {_short(shape)}")
    return shape


def _short(value: Any) -> str:
    return cut(json_start(value, 60), 60)


def _values(tensor: Json, shape: Sequence[int], spec: Spec, blobs: memoryview) -> tuple[Any, memoryview]:
    """A tensor's values, and the binary tensors that follow it."""
    name, size = tensor["name"], _parameters(tensor).get("binary_data_size")
    if size is None:
        read = _texts if spec.datatype == "BYTES" else _numbers
        return read(name, tensor.get("data"), shape), blobs
    if "data" in tensor:
        raise InferenceError(f"{name} has both 'data' and 'binary_data_size'")
    if type(size) is not int or not 0 <= size <= len(blobs):
        raise InferenceError(f"the binary_data_size of {name} is {_short(size)}, {len(blobs)} bytes are left")
    read_binary = _binary_texts if spec.datatype == "BYTES" else _binary_numbers
    return read_binary(name, blobs[:size], shape), blobs[size:]


def _texts(name: str, data: Any, shape: Sequence[int]) -> list[str]:
    if isinstance(data, list):
        _check_length(name, len(data), shape)
    if not isinstance(data, list) or not set(map(type, data)) <= {str}:
        raise InferenceError(f"the data of {name} should be a list of texts")
    return data


def _numbers(name: str, data: Any, shape: Sequence[int]) -> Float32:
    """Row after row, or a list of rows."""
    if not isinstance(data, list):
        raise _no_numbers(name)
    if data and isinstance(data[0], list):
        data = _flat(name, data, shape)
    _check_length(name, len(data), shape)
    if not set(map(type, data)) <= {int, float}:
        raise _no_numbers(name)
    with np.errstate(over="ignore"):  # beyond float32 is beyond every threshold, as infinity is
        return np.array(data, dtype=np.float64).astype(np.float32).reshape(shape)


def _flat(name: str, rows: list[Any], shape: Sequence[int]) -> list[Any]:
    """The rows' values in one list. It holds as many as the shape does, or an error is raised."""
    if len(rows) != shape[0]:
        raise InferenceError(f"the data of {name} has {len(rows)} rows, not {shape[0]}")
    for place, row in enumerate(rows):
        if not isinstance(row, list):
            raise _no_numbers(name)
        if len(row) != prod(shape[1:]):
            raise InferenceError(f"row {place} of {name} has {len(row)} values, not {prod(shape[1:])}")
    return [value for row in rows for value in row]


def _no_numbers(name: str) -> InferenceError:
    return InferenceError(f"the data of {name} should be numbers, row after row or a list of rows")


def _binary_texts(name: str, blob: memoryview, shape: Sequence[int]) -> list[str]:
    """Each text behind its length in bytes, a little-endian uint32."""
    texts: list[str] = []
    at = 0
    while at < len(blob):
        if len(texts) == shape[0]:
            raise InferenceError(f"{name} of shape {list(shape)} takes {shape[0]} values, its binary data has more")
        if at + 4 > len(blob):
            raise InferenceError(f"the binary data of {name} ends within a length")
        (length,) = unpack_from("<I", blob, at)
        text = blob[at + 4 : at + 4 + length]
        if len(text) < length:
            raise InferenceError(f"the binary data of {name} ends within a text")
        try:
            texts.append(str(text, "utf-8"))
        except UnicodeDecodeError:
            raise InferenceError(f"{name}[{len(texts)}] is not UTF-8") from None
        at += 4 + length
    _check_length(name, len(texts), shape)
    return texts


def _binary_numbers(name: str, blob: memoryview, shape: Sequence[int]) -> Float32:
    if len(blob) != 4 * prod(shape):
        raise InferenceError(f"{name} of shape {list(shape)} takes {4 * prod(shape)} bytes, not {len(blob)}")
    return np.frombuffer(blob, dtype="<f4").reshape(shape)


def _check_length(name: str, length: int, shape: Sequence[int]) -> None:
    if length != prod(shape):
        raise InferenceError(f"{name} of shape {list(shape)} takes {prod(shape)} values, not {length}")


def wants_binary(request: Json) -> bool:
    """Is the output asked for in binary? Raises InferenceError where another output is asked for."""
    binary = _flag(request, "binary_data_output", False)
    for output in _objects(request, "outputs"):
        if output.get("name") != OUTPUT:
            raise InferenceError(f"there is no output {_short(output.get('name'))}; there is {OUTPUT}")
        binary = _flag(output, "binary_data", binary)
    return binary


def _flag(owner: Json, name: str, otherwise: bool) -> bool:
    value = _parameters(owner).get(name, otherwise)
    if not isinstance(value, bool):
        raise InferenceError(f"the parameter {name} should be true or false, not {_short(value)}")
    return value


def request_id(request: Json) -> str | None:
    """Raises InferenceError."""
    given = request.get("id")
    if not (given is None or isinstance(given, str)):
        raise InferenceError("'id' should be a text")
    if given is not None and len(given) > MAX_TEXT:
        raise InferenceError(f"'id' should have at most {MAX_TEXT} characters")
    return given


def write_reply(head: Json, probabilities: Float32, binary: bool) -> Reply:
    """`head` is what the reply says before its one output."""
    output: Json = {"name": OUTPUT, "datatype": "FP32", "shape": [len(probabilities)]}
    body = head | {"outputs": [output]}
    if not binary:
        output["data"] = probabilities
        return Reply(orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY))
    blob = probabilities.astype("<f4").tobytes()
    output["parameters"] = {"binary_data_size": len(blob)}
    text = orjson.dumps(body)
    return Reply(text + blob, len(text))
