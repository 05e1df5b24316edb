"""What a worker serves; each request finds it in its state, under the key `served`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from service.api.names import Names
from service.api.v2.models import Models
from service.model.bundle import Bundle
from service.model.explain import Explainer
from service.model.predictor import Predictor
from service.model.turns import Lines


class RequestCounts(Protocol):
    def request(self, route: str, status: int, started: int) -> None:
        """Count a request that was read at `started` (`perf_counter_ns`)."""

    def event(self, name: str) -> None:
        """Count what happens now and then."""


@dataclass(frozen=True)
class Limits:
    """What one request may hold: `body` in bytes, `batch` in flights."""

    body: int
    batch: int


@dataclass(frozen=True)
class Served:
    bundle: Bundle
    report: Path
    """The folder of the model's report."""
    predictor: Predictor
    names: Names
    lines: Lines
    """Where batches, V2's too, wait for their turn."""
    explainer: Explainer
    protocol: Models
    counts: RequestCounts
    limits: Limits
    status: bytes
    catalogue: bytes
