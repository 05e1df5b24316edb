"""What a worker serves; each request finds it in its state, under the key `served`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from service.api.coding.kept import Kept
from service.api.flights.explanation import Explanations
from service.api.flights.listed import Listed
from service.api.names import Names
from service.api.v2.figures import Inferences
from service.api.v2.models import Models
from service.model.bundle import Bundle
from service.model.explain.reasons import Reasoner
from service.model.explain.tables import Explainer
from service.model.predictor import Predictor
from service.model.turns import Lines

if TYPE_CHECKING:
    from atraso_native import Queue, Reader


class RequestCounts(Protocol):
    def request(self, route: str, status: int, started: int) -> None:
        """Count a request that was read at `started` (`perf_counter_ns`)."""

    def event(self, name: str) -> None:
        """Count what happens now and then."""

    def inference(self, model: int, flights: int | None, started: int) -> None:
        """Count an inference of one of V2's models; None for one that failed."""

    def inferences(self, model: int) -> Inferences: ...


class Recorder(Protocol):
    """Keeps what was asked and answered. It never raises, and never makes anybody wait."""

    def one(self, body: bytes, reply: bytes, request_id: bytes) -> None:
        """A request's body with one flight, and its reply's."""

    def many(
        self, count: int, flights: Iterable[Sequence[str]], probabilities: Iterable[float], request_id: bytes
    ) -> None:
        """`count` flights as the fields OPERA, SIGLADES and FECHA_PROGRAMADA; they may be gone through later."""


@dataclass(frozen=True)
class Limits:
    """What one request may hold: `body` in bytes, `batch` in flights."""

    body: int
    batch: int


class Native(NamedTuple):
    reader: "Reader"
    queue: "Queue"


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
    """By table."""
    reasoner: Reasoner
    """By what a flight is."""
    explanations: Explanations
    """Both as replies tell them."""
    protocol: Models
    counts: RequestCounts
    is_ready: Callable[[], bool]
    limits: Limits
    status: bytes
    catalogue: Kept
    flights: Listed
    marks: dict[str, str]
    """Headers of every reply that the model made."""
    record: Recorder | None
    native: Native | None
    """What reads and answers many flights in Rust, where it was built."""
