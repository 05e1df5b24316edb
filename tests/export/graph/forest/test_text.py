"""LightGBM's texts as people have them, and as they should not be: LightGBM itself ends the process for some."""

import math
import re
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest

from export.errors import ExportError
from export.graph.booster import read_booster
from export.graph.convert import to_onnx
from export.graph.forest.text import read_forest, to_text
from export.graph.forest.trees import Forest, Split, Tree
from export.graph.sessions import OnnxModel

TEXT = (Path(__file__).parents[1] / "lightgbm3.txt").read_text()
ROWS = np.random.default_rng(0).uniform(0, 0.6, (500, 2))


def field(name: str, first: str) -> str:
    """The model, where the first number of its first such field is another one."""
    return re.sub(rf"(?m)^{name}=\S+", f"{name}={first}", TEXT, count=1)


BAD = {
    "linear": (TEXT.replace("is_linear=0", "is_linear=1", 1), "tree 0 is linear"),
    "no end": (re.sub("tree_sizes=.*|(?s:end of trees.*)", "", TEXT), "it should have `end of trees`"),
    "cut in the last tree": (TEXT[: TEXT.index("shrinkage", TEXT.index("Tree=2"))], "it should have `end of trees`"),
    "an empty objective": (TEXT.replace("binary sigmoid:1", ""), "its objective is 'none'"),
    "several classes": (TEXT.replace("num_class=1", "num_class=3"), "its num_class is 3"),
    "one tree less than told": (re.sub(r"(?s)Tree=2\n.*?end of", "end of", TEXT), "trees are told of, and it has 2"),
    "a tree out of order": (TEXT.replace("Tree=1", "Tree=5"), "Tree=5 is where 1 goes"),
    "a field twice": (TEXT.replace("num_cat=0", "num_cat=0\nnum_cat=0", 1), "it has 'num_cat' twice"),
    "no such feature": (field("split_feature", "2"), "splits the feature at place 2, and there are 2"),
    "a negative feature": (field("split_feature", "-1"), "split_feature should be whole numbers from 0"),
    "no such node": (field("left_child", "77"), "left_child should be whole numbers from"),
    "no such leaf": (field("right_child", "-77"), "right_child should be whole numbers from"),
    "a circle": (field("left_child", "0"), "is no tree: a node is the child of two others, or of itself"),
    "a leaf that is NaN": (field("leaf_value", "nan"), "a leaf should be a finite number, not 'nan'"),
    "an endless leaf": (field("leaf_value", "inf"), "a leaf should be a finite number, not 'inf'"),
    "a threshold that is NaN": (field("threshold", "nan"), "a threshold should be a finite number, not 'nan'"),
    "a leaf less": (re.sub(r"leaf_value=\S+ ", "leaf_value=", TEXT, count=1), "leaf_value should have"),
    "400 digits": (re.sub(r"num_leaves=\d+", "num_leaves=" + "9" * 400, TEXT, count=1), "num_leaves should be whole"),
    "no categories": (field("decision_type", "1"), "a split's set of categories should be"),
    "an unknown decision": (field("decision_type", "99"), "the decision_type 99 is unknown"),
    "two features of a name": (
        re.sub(r"feature_names=(\S+) \S+", r"feature_names=\1 \1", TEXT),
        "2 different features",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), BAD.values(), ids=BAD)
def test_a_text_that_is_wrong_is_told_in_a_sentence(text: str, sentence: str) -> None:
    assert text != TEXT
    with pytest.raises(ExportError, match=re.escape(sentence)):
        read_forest(text)


NAME = "historical_delay_ratio_OPERA"
GOOD = {
    "a byte order mark": "\ufeff" + TEXT,
    "Windows' line ends": TEXT.replace("\n", "\r\n"),
    "a line after the end": TEXT.replace("end of trees\n", "end of trees\nTree=3\n"),
    "nothing after the end": TEXT[: TEXT.index("end of trees")] + "end of trees",
    "no end, and whole": TEXT[: TEXT.index("end of trees")],
    "a note where the categories go": TEXT.replace("pandas_categorical:null", "pandas_categorical:[["),
    "sizes that are wrong": re.sub(r"tree_sizes=.*", "tree_sizes=1 2 3", TEXT),
    "a backslash": TEXT.replace(NAME, "a\\b"),
    "a quote": TEXT.replace(NAME, 'a"b'),
    "a tab": TEXT.replace(NAME, "a\tb"),
    "no word of linear trees": TEXT.replace("is_linear=0\n", ""),
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_lightgbm_could_take_is_taken(text: str, tmp_path: Path) -> None:
    path, plain = tmp_path / "model.txt", tmp_path / "plain.txt"
    path.write_text(text, newline="")
    plain.write_text(TEXT)
    booster, expected = read_booster(path), read_booster(plain).predict(ROWS)
    assert booster.predict(ROWS).tolist() == expected.tolist()
    assert OnnxModel(to_onnx(booster, ["a", "b"]).SerializeToString()).predict(ROWS) == pytest.approx(
        expected, abs=1e-6
    )


def test_what_is_written_reads_back() -> None:
    splits = [
        Split(1, 0.0, 1, frozenset({0, 33, 70}), 1, ~2),
        Split(0, math.inf, 10, None, ~0, 2),
        Split(1, 0.0, 9, frozenset({5}), ~1, ~3),
    ]
    forest = Forest(["a", 'b\\"'], [Tree(splits, [0.1, -1e-300, 1 / 3, 7.0]), Tree([], [-0.5])], "binary", 0.7, True)
    assert read_forest(to_text(forest)) == forest


def test_a_chain_of_leaves_is_as_deep_as_onnx_runtime_takes() -> None:
    def chain(depth: int) -> str:
        splits = [Split(0, n + 0.5, 2, None, ~n, n + 1 if n < depth - 1 else ~depth) for n in range(depth)]
        return to_text(Forest(["a"], [Tree(splits, [n / depth for n in range(depth + 1)])], "binary", 1.0, False))

    model = to_onnx(lgb.Booster(model_str=chain(2_000)), ["a"])
    rows = np.arange(2_002.0).reshape(-1, 1)
    expected = lgb.Booster(model_str=chain(2_000)).predict(rows)
    assert OnnxModel(model.SerializeToString()).predict(rows) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(ExportError, match="more than 2,000 splits below each other"):
        read_forest(chain(2_001))
