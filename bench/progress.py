"""Progress on standard error, so that standard output holds the table alone."""

from collections.abc import Callable
from typing import TypeVar

import click

Done = TypeVar("Done")


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
