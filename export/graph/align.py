"""Tables whose values fall on the same side of every threshold in float32 as in float64.

Trees compare one feature with one threshold, and a feature takes only the values of its table. So every
(value, threshold) pair can be checked, and a value that rounding would put on another side be moved.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np
import onnx
from numpy.typing import NDArray

from export.errors import ParityError
from export.learn.tables import Table

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


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
