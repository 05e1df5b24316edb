"""The bundle in one process: columns of flights -> probabilities, and a reason for what is no flight."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bulk.scoring.lookup import Found, Lookup
from service.api.contract import FIELDS, check_flight
from service.api.errors import InvalidRequest
from service.model.bundle import Bundle
from service.model.features import Features
from service.model.scorer import Scorer

ROWS = 1024
"""Of one run of the model: more of them cost no less each."""


MEMO = 32 << 20
"""Bytes of features that a process remembers at most."""


class Said(NamedTuple):
    """Of the flights alone: float32 [G] and flags [G]; `good` [N] tells which of the rows they are."""

    probabilities: NDArray[np.float32]
    unknown: NDArray[np.uint8]
    good: NDArray[np.bool_]


class Model:
    """Belongs to the process that makes it. Without `memo` the model is asked about each row. Raises BundleError."""

    def __init__(self, bundle: Bundle, memo: bool = True) -> None:
        self.bundle = bundle
        self.lookup = Lookup(Features(bundle.tables, bundle.names), bundle.tables)
        self._scorer = Scorer(bundle)
        self._ask = Memo(len(bundle.tables), self.run) if memo else self.run

    def __call__(self, opera: pa.Array, siglades: pa.Array, when: pa.Array) -> Said:
        """Columns of texts, plain or dictionary-encoded, without nulls."""
        return self.say(self.lookup(opera, siglades, when))

    def say(self, found: Found) -> Said:
        matrix, good, unknown = found
        if not good.all():
            matrix, unknown = matrix[good], unknown[good]
        return Said(self._ask(matrix), unknown, good)

    def run(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """ONNX Runtime alone: [N, F] -> [N]."""
        said = [self._scorer.score(matrix[at : at + ROWS]) for at in range(0, len(matrix), ROWS)]
        return np.concatenate(said) if said else np.zeros(0, np.float32)


class Memo:
    """What the model said of features, so that it is asked once: tables know few values, and flights repeat them.

    Each row of features has one place, by its hash; the last of those that share it stays. Equal is equal bit by bit.
    """

    def __init__(self, width: int, run: Callable[[NDArray[np.float32]], NDArray[np.float32]], size: int = MEMO) -> None:
        """`size` is in bytes of features."""
        places = max(1, size // (4 * max(1, width))).bit_length() - 1
        self._shift = np.uint32(31 - places)  # by one, and by the rest: a shift by all 32 bits is undefined
        self._factors = np.random.default_rng(0).integers(1 << 32, size=width, dtype=np.uint32) | np.uint32(1)
        self._rows = np.zeros((1 << places, width), np.uint32)
        self._said = np.repeat(run(np.zeros((1, width), np.float32)), 1 << places)  # of zeros, as all rows are
        self._run = run

    def __call__(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """[N, F] -> [N], as `run` gives it."""
        rows = np.ascontiguousarray(matrix).view(np.uint32)
        places = (rows @ self._factors) >> np.uint32(1) >> self._shift
        kept = self._rows[places]
        said: NDArray[np.float32] = self._said[places]
        new = np.zeros(len(rows), np.bool_)
        for column in range(rows.shape[1]):  # in one step over all columns it takes three times as long
            new |= kept[:, column] != rows[:, column]
        if new.any():
            said[new] = self._run(matrix[new])
            self._rows[places[new]], self._said[places[new]] = rows[new], said[new]
        return said


def reason(opera: str, siglades: str, when: str) -> str:
    """Why the API would not take this flight, or has nothing to go by."""
    flight = dict(zip(FIELDS, (opera, siglades, when), strict=True))
    for field, value in flight.items():
        if not value.strip():
            return f"{field} is empty"
    try:
        check_flight(flight, ())
    except InvalidRequest as error:
        return "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in error.detail)
    raise AssertionError(f"the API takes {flight}")
