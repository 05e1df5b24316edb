"""The proof that an ONNX model and its float32 tables give what the booster gives.

`export/graph/align.py` puts every value of a table on its side of every threshold. What is left then is the rounding of
the sum of the leaves, which is measured on flights and on random keys.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx

from export.data.keyed import Keyed
from export.errors import ParityError
from export.graph.align import align
from export.graph.drawn import Samples
from export.graph.linear.classifier import read_linear
from export.graph.sessions import OnnxModel, Pipeline
from export.learn.fitted.linear import Truth
from export.learn.fitted.trained import raised
from export.learn.tables import Table, matrix
from export.progress import Progress

TOLERANCE = 1e-5
CHUNK = 100_000
"""Flights that are compared at once: all that was drawn, and of many more some 10 MB of features."""
ALONE = 10_000
"""One of so many rows is scored alone as well."""


@dataclass(frozen=True)
class Parity:
    """What was compared, as the manifest states it. `pairs` of a table value and a split, `nudged` values.

    `rows` are flights, `keys` rows with one of the tables' keys each.
    """

    rows: int
    keys: int
    random_rows: int
    pairs: int
    nudged: int
    max_abs_diff: float


def prove(
    truth: Truth,
    model: onnx.ModelProto,
    tables: Sequence[Table],
    drawn: Samples,
    progress: Progress,
    level: float = 0.0,
) -> tuple[list[Table], Parity]:
    """The tables to ship with `model`, and the proof that both give what `truth` gives at that level.

    Raises ParityError.
    """
    aligned, pairs, nudged = align(tables, truth, model, level)
    session, difference = OnnxModel(model.SerializeToString()), 0.0
    for what, parts in zip(("flights", "every key", "random keys"), drawn, strict=True):
        told = partial(progress, f"comparing on {what}")
        difference = max(difference, largest_difference(truth, session, tables, aligned, parts, told, level))
    return aligned, Parity(len(drawn.flights), len(drawn.keys), len(drawn.random), pairs, nudged, difference)


def prove_bundle(
    tables: Sequence[Table],
    model: bytes,
    truth: "Truth | None",
    drawn: Samples,
    progress: Progress,
    level: float = 0.0,
) -> Parity:
    """Prove a bundle as it ships, against what it was made of where that is given. Raises ParityError."""
    loaded = onnx.load_from_string(model)
    onnx.checker.check_model(loaded, full_check=True)
    width = loaded.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    if width != len(tables):
        raise ParityError(f"model.onnx takes {width} features, the manifest names {len(tables)}")
    if truth is None:
        truth = read_linear(model, level)  # which is the model itself, in float32's numbers
    if truth is None:
        _check_sound(tables, OnnxModel(model), drawn, progress)
        return Parity(len(drawn.flights), len(drawn.keys), len(drawn.random), 0, 0, 0.0)
    _, parity = prove(truth, loaded, tables, drawn, progress, level)
    if parity.nudged:
        raise ParityError(f"{parity.nudged} table values fall on another side of a threshold in float32")
    return parity


def _check_sound(tables: Sequence[Table], model: OnnxModel, drawn: Samples, progress: Progress) -> None:
    """Every row gives a probability, and the same one alone as among others."""
    for some in _chunks(drawn, partial(progress, "scoring")):
        features = matrix(tables, some)
        predicted = model.predict(features)
        if not ((predicted >= 0) & (predicted <= 1)).all():
            raise ParityError("model.onnx gives something that is not a probability")
        if any(model.predict(features[row : row + 1])[0] != predicted[row] for row in range(0, len(features), ALONE)):
            raise ParityError("model.onnx gives a row alone another probability than among others")


def prove_pipeline(tables: Sequence[Table], model: bytes, pipeline: bytes, drawn: Samples, progress: Progress) -> None:
    """`pipeline.onnx` gives, to the bit, what the tables and `model.onnx` give. Raises ParityError if not."""
    try:
        onnx.checker.check_model(pipeline, full_check=True)
    except Exception as error:  # protobuf's and onnx's own kinds have no common one
        raise ParityError(f"pipeline.onnx is not a sound ONNX file: {error}") from None
    bare, whole = OnnxModel(model), Pipeline(pipeline)
    if whole.metadata.get("model_sha256") != hashlib.sha256(model).hexdigest():
        raise ParityError("pipeline.onnx was made of another model.onnx")
    for some in _chunks(drawn, partial(progress, "comparing pipeline.onnx")):
        different = whole.predict(some) != bare.predict(matrix(tables, some))
        if different.any():
            raise ParityError(
                f"pipeline.onnx gives {different.sum():,} of {len(some):,} flights another probability "
                f"than tables/ and model.onnx, first {some[int(different.argmax())]}"
            )


def largest_difference(
    truth: Truth,
    model: OnnxModel,
    tables: Sequence[Table],
    aligned: Sequence[Table],
    parts: Keyed,
    progress: Callable[[int, int], None],
    level: float = 0.0,
) -> float:
    """The largest absolute difference between the booster with `tables` and the ONNX model with `aligned` ones.

    Raises ParityError for the first that is too large.
    """
    largest = 0.0
    for some in _chunks([parts], progress):
        features = matrix(tables, some)
        expected = raised(np.asarray(truth.predict(features), dtype=np.float64), level)
        differences = np.abs(expected - model.predict(matrix(aligned, some)))
        wrong = ~(differences <= TOLERANCE)  # so that NaN is wrong too
        if wrong.any():
            first = int(wrong.argmax())
            raise ParityError(
                f"the ONNX model differs from the booster by {differences[first]:.2e}, more than {TOLERANCE}, "
                f"on a flight with the features {features[first].tolist()}"
            )
        largest = max(largest, float(differences.max()))
    return largest


def _chunks(drawn: Sequence[Keyed], progress: Callable[[int, int], None]) -> Iterator[Keyed]:
    """Some of them after the others; tells how many are done."""
    done, count = 0, sum(map(len, drawn))
    for parts in drawn:
        for start in range(0, len(parts), CHUNK):
            yield (some := parts[start : start + CHUNK])
            done += len(some)
            progress(done, count)
