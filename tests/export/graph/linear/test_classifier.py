"""A linear model goes to ONNX and back; whatever differs in the node is found."""

import numpy as np
import onnx
import pytest

from export.errors import ParityError
from export.graph.convert import to_onnx, with_level
from export.graph.drawn import samples
from export.graph.linear.classifier import read_linear
from export.graph.sessions import OnnxModel
from export.graph.verify import prove, prove_bundle
from export.learn.fitted.linear import Linear
from export.learn.fitted.trained import raised
from export.learn.tables import Table

LINEAR = Linear((1.0, 0.5))
TABLES = [
    Table("a", ("OPERA",), 0.0, {"A": -3.0, "B": 0.123456789}),
    Table("b", ("SIGLADES", "HH:MM"), -1.25, {"C|05:07": 2.0, "D|23:59": -7.7}),
]


def silent(what: str, done: int, total: int) -> None:
    pass


@pytest.mark.parametrize("level", [0.0, 0.25])
def test_it_comes_back(level: float) -> None:
    model = to_onnx(LINEAR, ["a", "b"], level)
    assert read_linear(model.SerializeToString(), level) == LINEAR
    assert with_level(model, 0.5) == to_onnx(LINEAR, ["a", "b"], 0.5)
    rows = np.random.default_rng(0).normal(size=(50, 2)) * 4
    assert OnnxModel(model.SerializeToString()).predict(rows) == pytest.approx(
        raised(LINEAR.predict(rows), level), abs=1e-6
    )


def test_its_proof_has_every_key_and_no_booster() -> None:
    model = to_onnx(LINEAR, ["a", "b"], 0.25)
    tables, parity = prove(LINEAR, model, TABLES, samples(TABLES), silent, 0.25)
    assert tables == TABLES
    assert parity.keys == 4
    assert 0 < parity.max_abs_diff < 1e-6
    assert prove_bundle(TABLES, model.SerializeToString(), None, samples(TABLES), silent, 0.25) == parity


@pytest.mark.parametrize("name", ["coefficients", "intercepts"])
def test_a_changed_number_fails_the_proof(name: str) -> None:
    model = to_onnx(LINEAR, ["a", "b"])
    (numbers,) = [attribute for attribute in model.graph.node[0].attribute if attribute.name == name]
    numbers.floats[0] += 0.01
    with pytest.raises(ParityError, match=f"{name} differs"):
        prove(LINEAR, model, TABLES, samples(TABLES), silent)
    with pytest.raises(ParityError, match=f"{name} differs"):
        read_linear(model.SerializeToString())


def test_outputs_have_the_batch_of_the_input() -> None:
    graph = to_onnx(LINEAR, ["a", "b"]).graph
    dims = [each.type.tensor_type.shape.dim[0].dim_param for each in (*graph.input, *graph.output)]
    assert dims == ["N"] * 3
    assert [onnx.helper.get_attribute_value(a) for a in graph.node[0].attribute if a.name == "post_transform"] == [
        b"LOGISTIC"
    ]
