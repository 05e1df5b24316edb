import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest

from export import bundle as export_bundle
from export.data.flights import read_flights
from export.learn.tables import matrix
from service.model import bundle as bundles
from service.model.errors import TooManyFeatures
from service.model.explain.tables import Explainer, Explanation
from service.model.keys import Parts, key_parts
from service.model.scorer import Scorer

ROOT = Path(__file__).resolve().parents[4]
WHEN = key_parts("Air Canada", "Calama", datetime(2017, 11, 27, 13))


@pytest.fixture(scope="module")
def bundle() -> bundles.Bundle:
    return bundles.read(ROOT)


@pytest.fixture(scope="module")
def explain(bundle: bundles.Bundle) -> Callable[[Parts], Explanation]:
    explainer = Explainer(bundle.tables, Scorer(bundle))
    return lambda flight: asyncio.run(explainer(flight))


def test_contributions_add_up_and_point_where_lightgbms_do(
    explain: Callable[[Parts], Explanation], real_data: Path
) -> None:
    """On 1,000 real flights. LightGBM explains log odds against its training rows: another definition."""
    flights = read_flights(real_data).parts[::68][:1000]
    booster = lgb.Booster(model_file=str(ROOT / "model.txt"))
    rows = matrix(export_bundle.read(ROOT).tables, flights)
    theirs = booster.predict(rows, pred_contrib=True)[:, :-1]
    expected = booster.predict(rows)
    same = 0
    for flight, their, probability in zip(flights, theirs, expected, strict=True):
        told = explain(flight)
        ours = np.array(told.contributions)
        assert told.probability == pytest.approx(probability, abs=1e-6)
        assert ours.sum() == pytest.approx(told.probability - told.average, abs=1e-6)
        largest = np.abs(their).argmax()
        same += np.sign(ours[largest]) == np.sign(their[largest])
    print(f"the same sign as LightGBM's largest on {same} of {len(flights)} flights")
    assert same >= 950


def test_too_many_features_are_told(bundle: bundles.Bundle) -> None:
    explainer = Explainer(bundle.tables[:1] * 15, Scorer(bundle))
    with pytest.raises(TooManyFeatures, match="15 features, more than 14"):
        asyncio.run(explainer(WHEN))


def test_many_who_ask_at_once_get_the_same(explain: Callable[[Parts], Explanation], bundle: bundles.Bundle) -> None:
    explainer = Explainer(bundle.tables, Scorer(bundle))

    async def ask() -> list[Explanation]:
        return await asyncio.gather(*(explainer(WHEN) for _ in range(8)))

    assert asyncio.run(ask()) == [explain(WHEN)] * 8
