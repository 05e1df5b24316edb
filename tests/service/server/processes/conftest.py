"""Servers that are watched from outside: their workers, and whether a condition comes to hold in time."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.processes import children

DEADLINE = 30


def poll(holds: Callable[[], Any], log: Callable[[], str] = str) -> Any:
    deadline = time.monotonic() + DEADLINE
    while not (found := holds()):
        assert time.monotonic() < deadline, log()
        time.sleep(0.02)
    return found


@pytest.fixture(scope="session")
def workers_of() -> Callable[[Any], list[int]]:
    """The processes that serve, of a running server."""
    return lambda server: children(server.process.pid)


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Waits until something holds, and gives it."""
    return poll
