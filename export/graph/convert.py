"""A LightGBM booster -> the ONNX model that ships. `export/graph/verify.py` proves that nothing changed on the way."""

import json
from collections.abc import Sequence

import onnx
from onnx import helper

from export.graph.forest.ensemble import ensemble
from export.graph.forest.text import read_forest
from export.graph.linear.classifier import INTERCEPTS, attributes_of, both, is_linear
from export.learn.fitted.linear import Linear, Truth

INPUT = "features"
LABEL = "label"
PROBABILITIES = "probabilities"
BASE = "base_values"
OPSET = 9
"""Old enough for every runtime; the trees need only ai.onnx.ml 1, which comes with it."""


def to_onnx(model: Truth, features: Sequence[str], level: float = 0.0) -> onnx.ModelProto:
    """`features` float32 [N, F] -> `probabilities` float32 [N, 2] (on time, delayed) and `label` int64 [N].

    `level` is added to all log-odds: it is the trees' base value.
    """
    if isinstance(model, Linear):
        sums = helper.make_node(
            "LinearClassifier", [INPUT], [LABEL, PROBABILITIES], name="sum", domain="ai.onnx.ml",
            **attributes_of(model, level),
        )  # fmt: skip
        return _plain_model(sums, features)
    trees = helper.make_node(
        "TreeEnsembleClassifier",
        [INPUT],
        [LABEL, PROBABILITIES],
        name="trees",
        domain="ai.onnx.ml",
        **ensemble(read_forest(model.model_to_string())),
    )
    return with_level(_plain_model(trees, features), level)


def with_level(model: onnx.ModelProto, level: float) -> onnx.ModelProto:
    """The same model with another level, whatever theirs was."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    node = made.graph.node[0]
    if is_linear(model):  # of a recipe that adds up, whose own intercept is 0
        intercepts = next(each for each in node.attribute if each.name == INTERCEPTS)
        intercepts.floats[:] = both(level)
        return made
    kept = [each for each in node.attribute if each.name != BASE]
    del node.attribute[:]
    node.attribute.extend(kept)
    if level:
        node.attribute.append(helper.make_attribute(BASE, [level]))
    return made


def _plain_model(trees: onnx.NodeProto, features: Sequence[str]) -> onnx.ModelProto:
    """One node, and the same symbolic batch dimension on everything."""
    graph = helper.make_graph(
        [trees],
        "flight_delay",
        [
            helper.make_tensor_value_info(
                INPUT, onnx.TensorProto.FLOAT, ["N", len(features)], "table values, in the order of `features`"
            )
        ],
        [
            helper.make_tensor_value_info(LABEL, onnx.TensorProto.INT64, ["N"], "1 where a delay is the likelier"),
            helper.make_tensor_value_info(
                PROBABILITIES, onnx.TensorProto.FLOAT, ["N", 2], "of leaving on time, and more than 15 minutes late"
            ),
        ],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 1)]
    model = helper.make_model(graph, producer_name="atraso", opset_imports=opsets, ir_version=4)
    helper.set_model_props(model, {"features": json.dumps(list(features))})
    onnx.checker.check_model(model, full_check=True)
    return model
