"""Probabilities and what is unknown -> the columns that are added, as the ends of CSV rows and as Arrow's columns."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bulk.reading.dialect import RESULTS
from service.api.contract import HIGH, LOW
from service.model.bundle import Bundle
from service.model.features import NAMED

DIGITS = 6
"""Decimals of a probability: ten times finer than what the model's conversion is held to."""

MILLION = 10**DIGITS
UNKNOWN = ("", NAMED[0], NAMED[1], " ".join(NAMED))
"""By the flags of `Found.unknown`."""

CLASSES = (LOW, HIGH)

SCHEMA = pa.schema(zip(RESULTS, (pa.float64(), pa.string(), pa.string(), pa.string()), strict=True))


class Results:
    def __init__(self, bundle: Bundle, separator: str = ",") -> None:
        self._threshold = bundle.threshold
        self._version = bundle.digest
        rows = [
            separator.join(("", f"{0:.{DIGITS}f}", clase, unknown, bundle.digest)).encode()
            for unknown in UNKNOWN
            for clase in CLASSES
        ]
        self._widths = np.array([len(row) for row in rows], np.int32)
        width = int(self._widths.max())
        self._rows = np.frombuffer(b"".join(row.ljust(width) for row in rows), np.uint8).reshape(len(rows), width)
        self.header = separator.join(("", *RESULTS)).encode()

    def high(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
        """As the service says it: of the probability as the model gives it."""
        return probabilities.astype(np.float64) > self._threshold

    def ends(self, probabilities: NDArray[np.float32], unknown: NDArray[np.uint8]) -> pa.Array:
        """`,0.137412,Baja probabilidad de atraso,,0123456789ab` for each row, binary."""
        kinds = 2 * unknown + self.high(probabilities)
        letters = self._rows[kinds]
        left = millionths(probabilities)
        for place in range(DIGITS + 2, 2, -1):
            left, digit = np.divmod(left, 10)
            letters[:, place] = digit + ord("0")
        letters[:, 1] = left + ord("0")
        widths = self._widths[kinds]
        count, width = letters.shape
        if (widths == widths[:1]).all():
            letters = letters[:, : int(widths[0])] if count else letters
            offsets = np.arange(count + 1, dtype=np.int32) * letters.shape[1]
            content = np.ascontiguousarray(letters)
        else:
            offsets = np.concatenate([[0], np.cumsum(widths)]).astype(np.int32)
            content = letters[np.arange(width) < widths[:, None]]
        return pa.BinaryArray.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(content)])

    def columns(self, probabilities: NDArray[np.float32], unknown: NDArray[np.uint8]) -> list[pa.Array]:
        """One for each of RESULTS."""
        count = len(probabilities)
        classes = pa.array(CLASSES).take(pa.array(self.high(probabilities).astype(np.int8)))
        return [
            pa.array(millionths(probabilities) / MILLION),
            classes,
            pa.array(UNKNOWN).take(pa.array(unknown)),
            pa.repeat(self._version, count),
        ]


def millionths(probabilities: NDArray[np.float32]) -> NDArray[np.int32]:
    found: NDArray[np.int32] = np.rint(np.clip(probabilities.astype(np.float64), 0, 1) * MILLION).astype(np.int32)
    return found
