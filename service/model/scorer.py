"""The ONNX Runtime session: rows of features -> probabilities of a delay. It knows no keys and no HTTP."""

import math
import os
import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else it reports to its maker; read as it is imported
import onnxruntime as ort

from service.model.bundle import Bundle, BundleError, Table
from service.model.features import Pairs, Row, delays

INPUT = "features"
OUTPUT = "probabilities"
ROUNDING = 1e-4
"""How far a pair of probabilities may be from a sum of 1."""
TRIALS = 256
NO_MEMORY = ("bad_alloc", "Failed to allocate memory", "Available memory")
"""What ONNX Runtime's errors say where there is none left: it has no exception of its own for it."""


class Scorer:
    """One session, of one worker: make it after a fork, never before."""

    def __init__(self, bundle: Bundle) -> None:
        """Raises BundleError, where what the model gives are no probabilities too."""
        self._session = open_session(bundle)
        self._width = len(bundle.tables)
        self._try(bundle)

    def __call__(self, rows: Sequence[Row]) -> list[float]:
        """The probability of a delay of each row, in order."""
        return delays(self.pairs(b"".join(rows)))

    def pairs(self, rows: bytes | bytearray | memoryview) -> Pairs:
        """The same of rows that stand one behind the other, as the model gives it."""
        return self._run(np.frombuffer(rows, dtype=np.float32).reshape(-1, self._width)).tobytes()

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """[N, F] -> the probability of a delay of each row, [N]. Raises MemoryError."""
        return self._run(features)[:, 1]

    def _run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            probabilities: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: features})[0]
        except Exception as error:  # ONNX Runtime's own exceptions share no base class below this one
            if any(words in str(error) for words in NO_MEMORY):
                raise MemoryError(str(error)) from None
            raise
        return probabilities

    def _try(self, bundle: Bundle) -> None:
        rows = trial_rows(bundle.tables)
        try:
            found = self._run(rows)
        except Exception as error:
            raise BundleError(bundle.model_file, f"it cannot be run: {error}") from None
        if found.shape != (len(rows), 2):
            raise BundleError(bundle.model_file, f"it gives {OUTPUT} of shape {found.shape} to {len(rows)} rows")
        for row, pair in zip(rows, found, strict=True):
            if not ((pair >= -ROUNDING).all() and abs(pair.sum() - 1) <= ROUNDING):
                raise BundleError(
                    bundle.model_file,
                    f"it gives {pair.tolist()} to the features {row.tolist()}, which are no probabilities",
                )


def trial_rows(tables: Sequence[Table]) -> NDArray[np.float32]:
    """Rows that say whether a model gives probabilities: of defaults, of each table's extremes, and drawn at random."""
    defaults = [table.default for table in tables]
    rows = [defaults]
    values = [sorted({table.default, *table.values.values()}, key=_missing_last) for table in tables]
    for place, known in enumerate(values):
        rows += [[*defaults[:place], extreme, *defaults[place + 1 :]] for extreme in (known[0], known[-1])]
    draw = random.Random(0)
    rows += [[draw.choice(known) for known in values] for _ in range(TRIALS)]
    return np.array(rows, dtype=np.float32)


def _missing_last(value: float) -> tuple[bool, float]:
    return (True, 0.0) if math.isnan(value) else (False, value)


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
