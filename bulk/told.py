"""How far a run is, on standard error: a bar with rate and time left where a person looks, else a line now and then."""

import sys
import time
from types import TracebackType
from typing import Any, Self

import click

from export.progress import say

OFTEN, SELDOM = 0.2, 10.0
"""Seconds between two looks of the bar, and between two lines."""


class Told:
    """`size` is how much comes in, None where nobody knows; `begun` how much of it was done before, `flights` of it."""

    def __init__(self, name: str, size: int | None, begun: int, flights: int) -> None:
        self._size, self._begun, self._before = size, begun, flights
        self._since = self._last = time.monotonic()
        self._flights = flights
        self._bar: Any = None
        if sys.stderr.isatty() and size:
            self._bar = click.progressbar(
                length=size,
                label=name[-32:],
                file=sys.stderr,
                item_show_func=lambda _: f"{self._rate():,.0f} flights/s",
            )

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.__enter__()
            self._bar.update(self._begun)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            if kind is None:
                self._bar.update(self._size - self._bar.pos)
            self._bar.__exit__(kind, error, trace)

    def __call__(self, position: int, flights: int) -> None:
        now = time.monotonic()
        self._flights = flights
        if now - self._last < (OFTEN if self._bar else SELDOM):
            return
        self._last = now
        if self._bar:
            self._bar.update(max(0, position - self._bar.pos))
        else:
            say(f"atraso: {self._line(position)}")

    def _line(self, position: int) -> str:
        words = [f"{self._flights:,} flights, {self._rate():,.0f} a second"]
        if self._size:
            words.insert(0, f"{position / self._size:.0%}")
            if position > self._begun:
                left = (self._size - position) / (position - self._begun) * self.seconds
                words.append(f"{_clock(left)} left")
        return ", ".join(words)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._since

    def _rate(self) -> float:
        return (self._flights - self._before) / max(self.seconds, 1e-3)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
