"""Tables whose values fall on the same side of every split in float32 as in float64.

Trees compare one feature with numbers, and a feature takes only the values of its table. So every (value, split) pair
can be checked, and a value that rounding would put on another side be moved.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from export.errors import ParityError
from export.graph.forest.decide import NEAR_ZERO, goes_left, steps
from export.graph.forest.ensemble import NODE, ensemble
from export.graph.forest.text import read_forest
from export.graph.forest.trees import Forest, Split
from export.graph.linear.classifier import check_linear
from export.learn.fitted.linear import Linear, Truth
from export.learn.tables import Table

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


def align(
    tables: Sequence[Table], truth: Truth, model: onnx.ModelProto, level: float = 0.0
) -> tuple[list[Table], int, int]:
    """Tables whose every value goes where the booster sends it, at every split, in float32 too.

    Returns them with the number of pairs checked and of values moved. Raises ParityError where no float32 value would.
    """
    if isinstance(truth, Linear):  # a sum has no splits
        check_linear(truth, model, level)
        return list(tables), 0, 0
    forest = read_forest(truth.model_to_string())
    _check_level(model, level)
    _check_trees(forest, model, [place for place, table in enumerate(tables) if np.isnan(table.numbers()).any()])
    splits = distinct_splits(forest)
    aligned, pairs, nudged = [], 0, 0
    for feature, table in enumerate(tables):
        own, numbers = splits.get(feature, []), table.numbers()
        try:
            moved = _aligned(numbers, own)
        except ParityError as error:
            raise ParityError(f"{table.name}: {error}") from None
        aligned.append(table.with_numbers(moved))
        pairs += len(numbers) * len(own)
        nudged += int(((moved != numbers) & ~np.isnan(numbers)).sum())
    return aligned, pairs, nudged


def distinct_splits(forest: Forest) -> dict[int, list[Split]]:
    """Of each feature, the splits that differ in what they ask."""
    found: dict[int, dict[Any, Split]] = {}
    for split in forest.splits():
        asked = (split.threshold if split.members is None else 0.0, split.decision, split.members)
        found.setdefault(split.feature, {}).setdefault(asked, split)
    return {feature: list(splits.values()) for feature, splits in found.items()}


def edges_of(splits: Sequence[Split]) -> Float64:
    """Every number that some of the splits compare a value with, sorted."""
    return np.unique([edge for split in splits for edge in steps(split).edges])


def _aligned(numbers: Float64, splits: Sequence[Split]) -> Float64:
    known = ~np.isnan(numbers)
    category = any(split.members is not None for split in splits)
    moved = np.trunc(numbers) if category else numbers.copy()
    moved[np.abs(moved) <= NEAR_ZERO] = 0.0
    moved[known] = nudge(moved[known], edges_of(splits))
    rounded = moved.astype(np.float32)
    for split in splits:
        wrong = goes_left(split, numbers) != goes_left(split, moved)
        wrong |= goes_left(split, numbers) != _goes_on(split, rounded)
        if wrong.any():
            raise ParityError(f"{numbers[wrong][0]!r} falls on another side of a split in float32")
    return moved


def _goes_on(split: Split, values: Float32) -> NDArray[np.bool_]:
    """Where the ONNX model sends each of `values`."""
    found = steps(split)
    before = np.searchsorted(_rounded(np.array(found.edges, dtype=np.float64)), values, "left")
    return np.where(np.isnan(values), found.nan_left, (before % 2 == 0) == found.left)


def nudge(values: Float64, edges: Float64) -> Float64:
    """`values`, moved by a float32 step where float32 puts them on another side of a sorted edge than float64.

    Raises ParityError.
    """
    if not len(edges):
        return values
    rounded = _rounded(edges)
    side = np.searchsorted(edges, values, "left")  # how many edges a value is above of
    moved = values.copy()
    # Rounding keeps the order, so a value can only have fallen onto the edge that it was above of.
    fallen = np.searchsorted(rounded, values.astype(np.float32), "left") < side
    moved[fallen] = np.nextafter(rounded[side[fallen] - 1], np.float32(np.inf))
    wrong = np.searchsorted(rounded, moved.astype(np.float32), "left") != side
    wrong |= np.searchsorted(edges, moved, "left") != side
    if wrong.any():
        raise ParityError(f"no float32 stands for {values[wrong][0]!r}: thresholds around it are too close")
    return moved


def _rounded(edges: Float64) -> Float32:
    with np.errstate(over="ignore"):  # LightGBM has thresholds that only float64 can hold
        return edges.astype(np.float32)


def _check_trees(forest: Forest, model: onnx.ModelProto, with_nan: Sequence[int]) -> None:
    """The model asks what the booster asks, node for node; of NaN, only where a feature can have it."""
    expected, found = _asked(ensemble(forest), with_nan), _asked(attributes(model), with_nan)
    for name, values in expected.items():
        if not np.array_equal(values, found[name]):
            raise ParityError(f"the trees of the ONNX model are not those of the booster: their {name} differ")


def _check_level(model: onnx.ModelProto, level: float) -> None:
    found = list(attributes(model).get("base_values", []))
    if found != ([float(np.float32(level))] if level else []):
        raise ParityError(f"the ONNX model adds {found or 'nothing'} to all log-odds, and its level is {level}")


def _asked(trees: Mapping[str, Any], with_nan: Sequence[int]) -> dict[str, NDArray[Any]]:
    columns = {name: np.array(trees.get(f"nodes_{name}", [])) for name in ("treeids", *NODE)}
    columns["modes"] = columns["modes"].astype(np.str_)
    columns["values"] = _rounded(columns["values"])
    columns["missing_value_tracks_true"] = columns["missing_value_tracks_true"][
        np.isin(columns["featureids"], with_nan)[: len(columns["missing_value_tracks_true"])]
    ]
    return columns


def attributes(model: onnx.ModelProto) -> Mapping[str, Any]:
    """Of the node that holds the trees."""
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in model.graph.node[0].attribute}
