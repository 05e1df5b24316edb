import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from export.graph.drawing import draw

ROOT = Path(__file__).resolve().parents[3]
SVG = "{http://www.w3.org/2000/svg}"


def test_shows_what_is_in_the_pipeline(run_export: Callable[..., str]) -> None:
    text = run_export("show", ROOT / "pipeline.onnx")
    for line in (
        "IR 5, ai.onnx 10, ai.onnx.ml 2, made by atraso",
        "hora        int64 [N]   hour of the scheduled departure, 0 to 23, local time in Santiago",
        "delay_probability  float32 [N]  the probability of leaving more than 15 minutes late, 0 to 1",
        "80 trees, 1,120 splits, 1,200 leaves, depth 14",
        "historical_delay_ratio_OPERA                by OPERA                23 rows     default 0.1976",
        "ai.onnx.ml.LabelEncoder            16",
        "threshold     0.25",
    ):
        assert line in text


def test_counts_are_those_of_the_booster(run_export: Callable[..., str]) -> None:
    import lightgbm as lgb

    trees = lgb.Booster(model_file=str(ROOT / "model.txt")).trees_to_dataframe()
    leaves = int(trees["split_feature"].isna().sum())
    depth = int(trees["node_depth"].max()) - 1  # LightGBM counts the root as 1
    expected = (
        f"{trees['tree_index'].nunique():,} trees, {len(trees) - leaves:,} splits, {leaves:,} leaves, depth {depth}"
    )
    assert expected in run_export("show", ROOT / "model.onnx")


def test_draws_every_node_and_every_edge_once(run_export: Callable[..., str], tmp_path: Path) -> None:
    run_export("show", ROOT / "pipeline.onnx", "--svg", tmp_path / "graph.svg")
    root = ElementTree.parse(tmp_path / "graph.svg").getroot()
    graph = onnx.load(str(ROOT / "pipeline.onnx")).graph
    boxes = root.findall(f"{SVG}g")
    assert len(boxes) == len(graph.node) + len(graph.input) + len(graph.output)
    corners = {(rect.get("x"), rect.get("y")) for rect in root.iter(f"{SVG}rect")}
    assert len(corners) == len(boxes)
    width, height = (float(root.get(side, 0)) for side in ("width", "height"))
    for rect in root.iter(f"{SVG}rect"):
        assert 0 <= float(rect.get("x", -1)) <= width - float(rect.get("width", 0))
        assert 0 <= float(rect.get("y", -1)) <= height - float(rect.get("height", 0))


def test_a_name_is_text_in_the_picture() -> None:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in ("<script>", "y & z"))
    model = helper.make_model(helper.make_graph([helper.make_node("Neg", ["<script>"], ["y & z"])], "g", [x], [y]))
    texts = [each.text for each in ElementTree.fromstring(draw(model)).iter(f"{SVG}text")]
    assert "<script>" in texts
    assert "y & z" in texts


def test_a_file_that_is_no_model_is_told(fail_export: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    assert "text.onnx: not a sound ONNX model" in fail_export("show", tmp_path / "text.onnx")
