import asyncio
import contextlib
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.api.contract import EXAMPLE, Replies
from service.api.errors import InvalidRequest
from service.api.flights.batch import predict_batch
from service.api.names import Names, Tally
from service.model import bundle as bundles
from service.model.features import Features
from service.model.predictor import Predictor
from service.model.scorer import Scorer
from service.server.metrics import Metrics

BUNDLE = bundles.read(Path(__file__).resolve().parents[4])


def made(strict: bool = False, **options: Any) -> tuple[Predictor, Names]:
    features, metrics = Features(BUNDLE.tables, BUNDLE.names), Metrics()
    predictor = Predictor(features, Scorer(BUNDLE), Replies(BUNDLE.threshold), metrics, **options)
    return predictor, Names(features, metrics, strict=strict)


def predict(flights: list[Any], **options: Any) -> tuple[Any, dict[str, str]]:
    async def ask() -> tuple[bytes, Tally]:
        predictor, names = made(**options)
        try:
            return await predict_batch(predictor, names, flights)
        finally:
            assert predictor.pending == 0

    body, tally = asyncio.run(ask())
    return orjson.loads(body), tally.headers()


def test_replies_are_lightgbms_in_order(golden: list[dict[str, Any]]) -> None:
    replies, headers = predict(golden)
    assert [r["delay_probability"] for r in replies] == [round(v["delay_probability"], 2) for v in golden]
    assert headers == {"x-unknown": "OPERA, SIGLADES"}


def test_an_empty_batch_is_answered_by_an_empty_one() -> None:
    assert predict([]) == ([], {})


def test_every_problem_names_its_flight() -> None:
    flights: list[Any] = [EXAMPLE] * 600
    flights[3] = {**EXAMPLE, "OPERA": 7}
    flights[300] = "x"
    flights[599] = {}
    with pytest.raises(InvalidRequest) as caught:
        predict(flights)
    assert [problem["loc"] for problem in caught.value.detail] == [
        ("body", 3, "OPERA"),
        ("body", 300),
        *(("body", 599, field) for field in EXAMPLE),
    ]


def test_strict_names_each_unknown_flight() -> None:
    with pytest.raises(InvalidRequest) as caught:
        predict([EXAMPLE, {**EXAMPLE, "SIGLADES": "Calamar"}], strict=True)
    (problem,) = caught.value.detail
    assert problem["loc"] == ("body", 1, "SIGLADES")
    assert "'Calama'" in problem["msg"]


def test_a_batch_is_not_looked_at_behind_a_thousand_problems() -> None:
    with pytest.raises(InvalidRequest) as caught:
        predict([{}] * 10_000)
    *listed, last = caught.value.detail
    assert len(listed) == 1000
    assert (last["type"], last["loc"]) == ("too_many_problems", ("body",))
    assert "behind the one at 333 were not looked at" in last["msg"]


def test_others_get_their_turn_between_slices() -> None:
    async def ask(flight: Any, strict: bool) -> int:
        predictor, names = made(strict)
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        counting = asyncio.ensure_future(count())
        with contextlib.suppress(InvalidRequest):
            await predict_batch(predictor, names, [flight(number) for number in range(2560)])
        counting.cancel()
        return turns

    assert asyncio.run(ask(lambda number: EXAMPLE, strict=False)) >= 9
    assert asyncio.run(ask(lambda number: {**EXAMPLE, "OPERA": f"Sky {number}"}, strict=True)) >= 99
