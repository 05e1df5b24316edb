"""The ONNX Runtime session: rows of features -> probabilities of a delay. It knows no keys and no HTTP."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else it reports to its maker; read as it is imported
import onnxruntime as ort

from service.model.bundle import Bundle, BundleError
from service.model.features import Row

INPUT = "features"
OUTPUT = "probabilities"


class Scorer:
    """One session, of one worker: make it after a fork, never before."""

    def __init__(self, bundle: Bundle) -> None:
        self._session = open_session(bundle)

    def __call__(self, rows: Sequence[Row]) -> list[float]:
        """The probability of a delay of each row, in order."""
        matrix = np.frombuffer(b"".join(rows), dtype=np.float32).reshape(len(rows), -1)
        return self.score(matrix).tolist()  # type: ignore[no-any-return]

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """[N, F] -> the probability of a delay of each row, [N]."""
        probabilities: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: features})[0]
        return probabilities[:, 1]


def open_session(bundle: Bundle) -> ort.InferenceSession:
    """One thread, and the shape that the bundle asks for. Raises BundleError."""
    options = ort.SessionOptions()
    # Each worker owns one CPU: threads inside a run would fight the other workers for it.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = ort.InferenceSession(bundle.model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no base class below this one
        raise BundleError(bundle.model_file, f"ONNX Runtime cannot load it: {error}") from None
    _check(bundle, session)
    return session


def _check(bundle: Bundle, session: ort.InferenceSession) -> None:
    inputs = {node.name: node.shape for node in session.get_inputs()}
    if list(inputs) != [INPUT] or len(inputs[INPUT]) != 2:
        raise BundleError(bundle.model_file, f"it should take one input, {INPUT} [N, F], and takes {inputs}")
    if inputs[INPUT][1] != len(bundle.tables):
        raise BundleError(
            bundle.model_file, f"it takes {inputs[INPUT][1]} features, the manifest names {len(bundle.tables)}"
        )
    outputs = {node.name: node.shape for node in session.get_outputs()}
    if len(outputs.get(OUTPUT, [])) != 2:
        raise BundleError(bundle.model_file, f"it should give {OUTPUT} [N, 2], and gives {outputs}")
