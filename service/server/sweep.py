"""A look at every connection of a worker now and then, which cuts those that let time pass.

One timer for all: a timer a connection costs each request more than a look a second costs the worker.
"""

import asyncio
import logging
from collections.abc import Collection
from typing import Any

from service.server.bounds import Bounds

GRACE = 1.0
"""Seconds that an idle connection is kept when the server stops: longer than a client takes from a reply to its next
request, on a busy machine too, and than workers need to close their listeners."""

LONG_GRACE = 2.0
"""The same when only this worker leaves, and others serve on: a client in the middle of its work has asked by then."""

LATE = 1.0
"""Seconds of delay after which the loop had no time to read what came: it reads first."""

logger = logging.getLogger("uvicorn.error")


class Sweep:
    """Belongs to the event loop that runs where it is made."""

    def __init__(self, bounds: Bounds) -> None:
        shortest = min(bounds.request_timeout, bounds.keep_alive, bounds.write_timeout, bounds.drain_timeout)
        self.pause = min(1.0, max(0.1, shortest / 4))
        self.grace = GRACE
        self._loop = asyncio.get_running_loop()
        self._due = 0.0
        self._waits = False

    def begin(self, connections: Collection[Any]) -> None:
        """Look at `connections` for as long as there are any."""
        if not self._waits:
            self._wait(connections, self.pause)

    def _wait(self, connections: Collection[Any], pause: float) -> None:
        self._waits = True
        self._due = self._loop.time() + pause
        self._loop.call_later(pause, self._look, connections, pause)

    def _look(self, connections: Collection[Any], paused: float) -> None:
        now = self._loop.time()
        if now - self._due > LATE and paused == self.pause:
            self._wait(connections, self.pause / 10)
            return
        self._waits = False
        if connections:
            self.begin(connections)
        for connection in tuple(connections):
            try:
                connection.look(now)
            except Exception:
                logger.exception("A connection could not be looked at")
                connection.transport.abort()
