from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


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


def test_a_file_that_is_no_model_is_told(fail_export: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    assert "text.onnx: not a sound ONNX model" in fail_export("show", tmp_path / "text.onnx")
