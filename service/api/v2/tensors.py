"""Tensors of the Open Inference Protocol: a request's body -> checked values, probabilities -> a reply.

It knows no model: what one takes is given to it as `Spec`s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from service.api.contract import MAX_TEXT, TooManyValues, cut, json_start, read_json
from service.api.v2.values import Float32, InferenceError, binary_form, binary_numbers, binary_texts, numbers, texts

OUTPUT = "delay_probability"
"""What every model gives, and all that it gives unless more is asked for."""

JSON_LENGTH = "inference-header-content-length"
"""The header that tells where a body's JSON ends and its binary tensors begin."""

UNKNOWN = "unknown"
"""The output that tells, of each flight, which of OPERA and SIGLADES no table knows: `OPERA, SIGLADES`, or nothing."""

REFUSED = ("classification", "shared_memory_region", "shared_memory_offset", "shared_memory_byte_size")
"""Parameters of Triton's that would change a request's meaning; what is left out of these is a hint, or a name."""

MAX_OBJECTS = 100
"""Inputs or outputs that are looked at."""

ONE_VALUE: tuple[tuple[int, ...], ...] = ((), (1,))
"""Shapes, after the number of flights, that hold one value."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Spec:
    """An input's datatype, and its shape after the number of flights."""

    datatype: str
    width: tuple[int, ...] = ()

    def fits(self, width: tuple[int, ...]) -> bool:
        """One value a flight may be told as a row of one, as MLServer's codecs do, or without a row."""
        return width == self.width or (width in ONE_VALUE and self.width in ONE_VALUE)

    def about(self, name: str) -> Json:
        return {"name": name, "datatype": self.datatype, "shape": [-1, *self.width]}


@dataclass(frozen=True)
class Reply:
    """The JSON's length is stated where binary tensors follow it."""

    body: bytes
    json_length: int | None
    flights: int


def split(body: bytes, json_length: int | None, flights: int) -> tuple[Json, memoryview]:
    """The request's JSON, of at most so many flights, and the binary tensors behind it. Raises InferenceError."""
    end = len(body) if json_length is None else json_length
    if end > len(body):
        raise InferenceError(f"the header {JSON_LENGTH} says {end} bytes, the body has {len(body)}")
    try:
        request = read_json(body[:end], flights)
    except TooManyValues as error:
        raise InferenceError(str(error)) from None
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
    values = _given(request, name, [])
    if isinstance(values, list) and len(values) > MAX_OBJECTS:
        raise InferenceError(f"{name!r} has {len(values)} entries, more than {MAX_OBJECTS}")
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise InferenceError(f"{name!r} should be a list of objects")
    return values


def _given(owner: Json, name: str, otherwise: Any) -> Any:
    """What `owner` says of an optional field: null is as good as nothing, and clients' own models send it."""
    value = owner.get(name)
    return otherwise if value is None else value


def _parameters(owner: Json) -> Json:
    parameters = _given(owner, "parameters", {})
    if not isinstance(parameters, dict):
        raise InferenceError("'parameters' should be an object")
    for name in REFUSED:
        if parameters.get(name) is not None:
            raise InferenceError(f"the parameter {name} is not supported")
    if parameters.get("content_type") == "base64":
        raise InferenceError("the content_type base64 is not supported: send texts as they are")
    return parameters


def _shape(tensor: Json, spec: Spec) -> list[int]:
    name, shape = tensor["name"], tensor.get("shape")
    if tensor.get("datatype") != spec.datatype:
        raise InferenceError(f"the datatype of {name} should be {spec.datatype}, not {_short(tensor.get('datatype'))}")
    whole = isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape)
    if not isinstance(shape, list) or not whole or not shape or not spec.fits(tuple(shape[1:])):
        expected = ", ".join(map(str, (-1, *spec.width)))
        raise InferenceError(f"the shape of {name} should be [{expected}], not {_short(shape)}")
    return shape


def _short(value: Any) -> str:
    return cut(json_start(value, 60), 60)


def _values(tensor: Json, shape: Sequence[int], spec: Spec, blobs: memoryview) -> tuple[Any, memoryview]:
    """A tensor's values, and the binary tensors that follow it."""
    name, size = tensor["name"], _parameters(tensor).get("binary_data_size")
    if size is None:
        read = texts if spec.datatype == "BYTES" else numbers
        return read(name, tensor.get("data"), shape), blobs
    if tensor.get("data") is not None:
        raise InferenceError(f"{name} has both 'data' and 'binary_data_size'")
    if type(size) is not int or not 0 <= size <= len(blobs):
        raise InferenceError(f"the binary_data_size of {name} is {_short(size)}, {len(blobs)} bytes are left")
    read_binary = binary_texts if spec.datatype == "BYTES" else binary_numbers
    return read_binary(name, blobs[:size], shape), blobs[size:]


def asked_outputs(request: Json, outputs: Mapping[str, Spec]) -> dict[str, bool]:
    """The outputs that are asked for, and whether each in binary: the first of `outputs`, where none is named.

    Raises InferenceError where another one is asked for.
    """
    binary = _flag(request, "binary_data_output", False)
    asked = {}
    for output in _objects(request, "outputs"):
        name = output.get("name")
        if name not in tuple(outputs):
            raise InferenceError(f"there is no output {_short(name)}; there is {', '.join(outputs)}")
        asked[name] = _flag(output, "binary_data", binary)
    return asked or {OUTPUT: binary}


def _flag(owner: Json, name: str, otherwise: bool) -> bool:
    value = _given(_parameters(owner), name, otherwise)
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


def write_reply(head: Json, asked: Mapping[str, bool], values: Mapping[str, Float32 | list[str]]) -> Reply:
    """`head` is what the reply says before its outputs, which are `asked` in binary or not."""
    outputs, blobs = [], []
    for name, binary in asked.items():
        datatype, found = ("BYTES" if isinstance(values[name], list) else "FP32"), values[name]
        output: Json = {"name": name, "datatype": datatype, "shape": [len(found)]}
        if binary:
            blobs.append(binary_form(found))
            output["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            output["data"] = found
        outputs.append(output)
    text = orjson.dumps(head | {"outputs": outputs}, option=orjson.OPT_SERIALIZE_NUMPY)
    return Reply(b"".join((text, *blobs)), len(text) if blobs else None, len(values[OUTPUT]))
