"""Every kind of split that LightGBM has, decided by LightGBM itself and by ONNX Runtime."""

import math
from itertools import product

import lightgbm as lgb
import numpy as np
import pytest

from export.graph.align import align
from export.graph.convert import to_onnx
from export.graph.forest.decide import goes_left
from export.graph.forest.text import to_text
from export.graph.forest.trees import Forest, Split, Tree
from export.graph.sessions import OnnxModel
from export.learn.tables import Table

NUMBERS = (
    *(-5.0, -1.5, -1.0, -0.5, -1e-30, -1.1e-35, -1e-35, -1e-36, 0.0, 1e-36, 1e-35, 1.1e-35, 1e-30),
    *(0.3, 0.5, 1.0, 3.0, math.nextafter(3, 4), 1e30),
)
THRESHOLDS = (-1.0, -1e-30, -1e-36, 0.0, 1.0000000180025095e-35, 0.4, 3.0, 1e300, math.inf)
CATEGORIES = (-3.0, -0.5, 0.0, 0.9, 1.0, 2.0, 3.0, 4.0, 5.5, 31.0, 32.0, 40.0, 64.0, 100.0, 1e6, 1e10, math.nan)
MEMBERS = ({0}, {1, 2, 5}, {0, 31, 32, 64}, {40}, set(), {2, 3, 4, 5, 100})


def check(split: Split, values: tuple[float, ...]) -> None:
    """LightGBM decides as `goes_left` says, and the converted model as LightGBM does, alone and below another split."""
    above = Split(0, 0.5, 2, None, 1, ~2) if split.members is None else Split(0, 0, 1, frozenset({1, 3}), 1, ~2)
    below = Split(0, split.threshold, split.decision, split.members, ~0, ~1)
    forest = Forest(["x"], [Tree([split], [-1.0, 1.0]), Tree([above, below], [0.1, 0.2, 0.4])], "binary", 1.0, False)
    booster = lgb.Booster(model_str=to_text(forest))
    leaves = booster.predict(np.array(values).reshape(-1, 1), pred_leaf=True)[:, 0]
    assert goes_left(split, np.array(values)).tolist() == (leaves == 0).tolist()
    table = Table("x", ("SIGLADES",), 2.0, {f"row {number}": value for number, value in enumerate(values)})
    model = to_onnx(booster, ["x"])
    ((aligned,), _, _) = align([table], booster, model)
    found = OnnxModel(model.SerializeToString()).predict(aligned.numbers().reshape(-1, 1))
    assert found == pytest.approx(booster.predict(table.numbers().reshape(-1, 1)), abs=1e-6)


@pytest.mark.parametrize("decision", [left | missing << 2 for left, missing in product((0, 2), range(3))])
@pytest.mark.parametrize("nan", [False, True], ids=["numbers", "with missing values"])
def test_a_number_goes_where_lightgbm_sends_it(decision: int, nan: bool) -> None:
    for threshold in THRESHOLDS:
        check(Split(0, threshold, decision, None, ~0, ~1), (*NUMBERS, math.nan) if nan else NUMBERS)


@pytest.mark.parametrize("decision", [1, 3, 5, 9])
@pytest.mark.parametrize("members", MEMBERS, ids=lambda members: str(sorted(members)))
def test_a_category_goes_where_lightgbm_sends_it(decision: int, members: set[int]) -> None:
    check(Split(0, 0.0, decision, frozenset(members), ~0, ~1), CATEGORIES)
