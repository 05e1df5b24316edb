"""The bundle in one process: columns of flights -> probabilities, and a reason for what is no flight."""

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


class Said(NamedTuple):
    """Of the flights alone: float32 [G] and flags [G]; `good` [N] tells which of the rows they are."""

    probabilities: NDArray[np.float32]
    unknown: NDArray[np.uint8]
    good: NDArray[np.bool_]


class Model:
    """Belongs to the process that makes it. Raises BundleError."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.lookup = Lookup(Features(bundle.tables, bundle.names), bundle.tables)
        self._scorer = Scorer(bundle)

    def __call__(self, opera: pa.Array, siglades: pa.Array, when: pa.Array) -> Said:
        """Columns of texts, plain or dictionary-encoded, without nulls."""
        return self.say(self.lookup(opera, siglades, when))

    def say(self, found: Found) -> Said:
        matrix, good, unknown = found
        if not good.all():
            matrix, unknown = matrix[good], unknown[good]
        said = [self.run(matrix[at : at + ROWS]) for at in range(0, len(matrix), ROWS)]
        return Said(np.concatenate(said) if said else np.zeros(0, np.float32), unknown, good)

    def run(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """ONNX Runtime alone: [N, F] -> [N]."""
        return self._scorer.score(matrix)


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
