"""Flights -> replies: the reply cache, and one model run for all that arrived in the same turn of the event loop.

No timer and no window: alone, a flight waits for nobody; under load the runs grow by themselves. It reads no
request and writes no response.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from service.model.errors import Overloaded
from service.model.features import PAIR, Features, Pairs, Row, delays
from service.model.keys import Parts

if TYPE_CHECKING:
    from service.model.scorer import Scorer  # it loads ONNX Runtime, which only a worker needs

MAX_ROWS = 256
"""Rows of one model run: a longer one would keep the event loop from everybody else."""

Answer = Callable[[bytes | Exception], None]
"""Called with the reply, or with what kept it from being made."""

logger = logging.getLogger("uvicorn.error")


class Counts(Protocol):
    """What the predictor tells of its work."""

    def cache_hit(self) -> None: ...

    def model_run(self, rows: int) -> None: ...


class ReplyCache:
    """A bounded dict from a row to its reply; when it is full, the half that was not asked for lately goes."""

    def __init__(self, size: int) -> None:
        self._half = size // 2
        self._young: dict[Row, bytes] = {}
        self._old: dict[Row, bytes] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, row: Row) -> bytes | None:
        return self._young.get(row) or (self._get_old(row) if self._old else None)

    def _get_old(self, row: Row) -> bytes | None:
        reply = self._old.pop(row, None)
        if reply:
            self.update([row], [reply])
        return reply

    def update(self, rows: Sequence[Row], replies: Sequence[bytes]) -> None:
        if self._half:
            for row, reply in zip(rows, replies, strict=True):
                if len(self._young) >= self._half:
                    self._young, self._old = {}, self._young
                self._young[row] = reply


class Queue(Protocol):
    """The rows that wait for the model, and the replies that are known without it."""

    def __len__(self) -> int:
        """How many wait."""

    def get(self, row: Row) -> bytes | None:
        """The reply to a row, where it is known."""

    def add(self, row: Row, answer: Answer) -> None: ...

    def begin(self, most: int) -> bytes:
        """At most `most` of the rows that wait, one behind the other: those of the next run of the model."""

    def settle(self, pairs: Pairs) -> Sequence[tuple[Answer, bytes]]:
        """What the model gave to this run -> who is given which reply. From now on these are known."""

    def drop(self) -> Sequence[Answer]:
        """Those of this run, which failed."""


class PythonQueue:
    """There is one in Rust too, which makes a turn's replies at once: `native/src/queue.rs`."""

    def __init__(self, reply_of: Callable[[float], bytes], cache_size: int) -> None:
        self._reply_of = reply_of
        self._cache = ReplyCache(cache_size)
        self.get = self._cache.get
        self._rows: list[Row] = []
        self._answers: list[Answer] = []
        self._running: tuple[list[Row], list[Answer]] = [], []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: Row, answer: Answer) -> None:
        self._rows.append(row)
        self._answers.append(answer)

    def begin(self, most: int) -> bytes:
        self._running = self._rows[:most], self._answers[:most]
        del self._rows[:most], self._answers[:most]
        return b"".join(self._running[0])

    def settle(self, pairs: Pairs) -> Sequence[tuple[Answer, bytes]]:
        replies = list(map(self._reply_of, delays(pairs)))
        rows, answers = self._running
        self._cache.update(rows, replies)
        return list(zip(answers, replies, strict=True))

    def drop(self) -> Sequence[Answer]:
        return self._running[1]


class Predictor:
    """Belongs to the event loop that made it."""

    def __init__(
        self,
        features: Features,
        scorer: "Scorer",
        reply_of: Callable[[float], bytes],
        counts: Counts,
        *,
        cache_size: int = 0,
        max_pending: int = 50_000,
        queue: Queue | None = None,
    ) -> None:
        self.features = features
        self._scorer = scorer
        self._reply_of = reply_of
        self._counts = counts
        self._max_pending = max_pending
        self._queue = PythonQueue(reply_of, cache_size) if queue is None else queue
        self._due = False
        self._loop = asyncio.get_running_loop()

    @property
    def pending(self) -> int:
        """Flights that wait for the model."""
        return len(self._queue)

    def submit(self, flight: Parts, answer: Answer) -> bytes | None:
        """The reply where it is known; else None, and `answer` is called in the next turn. Raises Overloaded."""
        row = self.features.row(flight)
        reply = self._queue.get(row)
        if reply:
            self._counts.cache_hit()
            return reply
        if len(self._queue) >= self._max_pending:
            raise Overloaded
        self._queue.add(row, answer)
        self.awaited()
        return None

    def awaited(self) -> None:
        """A row waits: the model runs when this turn of the loop has ended."""
        if not self._due:
            self._due = True
            self._loop.call_soon(self._flush)

    async def reply(self, flight: Parts) -> bytes:
        """The reply to one flight. Raises Overloaded."""
        future: asyncio.Future[bytes] = self._loop.create_future()

        def settle(reply: bytes | Exception) -> None:
            if future.done():
                return  # its client left
            if isinstance(reply, bytes):
                future.set_result(reply)
            else:
                future.set_exception(reply)

        return self.submit(flight, settle) or await future

    def score(self, flights: Sequence[Parts]) -> list[bytes]:
        """The replies to a slice of a batch, from one run of the model, now."""
        return list(map(self._reply_of, self.probabilities([self.features.row(flight) for flight in flights])))

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """The probability of each row, from one run of the model, now."""
        return delays(self.pairs(b"".join(rows)))

    def pairs(self, rows: bytes | bytearray | memoryview) -> Pairs:
        """What the model gives to rows that stand one behind the other, now."""
        found = self._scorer.pairs(rows)
        self._counts.model_run(len(found) // PAIR)
        return found

    def _flush(self) -> None:
        rows = self._queue.begin(MAX_ROWS)
        self._due = len(self._queue) > 0
        if self._due:
            self._loop.call_soon(self._flush)
        given: Sequence[tuple[Answer, bytes | Exception]]
        try:
            given = self._queue.settle(self.pairs(rows))
        except Exception as error:
            answers = self._queue.drop()
            logger.exception("The model failed on %d flights", len(answers))
            given = [(answer, error) for answer in answers]
        for answer, reply in given:
            try:
                answer(reply)
            except Exception:
                logger.exception("A reply could not be given")  # the others still can
