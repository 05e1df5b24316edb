import asyncio
from typing import Any

from service.model.errors import Overloaded
from service.model.turns import SHORT, Line, Lines


def in_turns(line: Line, sizes: list[int], leaving: set[int] = frozenset()) -> list[Any]:  # type: ignore[assignment]
    """What became of pieces of work that came at once: their number when they were done, or what was raised."""

    async def go() -> list[Any]:
        inside: list[int] = []
        done: list[int] = []

        async def work(number: int, size: int) -> int:
            async with line.turn(size):
                assert not inside
                inside.append(number)
                try:
                    await asyncio.sleep(0)
                finally:
                    inside.pop()
                done.append(number)
            return len(done)

        works = [asyncio.ensure_future(work(*each)) for each in enumerate(sizes)]
        await asyncio.sleep(0)
        for number in leaving:
            works[number].cancel()
        found = await asyncio.gather(*works, return_exceptions=True)
        assert line.waiting == 0
        return found

    return asyncio.run(go())


def test_one_at_a_time_in_the_order_they_came() -> None:
    assert in_turns(Line(10), [1] * 10) == [*range(1, 11)]


def test_no_more_wait_than_may() -> None:
    found = in_turns(Line(10), [4, 4, 4, 2])
    assert [type(each) for each in found] == [int, int, Overloaded, int]


def test_one_that_comes_alone_is_taken_at_any_size() -> None:
    assert in_turns(Line(0), [1000]) == [1]


def test_who_leaves_gives_the_place_away() -> None:
    found = in_turns(Line(10), [1] * 5, leaving={0, 2})
    assert [each if isinstance(each, int) else type(each) for each in found] == [
        asyncio.CancelledError, 1, asyncio.CancelledError, 2, 3]  # fmt: skip


def test_what_is_soon_done_has_a_line_of_its_own() -> None:
    lines = Lines(10)
    assert lines.of(SHORT) is lines.short
    assert lines.of(SHORT + 1) is lines.long
