from collections.abc import Callable
from pathlib import Path

import lightgbm as lgb
from onnx import TensorProto, helper

from export.graph.convert import to_onnx
from export.graph.forest.text import to_text
from export.graph.forest.trees import Forest, Split, Tree
from export.learn.fitted.linear import Linear

ROOT = Path(__file__).resolve().parents[3]


def test_shows_what_is_in_the_pipeline(run_export: Callable[..., str]) -> None:
    text = run_export("show", ROOT / "pipeline.onnx")
    for line in (
        "IR 5, ai.onnx 10, ai.onnx.ml 2, made by atraso",
        "hora        int64 [N]   hour of the scheduled departure, 0 to 23, local time in Santiago",
        "delay_probability  float32 [N]  the probability of leaving more than 15 minutes late, 0 to 1",
        "50 trees, 700 splits, 750 leaves, depth 12",
        "historical_delay_ratio_OPERA                by OPERA                23 rows     default 0.1976",
        "ai.onnx.ml.LabelEncoder            17",
        "threshold     0.25",
    ):
        assert line in text


def test_counts_are_those_of_the_booster(run_export: Callable[..., str]) -> None:
    trees = lgb.Booster(model_file=str(ROOT / "model.txt")).trees_to_dataframe()
    leaves = int(trees["split_feature"].isna().sum())
    depth = int(trees["node_depth"].max()) - 1  # LightGBM counts the root as 1
    expected = (
        f"{trees['tree_index'].nunique():,} trees, {len(trees) - leaves:,} splits, {leaves:,} leaves, depth {depth}"
    )
    assert expected in run_export("show", ROOT / "model.onnx")


def test_a_table_without_a_default_is_shown(run_export: Callable[..., str], tmp_path: Path) -> None:
    """ONNX has one of its own for it."""
    node = helper.make_node(
        "LabelEncoder", ["x"], ["y"], name="t", domain="ai.onnx.ml", keys_strings=["a"], values_floats=[1.5]
    )
    value, found = (
        helper.make_tensor_value_info(name, kind, ["N"])
        for name, kind in (("x", TensorProto.STRING), ("y", TensorProto.FLOAT))
    )
    graph = helper.make_graph([node], "g", [value], [found])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("ai.onnx.ml", 2)], ir_version=5)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    assert "t  by x  1 rows  default 0" in run_export("show", tmp_path / "m.onnx")


def test_nodes_that_share_what_is_below_are_shown(run_export: Callable[..., str], tmp_path: Path) -> None:
    """As many ways through a chain of categories as would take forever to walk one by one."""
    splits = [Split(0, 0.0, 1, frozenset({1, 3, 5, 7}), ~n, n + 1 if n < 59 else ~60) for n in range(60)]
    forest = Forest(["x"], [Tree(splits, [n / 60 - 0.5 for n in range(61)])], "binary", 1.0, False)
    model = to_onnx(lgb.Booster(model_str=to_text(forest)), ["x"])
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    assert "1 trees, 480 splits, 61 leaves, depth 480" in run_export("show", tmp_path / "m.onnx")


def test_a_file_that_is_no_model_is_told(fail_export: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    assert "text.onnx: not a sound ONNX model" in fail_export("show", tmp_path / "text.onnx")


def test_a_sum_is_told(run_export: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(to_onnx(Linear((1.0, 1.0, 1.0)), ["a", "b", "c"], 0.25).SerializeToString())
    text = run_export("show", tmp_path / "m.onnx")
    assert "sum:\n  the log-odds of a delay: 3 features, times their coefficients, all 1, added to 0.25" in text
    assert "trees:" not in text
