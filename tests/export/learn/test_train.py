from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from export.data.flights import Flights, read_flights
from export.errors import ExportError
from export.learn.ratios import make_tables
from export.learn.recipes import IMPROVED, REFERENCE, Recipe
from export.learn.tables import matrix
from export.learn.train import best_threshold, predict, train


def silent(what: str, done: int, total: int) -> None:
    pass


def test_the_final_tables_come_from_every_flight(small_csv: Path) -> None:
    flights = read_flights(small_csv)
    trained = train(REFERENCE, flights, silent)
    assert trained.tables == make_tables(REFERENCE.features, flights)
    assert [table.name for table in trained.tables] == [
        "historical_delay_ratio_SIGLADES",
        "historical_delay_ratio_OPERA",
        "historical_delay_ratio_MES",
        "historical_delay_ratio_periodo_dia",
        "Last 1 Months_delay_ratio_OPERA",
        "Last 1 Months_delay_ratio_DIA",
        "Last 3 Months_delay_ratio_DIA",
    ]


def test_validation_chooses_the_number_of_trees(small_csv: Path) -> None:
    """Early stopping has to end well before the most trees allowed, and after some."""
    trained = train(REFERENCE, read_flights(small_csv), silent)
    assert 1 <= trained.booster.num_trees() < REFERENCE.max_trees / 2
    assert 0 < trained.chosen_threshold < 1


def test_without_patience_every_tree_is_taken(small_csv: Path) -> None:
    assert train(IMPROVED, read_flights(small_csv), silent).booster.num_trees() == IMPROVED.max_trees


@pytest.mark.parametrize("recipe", [REFERENCE, IMPROVED], ids=["reference", "improved"])
def test_the_same_flights_give_the_same_booster(recipe: Recipe, small_csv: Path) -> None:
    flights = read_flights(small_csv)
    first, second = (train(recipe, flights, silent).booster.model_to_string() for _ in range(2))
    assert first == second


def test_it_learns(small_csv: Path) -> None:
    flights = read_flights(small_csv)
    trained = train(REFERENCE, flights, silent)
    predicted = predict(trained.booster, matrix(trained.tables, flights.parts))
    assert predicted[flights.delayed].mean() > predicted[~flights.delayed].mean() + 0.05


def test_progress_is_told(small_csv: Path) -> None:
    told: list[tuple[str, int, int]] = []
    trained = train(REFERENCE, read_flights(small_csv), lambda *step: told.append(step))
    assert told[0] == ("choosing the number of trees", 1, REFERENCE.max_trees)
    trees = trained.booster.num_trees()
    assert told[-1] == ("training on every flight", trees, trees)


@pytest.mark.parametrize("outcomes", [[True] * 30, [False] * 30, [True] + [False] * 29, [True, False]])
def test_too_little_to_learn_from(outcomes: list[bool]) -> None:
    ids = [("A", "B", datetime(2017, 1, 1, hour % 24)) for hour in range(len(outcomes))]
    with pytest.raises(ExportError, match=r"nothing to learn|too few"):
        train(REFERENCE, Flights(ids, np.array(outcomes), ""), silent)


def test_best_threshold_separates() -> None:
    delayed = np.array([False, False, False, True, True])
    assert best_threshold(delayed, np.array([0.1, 0.2, 0.205, 0.31, 0.9])) == 0.21


@pytest.mark.parametrize("digits", [1, 2, 5])
@pytest.mark.parametrize("rate", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("count", [1, 3, 300])
def test_best_threshold_is_that_of_scikit_learn(count: int, rate: float, digits: int) -> None:
    draw = np.random.default_rng(count)
    delayed = draw.random(count) < rate
    predicted = np.round(draw.random(count) * (0.3 + 0.7 * delayed), digits)
    scores = [f1_score(delayed, predicted > percent / 100, average="macro") for percent in range(1, 100)]
    assert best_threshold(delayed, predicted) == (1 + int(np.argmax(scores))) / 100
