"""Models as LightGBM itself trains them, of every kind that is taken, through the whole proof, into both ONNX files."""

import itertools
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from export.assemble import assemble
from export.errors import ExportError
from export.graph.forest.text import read_forest
from export.learn.tables import Table

NUMBERS = [-0.5, 0.0, 0.1, 0.25, 0.4, 1e-36, 0.9]
CITIES = [0.0, 1.0, 2.0, 5.0, 6.0, 7.0, 31.0, 32.0, 90.0]
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "zeros that are missing": {"zero_as_missing": True},
    "no missing values": {"use_missing": False},
    "categories": {"categories": [1], "max_cat_to_onehot": 1, "min_data_per_group": 5, "cat_smooth": 1},
    "categories, one at a time": {"categories": [1], "max_cat_to_onehot": 99},
    "a forest": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7},
    "dart": {"boosting": "dart"},
    "goss": {"data_sample_strategy": "goss"},
    "a sigmoid of 0.5": {"sigmoid": 0.5},
    "a sigmoid of 2": {"sigmoid": 2.0},
    "cross entropy": {"objective": "cross_entropy"},
    "weights": {"is_unbalance": True},
    "extra trees": {"extra_trees": True},
}


def silent(what: str, done: int, total: int) -> None:
    pass


def trained(
    missing: bool, objective: str = "binary", categories: Any = (), **params: Any
) -> tuple[lgb.Booster, list[Table]]:
    """A model of an airline's number and a destination's category, and their tables."""
    numbers = [*NUMBERS, np.nan] if missing else NUMBERS
    random = np.random.default_rng(0)
    rows = np.array(list(itertools.product(numbers, CITIES)) * 60)
    chance = np.where(np.isnan(rows[:, 0]) | (rows[:, 0] == 0), 0.8, 0.2 + rows[:, 0] / 4)
    late = random.random(len(rows)) < np.where(np.isin(rows[:, 1], [1, 5, 31]), 0.9 * chance, 0.4 * chance)
    settings = {"objective": objective, "num_leaves": 12, "min_data_in_leaf": 5, "verbosity": -1, **params}
    data = lgb.Dataset(rows, late.astype(int), feature_name=["x", "city"], categorical_feature=list(categories))
    booster = lgb.train(settings, data, 12)
    values = {f"airline {place}": number for place, number in enumerate(numbers)}
    cities = {f"city {place}": number for place, number in enumerate(CITIES)}
    return booster, [Table("x", ("OPERA",), 0.2, values), Table("city", ("SIGLADES",), 3.0, cities)]


ABOUT = {"name": "x", "version": "1", "recipe": "converted", "threshold": 0.5}


@pytest.mark.parametrize("missing", [False, True], ids=["known", "missing"])
@pytest.mark.parametrize("params", KINDS.values(), ids=KINDS)
def test_what_lightgbm_trains_is_converted_and_proved(params: dict[str, Any], missing: bool) -> None:
    booster, tables = trained(missing, **params)
    assert ("categories" in params) == any(
        split.decision & 1 for split in read_forest(booster.model_to_string()).splits()
    )
    made = assemble(booster, tables, ABOUT, None, silent)
    assert made.manifest["parity"]["max_abs_diff"] <= 1e-5
    assert made.manifest["parity"]["keys"] == len(tables[0].values) + len(tables[1].values)
    assert made.manifest["parity"]["pairs"] > 0


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"linear_tree": True}, "is linear; only trees whose leaves are numbers"),
        ({"objective": "regression"}, "its objective is 'regression'"),
        ({"objective": "cross_entropy_lambda"}, "its objective is 'cross_entropy_lambda'"),
    ],
    ids=["linear", "regression", "cross_entropy_lambda"],
)
def test_what_gives_no_probability_or_has_linear_leaves_is_refused_by_name(params: Any, sentence: str) -> None:
    booster, tables = trained(False, **params)
    with pytest.raises(ExportError, match=sentence):
        assemble(booster, tables, ABOUT, None, silent)
