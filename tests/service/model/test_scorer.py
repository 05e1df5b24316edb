from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from service.model.bundle import BundleError, read
from service.model.scorer import Scorer

ROOT = Path(__file__).resolve().parents[3]


def pack(features: list[float]) -> bytes:
    return np.array(features, np.float32).tobytes()


def test_gives_what_lightgbm_gives(golden: list[dict[str, Any]]) -> None:
    scored = Scorer(read(ROOT))([pack(vector["features"]) for vector in golden])
    assert scored == pytest.approx([vector["delay_probability"] for vector in golden], abs=1e-5)


def test_a_batch_equals_its_singles(golden: list[dict[str, Any]]) -> None:
    scorer = Scorer(read(ROOT))
    rows = [pack(vector["features"]) for vector in golden[:300]]
    assert scorer(rows) == [scorer([row])[0] for row in rows]


def test_refuses_a_model_with_another_number_of_features() -> None:
    bundle = read(ROOT)
    with pytest.raises(BundleError, match=r"model\.onnx: it takes 12 features, the manifest names 11"):
        Scorer(replace(bundle, tables=bundle.tables[1:]))


def test_refuses_what_onnx_runtime_cannot_load() -> None:
    with pytest.raises(BundleError, match=r"model\.onnx: ONNX Runtime cannot load it"):
        Scorer(replace(read(ROOT), model=b"not a model"))


def constant(*pair: float) -> bytes:
    """A model that gives every flight the same pair of numbers."""
    zero = numpy_helper.from_array(np.zeros((12, 2), np.float32), "zero")
    given = numpy_helper.from_array(np.array(pair, np.float32), "given")
    nodes = [helper.make_node("MatMul", ["features", "zero"], ["none"])]
    nodes.append(helper.make_node("Add", ["none", "given"], ["probabilities"]))
    ends = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])]
        for name, width in (("features", 12), ("probabilities", 2))
    ]
    graph = helper.make_graph(nodes, "constant", *ends, [zero, given])
    opsets = [helper.make_opsetid("", 13)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())


@pytest.mark.parametrize("pair", [(0, 7), (7, -6), (0.5, np.nan), (0.2, 0.2), (0, np.inf), (-np.inf, np.inf)])
def test_refuses_a_model_that_gives_no_probabilities(pair: tuple[float, float]) -> None:
    with pytest.raises(BundleError, match=r"model\.onnx: it gives .* which are no probabilities"):
        Scorer(replace(read(ROOT), model=constant(*pair)))
    Scorer(replace(read(ROOT), model=constant(0.75, 0.25)))
