"""The options that several commands share."""

import os
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from bench.results import FOLDER, LOCAL
from export.files import check_writable

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
DIRECTORY = click.Path(file_okay=False, path_type=Path)
COUNT = click.IntRange(min=1)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def number(name: str, default: int, help: str) -> Decorator:
    """An option that is a whole number above 0."""
    return click.option(name, type=COUNT, default=default, show_default=True, help=help)


def seconds(default: int = 5) -> Decorator:
    return number("--seconds", default, "How long each row is under load.")


def out(command: str) -> Decorator:
    """Where the result goes: beside the published one, unless it is to replace that."""
    name = f"{command}.json"

    def decorated(work: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("--out", type=FILE, default=LOCAL / name, show_default=True, help="Where the result goes.")
        @click.option("--publish", is_flag=True, help=f"Write {FOLDER / name} instead, which the pages are made of.")
        @wraps(work)
        def placed(*args: Any, out: Path, publish: bool, **options: Any) -> Any:
            if publish and click.get_current_context().get_parameter_source("out") != ParameterSource.DEFAULT:
                raise click.UsageError("--out and --publish name two places: give one of them")
            if publish and (profile := os.environ.get("ATRASO_CARGO_PROFILE", "release")) != "release":
                raise click.UsageError(
                    f"with ATRASO_CARGO_PROFILE={profile} others' Rust is slow: --publish is not for it"
                )
            place = FOLDER / name if publish else out
            check_writable(place.parent)  # before minutes of measuring
            return work(*args, out=place, **options)

        return placed

    return decorated


connections = number("--connections", 64, "Connections, each with one request at a time.")
threads = number("--threads", 1, "Threads of wrk; no more than connections.")
workers = number("--workers", 1, "Workers of our server, each with a CPU where there are enough.")
booster = click.option("--booster", type=EXISTING, help="LightGBM's text model of the shipped bundle.")


def numbers(text: str) -> list[int]:
    """The value of an option that takes `1,2,4`."""
    if not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", text):
        raise click.BadParameter(f"{text!r} should be whole numbers above 0, with commas between")
    return [int(part) for part in text.split(",")]


def words(*known: str) -> Callable[[str], list[str]]:
    """Reads the value of an option that takes some of the `known` words, with commas between."""

    def some(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [word for word in chosen if word not in known]:
            raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(known)}")
        return chosen

    return some
