"""The path that was tried, on made-up flights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from export.data.flights import Flights
from export.learn.protocols import Split, backtest, reference_split
from export.tried.attempts import Attempt, attempts, try_out
from export.tried.columns import NAMES, Table, read_table
from export.tried.features import Matrix, dummies, ratios
from export.tried.models import grid_search, logistic, plain, search, upsampled, xgboost
from export.tried.select import Labels, Select, by_importance, by_l1, most_important, selected, uncorrelated


def silent(what: str, done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def table(small_csv: Path) -> Table:
    return read_table(small_csv)


def test_the_columns_are_the_notebooks(table: Table) -> None:
    assert tuple(table.columns) == NAMES
    kinds, cities = table.columns["TIPOVUELO"], table.columns["SIGLADES"]
    assert kinds.labels == ["I", "N"]
    international = {cities.labels[city] for city, kind in zip(cities.codes, kinds.codes, strict=True) if kind == 0}
    assert international == {"Lima"}
    assert table.columns["MES"].labels == sorted(map(str, range(1, 13)))


def test_dummies_are_one_in_each_column(table: Table) -> None:
    rows = np.arange(50)
    features = dummies("OPERA", "MES")(table, rows)
    matrix = features.of(rows)
    assert matrix.shape == (50, 4 + 12)
    assert (matrix.sum(axis=1) == 2).all()
    opera, _, when = table.flights.ids[7]
    on = {name for name, value in zip(features.names, matrix[7], strict=True) if value}
    assert on == {f"OPERA_{opera}", f"MES_{when.month}"}


def test_a_ratio_counts_the_source_flights_of_its_window(table: Table) -> None:
    source = np.arange(0, 3000, 2)
    features = ratios(("OPERA",), (None, 3))(table, source)
    assert features.names == ["OPERA, all months", "OPERA, last 3 months"]
    flight = np.array([11])
    opera = table.flights.ids[11][0]
    chosen = [row for row in source if table.flights.ids[row][0] == opera]
    assert features.of(flight)[0, 0] == pytest.approx(table.flights.delayed[chosen].mean())
    newest = table.flights.scheduled[source].max()
    recent = [row for row in chosen if table.flights.scheduled[row] >= newest - np.timedelta64(92, "D")]
    assert features.of(flight)[0, 1] == pytest.approx(table.flights.delayed[recent].mean(), abs=0.02)


def random_matrix() -> tuple[Matrix, Labels]:
    """Two features that tell, a copy of the first, a constant, and noise."""
    random = np.random.default_rng(0)
    first, second, noise = random.random((3, 2000))
    labels = random.random(2000) < 1 / (1 + np.exp(8 - 8 * (first + second)))
    constant = np.full(2000, 0.1)
    return np.stack([first, first * 2 + 0.01 * noise, constant, second, noise], axis=1).astype(np.float32), labels


@pytest.mark.parametrize(
    ("way", "kept"),
    [(uncorrelated(), [0, 3, 4]), (most_important(2), None), (by_importance(0.1), None), (by_l1(), None)],
    ids=["uncorrelated", "most important", "importance", "L1"],
)
def test_selection_keeps_what_tells(way: Select, kept: list[int] | None) -> None:
    found = way(*random_matrix())
    if kept is None:
        assert set(found) & {0, 1}
        assert 3 in found
        assert 2 not in found
        assert len(found) < 5
    else:
        assert found == kept


def test_selection_looks_at_the_source_only(table: Table) -> None:
    make = selected(ratios(), uncorrelated(), by_importance())
    source = np.arange(1500)
    delayed = table.flights.delayed.copy()
    delayed[1500:] = ~delayed[1500:]
    other = Table(Flights(table.flights.ids, delayed, ""), table.columns)
    rows = np.arange(3000)
    assert (make(table, source).of(rows) == make(other, source).of(rows)).all()


@pytest.mark.parametrize(
    "model", [plain(logistic), plain(xgboost(0.1)), grid_search({"learning_rate": (0.01, 0.1)}), search(2)]
)
def test_models_learn_and_repeat_themselves(model: Callable[..., Callable[..., Callable[..., Matrix]]]) -> None:
    matrix, labels = random_matrix()
    learn, held = slice(0, 1500), slice(1500, 2000)
    first, second = (
        model(matrix[learn], labels[learn], matrix[held], labels[held])(matrix[learn], labels[learn])(matrix[held])
        for _ in range(2)
    )
    assert (first == second).all()
    assert first[labels[held]].mean() > first[~labels[held]].mean() + 0.05


def test_upsampling_gives_both_outcomes_the_same_number() -> None:
    seen: list[float] = []

    def fit(matrix: Matrix, labels: Labels) -> Callable[[Matrix], Matrix]:
        seen.append(labels.mean())
        return lambda rows: rows

    upsampled(fit)(np.zeros((10, 1), np.float32), np.array([True] * 2 + [False] * 8))
    assert seen == [0.5]


@pytest.mark.parametrize("attempt", attempts(quick=True), ids=lambda attempt: attempt.name)
def test_no_outcome_of_a_test_flight_is_looked_at(attempt: Attempt, table: Table) -> None:
    splits: list[Split] = [*reference_split(table.flights, table.flights.ids[::5]), backtest(table.flights)[-1]]
    for split in splits:
        before = try_out(attempt, table, [split], silent)
        delayed = table.flights.delayed.copy()
        delayed[split.test] = ~delayed[split.test]
        after = try_out(attempt, Table(Flights(table.flights.ids, delayed, ""), table.columns), [split], silent)
        assert (after.tested[0].predicted == before.tested[0].predicted).all()
        assert after.features == before.features
        assert (after.tested[0].delayed != before.tested[0].delayed).all()
