"""What is remembered of the model's answers is what it would answer again."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from bulk.scoring.model import MEMO, Memo, Model
from service.model import bundle as bundles
from service.model.scorer import trial_rows

ROOT = Path(__file__).resolve().parents[2]


class Asked:
    """A model whose answer tells every two rows apart, and which knows how many it was asked for."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        self.rows += len(matrix)
        bits = matrix.view(np.uint32).astype(np.float64)
        said: NDArray[np.float32] = np.sin(bits @ np.arange(1, matrix.shape[1] + 1)).astype(np.float32)
        return said


@pytest.mark.parametrize("width", [1, 3, 12])
@pytest.mark.parametrize("size", [1, 1 << 10, 1 << 20], ids=["one place", "few places", "many"])
def test_it_says_what_the_model_says(width: int, size: int) -> None:
    draw = np.random.default_rng(1)
    pool = draw.choice(np.array([0, -0.0, 0.1, 1, np.nan, np.inf, 1e-40], np.float32), (200, width))
    asked = Asked()
    memo = Memo(width, asked, size)
    for count in (0, 1, 7, 500, 5_000):
        rows = pool[draw.integers(len(pool), size=count)]
        assert memo(rows).tobytes() == Asked()(rows).tobytes()


def test_the_model_is_asked_once() -> None:
    asked = Asked()
    memo = Memo(12, asked)
    rows = np.random.default_rng(2).random((1_000, 12), np.float32)
    memo(rows)
    before = asked.rows
    assert before >= len(rows)
    for _ in range(3):
        memo(rows[::-1])
    assert asked.rows - before < 30  # those that share a place with another, of a quarter of a million


def test_a_zero_and_another_zero_are_two() -> None:
    memo = Memo(2, Asked())
    rows = np.array([[0.0, 0.0], [-0.0, 0.0], [0.0, -0.0]], np.float32)
    assert len(set(memo(rows).tolist())) == 3


@pytest.mark.parametrize("width", [0, 1, 12, 400])
def test_it_holds_no_more_than_it_may(width: int) -> None:
    memo = Memo(width, lambda matrix: np.zeros(len(matrix), np.float32))
    assert memo._rows.nbytes <= MEMO
    assert memo._said.nbytes <= MEMO


def test_the_model_s_own_rows() -> None:
    read = bundles.read(ROOT)
    model = Model(read)
    memo = Memo(len(read.tables), model.run)
    rows = trial_rows(read.tables)
    for _ in range(2):
        assert memo(rows).tobytes() == model.run(rows).tobytes()


def test_all_real_flights(real_texts: list[tuple[str, str, str]]) -> None:
    columns = [pa.array(column) for column in zip(*real_texts, strict=True)]
    bundle = bundles.read(ROOT)
    model, plain = Model(bundle), Model(bundle, memo=False)
    expected = plain(*columns).probabilities.tobytes()
    for _ in range(2):
        assert model(*columns).probabilities.tobytes() == expected
