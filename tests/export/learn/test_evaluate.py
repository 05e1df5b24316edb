import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from export.__main__ import cli
from export.data.flights import Flights, read_flights
from export.learn.evaluate import run
from export.learn.fitted.trained import Trained
from export.learn.protocols import Split, backtest, reference_split
from export.learn.ratios import make_tables
from export.learn.recipes import RECIPES, AnyRecipe, Recipe
from export.learn.tables import matrix
from export.learn.train import train_on

EASY = {"learning_rate": 0.1, "num_leaves": 4, "min_data_in_leaf": 20, "max_bin": 15}


def silent(what: str, done: int, total: int) -> None:
    pass


def splits_of(protocol: str, flights: Flights) -> list[Split]:
    return backtest(flights) if protocol == "backtest" else reference_split(flights, flights.ids[::5])


@pytest.mark.parametrize("protocol", ["backtest", "reference-split"])
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_a_test_flights_outcome_reaches_no_table_and_no_feature(
    protocol: str, recipe: AnyRecipe, small_csv: Path
) -> None:
    """The other way round it must: a training flight's outcome has to change them."""
    flights = read_flights(small_csv)
    quick = replace(recipe, max_trees=5, params=EASY) if isinstance(recipe, Recipe) else recipe
    for split in splits_of(protocol, flights)[-2:]:
        learn, test = np.concatenate([split.learn, split.validate]), flights.take(split.test)
        assert not set(learn) & set(split.test)
        trained, features = fitted(quick, flights, split)
        same, same_features = fitted(quick, turned(flights, split.test), split)
        assert same.tables == trained.tables
        if isinstance(recipe, Recipe):
            assert same.booster.model_to_string() == trained.booster.model_to_string()
        assert (same_features == features).all()
        other, other_features = fitted(quick, turned(flights, split.learn), split)
        assert other.tables != trained.tables
        assert (other_features != features).any()
        assert len(features) == len(test)


def turned(flights: Flights, rows: NDArray[np.intp]) -> Flights:
    """The same flights with every other outcome of `rows` turned round."""
    delayed = flights.delayed.copy()
    delayed[rows[::2]] = ~delayed[rows[::2]]
    return Flights(flights.ids, delayed, flights.sha256)


def fitted(recipe: AnyRecipe, flights: Flights, split: Split) -> tuple[Trained, NDArray[np.float64]]:
    trained = train_on(recipe, flights, split.learn, split.validate, silent)
    return trained, matrix(trained.tables, flights.take(split.test).parts)


def test_the_tables_are_those_of_the_training_flights(small_csv: Path) -> None:
    flights = read_flights(small_csv)
    split = backtest(flights)[0]
    recipe = replace(RECIPES["improved"], max_trees=2, params=EASY)
    trained = train_on(recipe, flights, split.learn, split.validate, silent)
    before = flights.take(np.flatnonzero(flights.scheduled < np.datetime64("2017-07-01")))
    assert trained.tables == make_tables(recipe.features, before, recipe.half_life)


def test_a_run_is_reproducible_to_the_last_digit(small_csv: Path) -> None:
    flights = read_flights(small_csv)
    first, second = (run(RECIPES["improved"], flights, backtest(flights), silent) for _ in range(2))
    assert [part.name for part in first] == ["2017-07", "2017-08", "2017-09", "2017-10", "2017-11", "2017-12"]
    for one, other in zip(first, second, strict=True):
        assert (one.predicted == other.predicted).all()
        assert one.threshold == other.threshold


def test_the_command_line(small_csv: Path, tmp_path: Path, run_export: Callable[..., str]) -> None:
    lines = small_csv.read_text().splitlines()
    listed = tmp_path / "listed.csv"
    listed.write_text("\n".join([lines[0], *lines[1::5]]) + "\n")
    result = json.loads(
        run_export("evaluate", "--data", small_csv, "--protocol", "reference-split", "--test", listed, "--json")
    )
    assert (result["splits"][0]["train_flights"], result["test_flights"]) == (2400, 600)
    assert 0.5 < result["auc"] < 1
    assert result["at_half"]["threshold"] == 0.5
    text = run_export("evaluate", "--data", small_csv, "--protocol", "reference-split", "--test", listed)
    assert f"{result['auc']:.4f}" in text


