"""A quick report compares its protocols on the same flights."""

from pathlib import Path

import numpy as np
import pytest

from export.data.flights import Flights, read_flights
from export.learn import evaluate
from export.report import kept


@pytest.mark.parametrize(("quick", "step"), [(True, 4), (False, 1)])
def test_what_is_kept_up_is_tested_on_the_same_part(
    small_csv: Path, monkeypatch: pytest.MonkeyPatch, quick: bool, step: int
) -> None:
    flights = read_flights(small_csv)
    shown: list[Flights] = []

    def run_weekly(recipe: object, some: Flights, *_: object) -> tuple[list[evaluate.Tested], list[evaluate.Tested]]:
        shown.append(some)
        raise KeyboardInterrupt

    monkeypatch.setattr(kept, "run_weekly", run_weekly)
    tested = {name: {"backtest": [], "reference_split": []} for name in ("improved", "effects")}
    with pytest.raises(KeyboardInterrupt):
        kept.kept(tested, flights, quick, lambda *_: None)
    assert shown[0].ids == flights.ids[::step]


def test_its_rows_are_told_as_rows_of_all_flights() -> None:
    tested = evaluate.Tested("2017-12", 9, 1, 0.2, np.array([0, 2]), np.array([True, False]), np.array([0.5, 0.1]))
    (told,) = kept._of_all([tested], np.arange(0, 12, 4))
    assert told.rows.tolist() == [0, 8]
