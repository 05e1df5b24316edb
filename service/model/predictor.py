"""Flights -> replies: the reply cache, and one model run for all that arrived in the same turn of the event loop.

No timer and no window: alone, a flight waits for nobody; under load the runs grow by themselves. It reads no
request and writes no response.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from service.model.errors import Overloaded
from service.model.features import Features, Row
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
    ) -> None:
        self.features = features
        self.pending = 0
        self._scorer = scorer
        self._reply_of = reply_of
        self._counts = counts
        self._cache = ReplyCache(cache_size)
        self._max_pending = max_pending
        self._rows: list[Row] = []
        self._answers: list[Answer] = []
        self._loop = asyncio.get_running_loop()

    def submit(self, flight: Parts, answer: Answer) -> bytes | None:
        """The reply where it is in the cache; else None, and `answer` is called in the next turn. Raises Overloaded."""
        row = self.features.row(flight)
        reply = self._cache.get(row)
        if reply:
            self._counts.cache_hit()
            return reply
        if self.pending >= self._max_pending:
            raise Overloaded
        self.pending += 1
        if not self._rows:
            self._loop.call_soon(self._flush)
        self._rows.append(row)
        self._answers.append(answer)
        return None

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
        return self._run([self.features.row(flight) for flight in flights])

    def _run(self, rows: Sequence[Row]) -> list[bytes]:
        return list(map(self._reply_of, self.probabilities(rows)))

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """The probability of each row, from one run of the model, now."""
        found = self._scorer(rows)
        self._counts.model_run(len(rows))
        return found

    def _flush(self) -> None:
        rows, answers = self._rows[:MAX_ROWS], self._answers[:MAX_ROWS]
        del self._rows[:MAX_ROWS], self._answers[:MAX_ROWS]
        if self._rows:
            self._loop.call_soon(self._flush)
        self.pending -= len(rows)
        replies: Sequence[bytes | Exception]
        try:
            replies = made = self._run(rows)
            self._cache.update(rows, made)
        except Exception as error:
            logger.exception("The model failed on %d flights", len(rows))
            replies = [error] * len(rows)
        for answer, reply in zip(answers, replies, strict=True):
            try:
                answer(reply)
            except Exception:
                logger.exception("A reply could not be given")  # the others still can
