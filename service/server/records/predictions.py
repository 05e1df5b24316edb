"""What was asked and answered -> CSV files, which `python -m export drift` and `outcomes` read.

The event loop only puts requests into a bounded queue; a thread of its own makes rows of them and writes. Whatever
cannot be kept is dropped and counted: no reply waits for a disk.
"""

import csv
import io
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import random
from threading import Event, Thread
from time import monotonic, sleep, time
from typing import Any, NamedTuple

import orjson

from service.api.contract import FIELDS, read_json
from service.model.keys import parse_time
from service.server.metrics import Metrics
from service.server.records.rotated import RotatedFiles

COLUMNS = ("Fecha-I", "OPERA", "SIGLADES", "delay_probability", "model_version", "request_id", "time")

MAX_QUEUED = 32 * 1024 * 1024
"""Bytes of requests that may wait to be written, about."""

A_REQUEST, A_FLIGHT = 400, 500
"""Bytes that a request takes besides its body, and a decoded flight at most."""

PAUSE = 0.2
SLICE = 64
BREATH = 0.001
"""Seconds that the thread leaves the interpreter to the event loop after each slice of rows."""

LAST_WRITES = 5.0
"""Seconds that what still waits gets at the end."""

COMPLAINT = 60.0
"""Seconds between two complaints about the disk."""

logger = logging.getLogger("uvicorn.error")


@dataclass(frozen=True)
class Keeping:
    """Where predictions are kept, which share of them, and in how many files of what size."""

    folder: Path
    sample: float
    file_bytes: int
    files: int


class Asked(NamedTuple):
    when: float
    request_id: bytes
    size: int
    one: tuple[bytes, bytes] | None
    many: tuple[Iterable[Sequence[str]], Iterable[float]] | None


Name = Callable[[str, str], str]


def _as_it_is(field: str, text: str) -> str:
    return text


class PredictionLog:
    """Belongs to one worker. `one` and `many` are the event loop's; the rest is its thread's."""

    def __init__(self, keeping: Keeping, model_version: str, metrics: Metrics, name: Name = _as_it_is) -> None:
        """`name` gives what an OPERA or SIGLADES was read as: the flights that are joined with it have those names."""
        self._name = name
        self._files = RotatedFiles(keeping.folder, "predictions", _line(COLUMNS), keeping.file_bytes, keeping.files)
        self._folder, self._sample = keeping.folder, keeping.sample
        self._version = model_version
        self._metrics = metrics
        self._queue: deque[Asked] = deque()
        self._put = self._taken = 0  # bytes; each is written by one thread only
        self._complained = -COMPLAINT
        self._ended = Event()
        self._thread = Thread(target=self._run, name="predictions", daemon=True)
        self._thread.start()

    def one(self, body: bytes, reply: bytes, request_id: bytes) -> None:
        if self._sample == 1 or random() < self._sample:
            self._add(1, Asked(time(), request_id, len(body) + A_REQUEST, (body, reply), None))

    def many(
        self, count: int, flights: Iterable[Sequence[str]], probabilities: Iterable[float], request_id: bytes
    ) -> None:
        size = count * A_FLIGHT + A_REQUEST
        self._add(count, Asked(time(), request_id, size, None, (flights, probabilities)))

    def _add(self, count: int, asked: Asked) -> None:
        if self._put - self._taken + asked.size > MAX_QUEUED:
            self._metrics.event("prediction_dropped_queue", count)
            return
        self._put += asked.size
        self._queue.append(asked)

    def close(self) -> None:
        """Write what waits, and end; a disk that does not answer keeps nobody."""
        self._ended.set()
        self._thread.join(LAST_WRITES)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._ended.wait(PAUSE)
            try:
                self._write_all()
            except Exception:
                logger.exception("a prediction could not be kept")
        self._files.close()

    def _write_all(self) -> None:
        rows = self._rows()
        while some := list(islice(rows, SLICE)):
            try:
                self._files.write(b"".join(some))
            except OSError as error:
                self._metrics.event("prediction_dropped_disk", len(some))
                self._complain(error)
                self._ended.wait(PAUSE)
            if not self._ended.is_set():
                sleep(BREATH)

    def _rows(self) -> Iterator[bytes]:
        """A line for each flight that waits and is in the sample."""
        while self._queue:
            asked = self._queue.popleft()
            self._taken += asked.size
            when = datetime.fromtimestamp(asked.when, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
            after = (self._version, asked.request_id.decode(), when)
            for flight, probability in self._flights(asked):
                yield _line((*flight, probability, *after))

    def _flights(self, asked: Asked) -> Iterator[tuple[tuple[str, str, str], float]]:
        if asked.one is not None:
            body, reply = asked.one
            flight = read_json(body, 1)
            pairs: Iterable[Any] = [([flight[field] for field in FIELDS], orjson.loads(reply)["delay_probability"])]
        else:
            pairs = (pair for pair in zip(*(asked.many or ((), ())), strict=True) if self._chosen())
        for (opera, siglades, scheduled), probability in pairs:
            if opera.strip() and siglades.strip():  # the real flights have names, and their reader insists on them
                names = self._name("OPERA", opera), self._name("SIGLADES", siglades)
                yield (parse_time(scheduled).isoformat(" ", "seconds"), *names), round(probability, 6)

    def _chosen(self) -> bool:
        return self._sample == 1 or random() < self._sample

    def _complain(self, error: OSError) -> None:
        if monotonic() - self._complained >= COMPLAINT:
            self._complained = monotonic()
            with suppress(Exception):
                reason = error.strerror or error
                text = "predictions are not kept in %s: %s"
                logger.error(text, self._folder, reason, extra={"event": "predictions_dropped"})


def _line(values: Sequence[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()
