"""ONNX Runtime's sessions: `model.onnx` and `pipeline.onnx`, one thread each."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else it reports to its maker; read as it is imported
import onnxruntime as ort

from export.graph.convert import INPUT, PROBABILITIES
from service.model.keys import PARTS, Parts

Probabilities = NDArray[np.float32]
"""Of a delay, one a flight."""


class OnnxModel:
    """An ONNX model in ONNX Runtime, one thread."""

    def __init__(self, model: bytes) -> None:
        self._session = _session(model)

    def predict(self, features: NDArray[np.float64]) -> Probabilities:
        """The probability of a delay of each row, float32 [N], from features [N, F]."""
        rows = features.astype(np.float32)
        probabilities: Probabilities = self._session.run([PROBABILITIES], {INPUT: rows})[0]
        return probabilities[:, 1]


class Pipeline:
    """`pipeline.onnx` in ONNX Runtime, one thread."""

    def __init__(self, pipeline: bytes) -> None:
        self._session = _session(pipeline)
        self._places = [(each.name, PARTS.index(each.name)) for each in self._session.get_inputs()]
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def predict(self, parts: Sequence[Parts]) -> Probabilities:
        """The probability of a delay of each flight, float32 [N]."""
        columns = {
            name: np.array(
                [flight[place] for flight in parts], dtype=object if isinstance(parts[0][place], str) else np.int64
            )
            for name, place in self._places
        }
        probabilities: Probabilities = self._session.run(None, columns)[0]
        return probabilities


def _session(model: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
