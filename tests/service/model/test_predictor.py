import asyncio
from pathlib import Path
from typing import Any

import pytest

from service.api.contract import Replies
from service.model import bundle as bundles
from service.model.errors import Overloaded
from service.model.features import PAIR, Features, Pairs
from service.model.keys import Parts, key_parts, parse_time
from service.model.predictor import MAX_ROWS, Predictor, ReplyCache
from service.model.scorer import Scorer
from service.server.metrics import Metrics

BUNDLE = bundles.read(Path(__file__).resolve().parents[3])


class CountingScorer(Scorer):
    """The real scorer, which remembers how many rows each run had."""

    def __init__(self) -> None:
        super().__init__(BUNDLE)
        self.runs: list[int] = []

    def pairs(self, rows: bytes | bytearray) -> Pairs:
        pairs = super().pairs(rows)
        self.runs.append(len(pairs) // PAIR)
        return pairs


class BrokenScorer(Scorer):
    def pairs(self, rows: bytes | bytearray) -> Pairs:
        raise RuntimeError("no model today")


def predictor(scorer: Scorer, **options: Any) -> Predictor:
    return Predictor(Features(BUNDLE.tables), scorer, Replies(BUNDLE.threshold), Metrics(), **options)


def flights(golden: list[dict[str, Any]]) -> list[Parts]:
    return [key_parts(v["OPERA"], v["SIGLADES"], parse_time(v["FECHA_PROGRAMADA"])) for v in golden]


def test_one_run_for_all_of_a_turn(golden: list[dict[str, Any]]) -> None:
    async def ask() -> tuple[list[int], list[bytes]]:
        scorer = CountingScorer()
        asked = predictor(scorer)
        replies = await asyncio.gather(*map(asked.reply, flights(golden)[:100]))
        assert asked.pending == 0
        return scorer.runs, replies

    runs, replies = asyncio.run(ask())
    assert runs == [100]
    assert replies == [Replies(BUNDLE.threshold)(vector["delay_probability"]) for vector in golden[:100]]


def test_a_long_turn_is_cut_into_runs(golden: list[dict[str, Any]]) -> None:
    async def ask() -> list[int]:
        scorer = CountingScorer()
        await asyncio.gather(*map(predictor(scorer).reply, flights(golden)[: MAX_ROWS + 5]))
        return scorer.runs

    assert asyncio.run(ask()) == [MAX_ROWS, 5]


def test_the_cache_answers_what_was_asked_before(golden: list[dict[str, Any]]) -> None:
    async def ask(cache_size: int) -> list[int]:
        scorer = CountingScorer()
        asked = predictor(scorer, cache_size=cache_size)
        assert await asked.reply(flights(golden)[0]) == await asked.reply(flights(golden)[0])
        return scorer.runs

    assert asyncio.run(ask(cache_size=10)) == [1]
    assert asyncio.run(ask(cache_size=0)) == [1, 1]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 10])
def test_the_cache_is_bounded_and_keeps_what_is_asked_for(size: int) -> None:
    cache = ReplyCache(size)
    for number in range(100):
        cache.update([b"row %d" % number], [b"%d" % number])
        assert len(cache) <= size
        if size >= 2:
            assert cache.get(b"row %d" % number) == b"%d" % number
        if size >= 4:
            assert cache.get(b"row 0") == b"0"


def test_too_many_pending_flights_are_refused(golden: list[dict[str, Any]]) -> None:
    async def ask() -> list[bytes | BaseException]:
        asked = predictor(CountingScorer(), max_pending=3)
        return await asyncio.gather(*map(asked.reply, flights(golden)[:5]), return_exceptions=True)

    replies = asyncio.run(ask())
    assert [isinstance(reply, Overloaded) for reply in replies] == [False, False, False, True, True]


def test_a_failing_model_fails_its_flights_only() -> None:
    async def ask() -> tuple[list[bytes | BaseException], int]:
        asked = predictor(BrokenScorer(BUNDLE))
        flight = key_parts("Sky Airline", "Calama", parse_time("2017-11-27 13:00"))
        replies = await asyncio.gather(asked.reply(flight), asked.reply(flight), return_exceptions=True)
        return replies, asked.pending

    replies, pending = asyncio.run(ask())
    assert [str(reply) for reply in replies] == ["no model today"] * 2
    assert pending == 0


def test_a_client_that_left_disturbs_nobody(golden: list[dict[str, Any]]) -> None:
    async def ask() -> bytes:
        asked = predictor(CountingScorer())
        left = asyncio.ensure_future(asked.reply(flights(golden)[0]))
        stays = asyncio.ensure_future(asked.reply(flights(golden)[1]))
        await asyncio.sleep(0)
        left.cancel()
        return await stays

    assert asyncio.run(ask()) == Replies(BUNDLE.threshold)(golden[1]["delay_probability"])
