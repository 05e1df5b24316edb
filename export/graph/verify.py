"""The proof that an ONNX model and its float32 tables give what the booster gives.

Trees only compare a feature with a threshold, and a feature takes only the values of its table. So every
(value, threshold) pair is checked: float32 has to fall on the side where float64 fell. What is left then is
the rounding of the sum of the leaves, which is measured on flights and on random keys.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import lightgbm as lgb
import numpy as np
import onnx
from numpy.typing import NDArray

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else it reports to its maker; read as it is imported
import onnxruntime as ort

from export.errors import ExportError
from export.graph.convert import INPUT, PROBABILITIES
from export.learn.tables import Table, known_values, matrix
from export.learn.train import Progress
from service.model.keys import DOMAINS, PARTS, Parts, high_season, period

TOLERANCE = 1e-5
RANDOM_KEYS = 100_000
CHUNK = 10_000
NO_DAY = "0001-01-01"
"""A day that no table knows."""

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


class ParityError(ExportError):
    """The ONNX model would not give what the booster gives."""


@dataclass(frozen=True)
class Parity:
    """What was compared, as the manifest states it. `pairs` of a table value and a threshold, `nudged` values."""

    rows: int
    random_rows: int
    pairs: int
    nudged: int
    max_abs_diff: float


def prove(
    booster: lgb.Booster, model: onnx.ModelProto, tables: Sequence[Table], flights: Sequence[Parts], progress: Progress
) -> tuple[list[Table], Parity]:
    """The tables to ship with `model`, and the proof that both give what `booster` gives. Raises ParityError."""
    aligned, pairs, nudged = align(tables, booster, model)
    session = OnnxModel(model.SerializeToString())
    difference = 0.0
    for what, parts in (("comparing on flights", flights), ("comparing on random keys", random_flights(aligned))):
        difference = max(difference, largest_difference(booster, session, aligned, parts, partial(progress, what)))
    if difference > TOLERANCE:
        raise ParityError(f"the ONNX model differs from the booster by {difference:.2e}, more than {TOLERANCE}")
    return aligned, Parity(len(flights), RANDOM_KEYS, pairs, nudged, difference)


def prove_bundle(
    tables: Sequence[Table],
    model: bytes,
    booster: lgb.Booster | None,
    flights: Sequence[Parts],
    progress: Progress,
) -> Parity:
    """Prove a bundle as it ships, against its booster where that is given. Raises ParityError."""
    loaded = onnx.load_from_string(model)
    onnx.checker.check_model(loaded, full_check=True)
    width = loaded.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    if width != len(tables):
        raise ParityError(f"model.onnx takes {width} features, the manifest names {len(tables)}")
    if booster is None:
        _check_sound(tables, OnnxModel(model), [*flights, *random_flights(tables)], progress)
        return Parity(len(flights), RANDOM_KEYS, 0, 0, 0.0)
    _, parity = prove(booster, loaded, tables, flights, progress)
    if parity.nudged:
        raise ParityError(f"{parity.nudged} table values fall on another side of a threshold in float32")
    return parity


def _check_sound(tables: Sequence[Table], model: "OnnxModel", parts: Sequence[Parts], progress: Progress) -> None:
    """Every row gives a probability, and the same one alone as among others."""
    for start in range(0, len(parts), CHUNK):
        features = matrix(tables, parts[start : start + CHUNK])
        predicted = model.predict(features)
        if not ((predicted >= 0) & (predicted <= 1)).all():
            raise ParityError("model.onnx gives something that is not a probability")
        if model.predict(features[:1])[0] != predicted[0]:
            raise ParityError("model.onnx gives a row alone another probability than among others")
        progress("scoring", min(start + CHUNK, len(parts)), len(parts))


def align(tables: Sequence[Table], booster: lgb.Booster, model: onnx.ModelProto) -> tuple[list[Table], int, int]:
    """Tables whose every value falls on the booster's side of every threshold, in float32 too.

    Returns them with the number of pairs checked and of values nudged. Raises ParityError where no float32 value would.
    """
    aligned, pairs, nudged = [], 0, 0
    exact, rounded = booster_thresholds(booster), onnx_thresholds(model)
    for feature, table in enumerate(tables):
        numbers = table.numbers()
        thresholds = exact.get(feature, np.empty(0))
        try:
            moved = nudge(numbers, thresholds, rounded.get(feature, np.empty(0, np.float32)))
        except ParityError as error:
            raise ParityError(f"{table.name}: {error}") from None
        aligned.append(table.with_numbers(moved))
        pairs += len(numbers) * len(np.unique(thresholds))
        nudged += int((moved != numbers).sum())
    return aligned, pairs, nudged


def nudge(values: Float64, exact: Float64, rounded: Float32) -> Float64:
    """`values`, moved by a float32 step where float32 puts them on another side of a threshold than float64.

    `exact` are the booster's thresholds, `rounded` the ONNX model's, both sorted. Raises ParityError.
    """
    if len(exact) != len(rounded) or (exact.astype(np.float32) != rounded).any():
        raise ParityError("the thresholds of the ONNX model are not those of the booster")
    if not len(exact):
        return values
    side = np.searchsorted(exact, values, "left")  # how many thresholds a value is above of
    moved = values.copy()
    # Rounding keeps the order, so a value can only have fallen onto the threshold that it was above of.
    fallen = np.searchsorted(rounded, values.astype(np.float32), "left") < side
    moved[fallen] = np.nextafter(rounded[side[fallen] - 1], np.float32(np.inf))
    wrong = np.searchsorted(rounded, moved.astype(np.float32), "left") != side
    wrong |= np.searchsorted(exact, moved, "left") != side
    if wrong.any():
        raise ParityError(f"no float32 stands for {values[wrong][0]!r}: thresholds around it are too close")
    return moved


def booster_thresholds(booster: lgb.Booster) -> dict[int, Float64]:
    """The sorted thresholds of each feature, by its place. Raises ParityError for a split that is not `<=`."""
    thresholds: dict[int, list[float]] = {}
    for node in _splits(booster.dump_model()):
        if node["decision_type"] != "<=":
            name = booster.feature_name()[node["split_feature"]]
            raise ParityError(f"{name} is split as a category; only numeric splits can be proved")
        thresholds.setdefault(node["split_feature"], []).append(node["threshold"])
    return {feature: np.sort(np.array(found, dtype=np.float64)) for feature, found in thresholds.items()}


def _splits(dump: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = [tree["tree_structure"] for tree in dump["tree_info"]]
    while waiting:
        node = waiting.pop()
        if "split_feature" in node:
            yield node
            waiting += [node["left_child"], node["right_child"]]


def onnx_thresholds(model: onnx.ModelProto) -> dict[int, Float32]:
    """The sorted thresholds of each feature, by its place."""
    trees = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in model.graph.node[0].attribute}
    inner = np.array([mode != b"LEAF" for mode in trees["nodes_modes"]])
    features = np.array(trees["nodes_featureids"])[inner]
    values = np.array(trees["nodes_values"], dtype=np.float32)[inner]
    return {int(feature): np.sort(values[features == feature]) for feature in np.unique(features)}


def random_flights(tables: Sequence[Table], count: int = RANDOM_KEYS, seed: int = 0) -> list[Parts]:
    """Key parts drawn at random from what the tables know, one in ten unknown; the same for the same seed."""
    random = np.random.default_rng(seed)
    columns = {part: _random_column(part, tables, count, random) for part in PARTS}
    columns["periodo_dia"] = [*map(period, columns["hora"])]  # a flight has the ones that follow from its time
    columns["temporada_alta"] = [*map(high_season, columns["MES"], columns["DIA"])]
    return [tuple(flight) for flight in zip(*columns.values(), strict=True)]


def _random_column(part: str, tables: Sequence[Table], count: int, random: np.random.Generator) -> list[Any]:
    if part in DOMAINS:
        values: list[Any] = list(DOMAINS[part])
    elif part == "FECHA":
        values = [*known_values(part, tables), NO_DAY]
    else:
        values = known_values(part, tables)
        values += [f"unknown {part}"] * max(1, len(values) // 9)
    return [values[place] for place in random.integers(len(values), size=count)]


def prove_pipeline(
    tables: Sequence[Table], model: bytes, pipeline: bytes, flights: Sequence[Parts], progress: Progress
) -> None:
    """`pipeline.onnx` gives, to the bit, what the tables and `model.onnx` give. Raises ParityError if not."""
    try:
        onnx.checker.check_model(pipeline, full_check=True)
    except Exception as error:  # protobuf's and onnx's own kinds have no common one
        raise ParityError(f"pipeline.onnx is not a sound ONNX file: {error}") from None
    bare, whole = OnnxModel(model), Pipeline(pipeline)
    if whole.metadata.get("model_sha256") != hashlib.sha256(model).hexdigest():
        raise ParityError("pipeline.onnx was made of another model.onnx")
    parts = [*flights, *random_flights(tables)]
    for start in range(0, len(parts), CHUNK):
        some = parts[start : start + CHUNK]
        different = whole.predict(some) != bare.predict(matrix(tables, some))
        if different.any():
            raise ParityError(
                f"pipeline.onnx gives {different.sum():,} of {len(some):,} flights another probability "
                f"than tables/ and model.onnx, first {some[int(different.argmax())]}"
            )
        progress("comparing pipeline.onnx", min(start + CHUNK, len(parts)), len(parts))


def _session(model: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Pipeline:
    """`pipeline.onnx` in ONNX Runtime, one thread."""

    def __init__(self, pipeline: bytes) -> None:
        self._session = _session(pipeline)
        self._places = [(each.name, PARTS.index(each.name)) for each in self._session.get_inputs()]
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def predict(self, parts: Sequence[Parts]) -> Float32:
        """The probability of a delay of each flight, float32 [N]."""
        columns = {
            name: np.array([flight[place] for flight in parts], dtype=np.int64 if name in DOMAINS else object)
            for name, place in self._places
        }
        probabilities: Float32 = self._session.run(None, columns)[0]
        return probabilities


class OnnxModel:
    """An ONNX model in ONNX Runtime, one thread."""

    def __init__(self, model: bytes) -> None:
        self._session = _session(model)

    def predict(self, features: Float64) -> Float32:
        """The probability of a delay of each row, float32 [N], from features [N, F]."""
        rows = features.astype(np.float32)
        probabilities: Float32 = self._session.run([PROBABILITIES], {INPUT: rows})[0]
        return probabilities[:, 1]


def largest_difference(
    booster: lgb.Booster,
    model: OnnxModel,
    tables: Sequence[Table],
    parts: Sequence[Parts],
    progress: Callable[[int, int], None],
) -> float:
    """The largest absolute difference between booster and ONNX model on flights with these key parts."""
    largest = 0.0
    for start in range(0, len(parts), CHUNK):
        features = matrix(tables, parts[start : start + CHUNK])
        expected = np.asarray(booster.predict(features))
        largest = max(largest, float(np.abs(expected - model.predict(features)).max()))
        progress(min(start + CHUNK, len(parts)), len(parts))
    return largest