def test_the_backtest_on_the_command_line(small_csv: Path, run_export: Callable[..., str]) -> None:
    result = json.loads(run_export("evaluate", "--data", small_csv, "--recipe", "improved", "--json"))
    assert sum(split["test_flights"] for split in result["splits"]) == result["test_flights"]
    assert 0.5 < result["auc"] < 1
    text = run_export("evaluate", "--data", small_csv, "--recipe", "improved")
    assert f"{result['auc']:.4f}" in text.split("all ", 1)[1]


def test_a_month_in_which_no_flight_was_late_is_told(
    small_csv: Path, tmp_path: Path, run_export: Callable[..., str]
) -> None:
    """December, and the list of one flight."""
    header, *rows = small_csv.read_text().splitlines()
    cells = [row.split(",") for row in rows]
    calm = [[*row[:5], row[0] if row[0] >= "2017-12" else row[5], *row[6:]] for row in cells]
    path = tmp_path / "calm.csv"
    path.write_text("\n".join([header, *(",".join(row) for row in calm)]) + "\n")
    result = json.loads(run_export("evaluate", "--data", path, "--json"))
    assert [split["auc"] is None for split in result["splits"]] == [False] * 5 + [True]
    assert result["splits"][-1]["average_precision"] is None
    text = run_export("evaluate", "--data", path)
    assert "- cannot be told: every flight was late, or none" in text
    listed = tmp_path / "listed.csv"
    listed.write_text(f"{header}\n{rows[0]}\n")
    text = run_export("evaluate", "--data", path, "--protocol", "reference-split", "--test", listed)
    assert "average precision -" in text


@pytest.mark.parametrize("flags", [["--protocol", "reference-split"], ["--test", "{csv}"]], ids=["no list", "a list"])
def test_a_list_goes_with_the_reference_split(flags: list[str], small_csv: Path) -> None:
    command = [flag.replace("{csv}", str(small_csv)) for flag in flags]
    ended = CliRunner().invoke(cli, ["evaluate", "--data", str(small_csv), *command])
    assert ended.exit_code == 2
    assert "--test LIST.csv goes with --protocol reference-split" in ended.output


def evaluated(run_export: Callable[..., str], recipe: str, *flags: object) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(run_export("evaluate", "--recipe", recipe, "--json", *flags))
    return result


def test_the_recipes_on_the_references_own_test_flights(
    real_data: Path, reference_predictions: Path, run_export: Callable[..., str]
) -> None:
    """The reference solution reached 0.7416, and macro F1 0.5622 at 0.5 and 0.6454 at 0.25."""
    protocol = ("--data", real_data, "--protocol", "reference-split", "--test", reference_predictions)
    reference = evaluated(run_export, "reference", *protocol)
    assert reference["test_flights"] == 13_641
    assert reference["auc"] >= 0.73
    assert reference["at_half"]["macro_f1"] >= 0.55
    improved = evaluated(run_export, "improved", *protocol)
    assert improved["auc"] >= 0.7416
    assert improved["at_shipped"]["macro_f1"] >= 0.6454


def test_the_improved_recipe_wins_where_flights_are_in_the_future(
    real_data: Path, run_export: Callable[..., str]
) -> None:
    reference = evaluated(run_export, "reference", "--data", real_data)
    improved = evaluated(run_export, "improved", "--data", real_data)
    assert reference["test_flights"] == improved["test_flights"] == 35_815
    assert improved["auc"] >= max(0.645, reference["auc"] + 0.03)
    assert improved["log_loss"] < reference["log_loss"]
    for ours, theirs in zip(improved["splits"], reference["splits"], strict=True):
        assert ours["auc"] >= theirs["auc"] - 0.005
