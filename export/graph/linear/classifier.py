"""A linear model -> a `LinearClassifier` and back. float32 holds its numbers, so `model.onnx` is the model itself."""

from typing import Any

import numpy as np
import onnx
from onnx import helper

from export.errors import ExportError, ParityError
from export.learn.fitted.linear import Linear

OP = "LinearClassifier"
INTERCEPTS = "intercepts"


def attributes_of(linear: Linear, level: float = 0.0) -> dict[str, Any]:
    """Of the node: a line of coefficients for each class, and the logistic of both sums."""
    coefficients = [float(each) for each in linear.coefficients]
    return {
        "classlabels_ints": [0, 1],
        "coefficients": [*(-each for each in coefficients), *coefficients],
        INTERCEPTS: both(linear.intercept + level),
        "multi_class": 0,
        "post_transform": "LOGISTIC",
    }


def both(intercept: float) -> list[float]:
    return [-intercept, intercept]


def is_linear(model: onnx.ModelProto) -> bool:
    return len(model.graph.node) == 1 and model.graph.node[0].op_type == OP


def read_linear(model: bytes, level: float = 0.0) -> Linear | None:
    """The model in `model.onnx`, without the level that its manifest tells; None where it is another kind.

    Raises ExportError.
    """
    try:
        loaded = onnx.load_from_string(model)
    except Exception as error:  # protobuf's own kinds have no common one
        raise ExportError(f"model.onnx is not an ONNX file: {error}") from None
    if not is_linear(loaded):
        return None
    told = {each.name: helper.get_attribute_value(each) for each in loaded.graph.node[0].attribute}
    lines, intercepts = np.array(told.get("coefficients", [])).reshape(2, -1), told.get(INTERCEPTS, [])
    found = Linear(tuple(lines[1].tolist()), float(intercepts[1]) - level if len(intercepts) == 2 else np.nan)
    check_linear(found, loaded, level)
    return found


def check_linear(linear: Linear, model: onnx.ModelProto, level: float) -> None:
    """The node is that of the model, number for number. Raises ParityError."""
    found = {each.name: helper.get_attribute_value(each) for each in model.graph.node[0].attribute}
    for name, value in attributes_of(linear, level).items():
        told = found.get(name)
        told = told.decode() if isinstance(told, bytes) else told
        if isinstance(value, list) and told is not None:
            same = np.array_equal(np.array(value, np.float32), np.array(told, np.float32))
        else:
            same = told == value
        if not same:
            raise ParityError(f"the LinearClassifier of the ONNX model is not that of the linear model: {name} differs")
