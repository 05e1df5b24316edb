"""The same measured several times, each time on a line of progress."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from export.progress import step

Done = TypeVar("Done")


def in_turn(
    names: Sequence[str], rounds: int, work: Callable[[str], Done], told: Callable[[Done], str]
) -> dict[str, list[Done]]:
    """What `work` makes of each name, a round after the other, so that the machine's moods meet all of them."""
    done: dict[str, list[Done]] = {name: [] for name in names}
    for number in range(1, rounds + 1):
        for name in names:
            done[name].append(step(f"round {number} of {rounds}: {name}", partial(work, name), told))
    return done


def again(what: str, runs: int, work: Callable[[], Done], told: Callable[[Done], str]) -> list[Done]:
    """What `work` gives each of `runs` times."""
    return [step(f"{what} {number} of {runs}", work, told) for number in range(1, runs + 1)]
