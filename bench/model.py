"""The shipped bundle without the service's shortcuts: a lookup a feature, and ONNX Runtime with the service's options.

It says what replies have to be, and it is the model of the baselines that are written as others would write them.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from service.api.contract import HIGH, LOW
from service.model import bundle as bundles
from service.model.keys import PARTS, Parts, key_parts
from service.model.scorer import INPUT, OUTPUT, open_session
from service.settings import ROOT

Matrix = NDArray[np.float32]
"""[N, F]: a row a flight, a column a feature."""


class Model:
    """Raises BundleError where the bundle cannot be read."""

    def __init__(self) -> None:
        self.bundle = bundles.read(ROOT)
        self._session = open_session(self.bundle)
        self._lookups = [(table, [PARTS.index(part) for part in table.key]) for table in self.bundle.tables]

    def features(self, parts: Parts) -> list[float]:
        """What the model takes, in the manifest's order."""
        row = []
        for table, places in self._lookups:
            key = parts[places[0]] if len(places) == 1 else tuple(parts[place] for place in places)
            row.append(table.values.get(key, table.default))
        return row

    def matrix(self, parts: Sequence[Parts]) -> Matrix:
        return np.array([self.features(flight) for flight in parts], dtype=np.float32)

    def score(self, matrix: Matrix) -> list[float]:
        """The probability of a delay of each row, from one run of the model."""
        return self.run(matrix)[:, 1].tolist()  # type: ignore[no-any-return]

    def run(self, matrix: Matrix) -> Matrix:
        """ONNX Runtime and nothing else: [N, 2], on time and delayed."""
        return self._session.run([OUTPUT], {INPUT: matrix})[0]  # type: ignore[no-any-return]

    def predict(self, opera: str, siglades: str, when: datetime) -> tuple[float, str]:
        """The probability of one flight's delay in hundredths, and its class."""
        probability = self.score(self.matrix([key_parts(opera, siglades, when)]))[0]
        return round(probability, 2), HIGH if probability > self.bundle.threshold else LOW
