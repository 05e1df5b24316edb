"""Progress on standard error, beside the result on standard output: a bar where a person looks, else a line a step."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

import click

Done = TypeVar("Done")

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many steps of it are done, and how many there are at most."""


def say(text: str) -> None:
    click.echo(text, err=True)


def step(text: str, work: Callable[[], Done], told: Callable[[Done], str]) -> Done:
    """Do `work`, on a line that says what is being done and, in the end, what came of it."""
    click.echo(f"{text:<48} ", err=True, nl=False)
    try:
        done = work()
    except BaseException:
        click.echo(err=True)
        raise
    click.echo(told(done), err=True)
    return done


class Bars:
    """One bar after the other, each begun by a call that names another step."""

    def __init__(self) -> None:
        self._what = ""
        self._bar: Any = None

    def __call__(self, what: str, done: int, total: int) -> None:
        if what != self._what:
            self._finish()
            self._what = what
            self._bar = click.progressbar(length=total, label=f"{what:<32}", file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(done - self._bar.pos)

    def _finish(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)

    def __enter__(self) -> "Bars":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish()
