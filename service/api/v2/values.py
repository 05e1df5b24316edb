"""A tensor's data, JSON or binary -> its values: texts, or float32 in the tensor's shape.

Counts are checked before types, and types before anything is made of the values.
"""

from collections.abc import Sequence
from math import prod
from struct import pack, unpack_from
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.api.errors import HttpError

Float32 = NDArray[np.float32]


class InferenceError(HttpError):
    """A request that does not fit the protocol or the model."""

    status = 400
    detail: str


def texts(name: str, data: Any, shape: Sequence[int]) -> list[str]:
    """One after the other, or a list of rows where the shape has rows."""
    if isinstance(data, list):
        if len(shape) > 1 and data and isinstance(data[0], list):
            data = _flat(name, data, shape, _no_texts(name))
        _check_length(name, len(data), shape)
    if not isinstance(data, list) or not set(map(type, data)) <= {str}:
        raise _no_texts(name)
    return data


def _no_texts(name: str) -> InferenceError:
    return InferenceError(f"the data of {name} should be a list of texts")


def numbers(name: str, data: Any, shape: Sequence[int]) -> Float32:
    """Row after row, or a list of rows; null is what NaN is in binary, a missing value."""
    if not isinstance(data, list):
        raise _no_numbers(name)
    if data and isinstance(data[0], list):
        data = _flat(name, data, shape, _no_numbers(name))
    _check_length(name, len(data), shape)
    if not set(map(type, data)) <= {int, float, NoneType}:
        raise _no_numbers(name)
    with np.errstate(over="ignore"):  # beyond float32 is beyond every threshold, as infinity is
        return np.array(data, dtype=np.float64).astype(np.float32).reshape(shape)


def _flat(name: str, rows: list[Any], shape: Sequence[int], no_rows: InferenceError) -> list[Any]:
    """The rows' values in one list. It holds as many as the shape does, or an error is raised."""
    if len(rows) != shape[0]:
        raise InferenceError(f"the data of {name} has {len(rows)} rows, not {shape[0]}")
    for place, row in enumerate(rows):
        if not isinstance(row, list):
            raise no_rows
        if len(row) != prod(shape[1:]):
            raise InferenceError(f"row {place} of {name} has {len(row)} values, not {prod(shape[1:])}")
    return [value for row in rows for value in row]


def _no_numbers(name: str) -> InferenceError:
    return InferenceError(f"the data of {name} should be numbers, row after row or a list of rows")


def binary_texts(name: str, blob: memoryview, shape: Sequence[int]) -> list[str]:
    """Each text behind its length in bytes, a little-endian uint32."""
    texts: list[str] = []
    at = 0
    while at < len(blob):
        if len(texts) == prod(shape):
            raise InferenceError(f"{name} of shape {list(shape)} takes {prod(shape)} values, its binary data has more")
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


def binary_numbers(name: str, blob: memoryview, shape: Sequence[int]) -> Float32:
    if len(blob) != 4 * prod(shape):
        raise InferenceError(f"{name} of shape {list(shape)} takes {4 * prod(shape)} bytes, not {len(blob)}")
    return np.frombuffer(blob, dtype="<f4").reshape(shape)


def binary_form(values: Float32 | list[str]) -> bytes:
    """As `binary_numbers` and `binary_texts` read them."""
    if isinstance(values, list):
        coded = [text.encode() for text in values]
        return b"".join(pack("<I", len(text)) + text for text in coded)
    return values.astype("<f4").tobytes()


def _check_length(name: str, length: int, shape: Sequence[int]) -> None:
    if length != prod(shape):
        raise InferenceError(f"{name} of shape {list(shape)} takes {prod(shape)} values, not {length}")
