"""A server for each way that a flight is answered."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.service.server.lane.wire import KEEP_ALIVE, WAYS


@pytest.fixture(scope="module")
def ways(servers: Callable[..., Any]) -> tuple[Any, ...]:
    """A server for each of `WAYS`."""
    shared = ("--workers", 1, "--keep-alive", KEEP_ALIVE, "--max-body", 20_000)
    return tuple(servers(*shared, *flags) for flags in WAYS)
