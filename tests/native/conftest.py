"""What Rust reads is held to what Python reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service import native
from service.api.contract import Replies
from service.api.served import Native
from service.model import bundle as bundles
from service.model.bundle import Bundle
from service.model.features import Features


@pytest.fixture(scope="session")
def shipped() -> Bundle:
    return bundles.read(Path(__file__).resolve().parents[2])


@pytest.fixture(scope="session")
def features(shipped: Bundle) -> Features:
    return Features(shipped.tables, shipped.names)


@pytest.fixture(scope="session")
def parts(shipped: Bundle, need: Callable[[object, str], None]) -> Native:
    """Reader and queue of the shipped bundle, without a cache."""
    need(not native.missing(), f"the Rust module is of no use: {native.missing()}")
    made: Any = native.native_of(shipped.tables, Replies(shipped.threshold), 0)
    assert made
    return made
