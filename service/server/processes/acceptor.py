"""Takes connections from a listener that other workers wait at too, and shares them evenly with them.

The kernel would let one worker take nearly all. Here a worker that is ahead of another leaves new connections to it for
a moment. Where no connection can be had, it pauses, and cuts those that were idle longest.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Iterable
from heapq import nsmallest
from typing import Any

from uvicorn import Server

from service.server.metrics import CONNECTIONS, Metrics

BACKLOG = 2048
BURST = 64
"""Connections that are taken in one turn of the loop at most."""

PATIENCE = 0.005
"""Seconds that a worker leaves a connection to one that has fewer."""

SLACK = 16
"""One connection in so many more than another worker has is no reason to wait."""

AHEAD = 8
"""How far a worker may get ahead while it takes what arrived together."""

ON_THE_WAY = 0.05
"""Seconds that a connection may take from its first packet to its last: round trips that were begun are let end."""

PAUSE = 0.5
"""Seconds without accepting, where no connection can be had."""

CUT = 16
"""One idle connection in so many goes where no other can be had."""

FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

logger = logging.getLogger("uvicorn.error")


class Acceptor:
    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        metrics: Metrics,
        server: Server,
        most: int,
    ) -> None:
        self._listener = listener
        self._protocol = protocol
        self._metrics = metrics
        self._open = server.server_state.connections
        self._most = most
        self._arriving: set[asyncio.Task[Any]] = set()
        self._later: asyncio.TimerHandle | None = None
        self._full = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(listener, self._ready)

    def _count(self) -> int:
        mine = self._metrics.counts[CONNECTIONS] = len(self._open) + len(self._arriving)
        return mine

    def _ready(self) -> None:
        """Take what waits, as long as no other worker is behind."""
        mine, least = self._count(), self._metrics.least_connections()
        if mine > least + 1 + least // SLACK:
            self._pause(PATIENCE, self._accept_late)
            return
        most = least + AHEAD + least // SLACK
        for _ in range(BURST):
            if not self._accept() or self._count() > most:
                return

    def _accept_late(self) -> None:
        """Nobody else took it in time, or there is another one."""
        self._loop.add_reader(self._listener, self._ready)
        self._accept()

    def _accept(self) -> bool:
        """Take one connection. False where there is none, or none can be had."""
        if self._count() >= self._most and not self._cut_idle():
            return self._be_full(f"{self._most} connections are open")
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False  # another worker was faster, or the client left
        except OSError as error:
            if error.errno in FULL:
                self._cut_idle()
            return self._be_full(error.strerror or str(error))
        connection.setblocking(False)
        arrival = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, connection))
        self._arriving.add(arrival)
        arrival.add_done_callback(self._arriving.discard)
        self._full = False
        return True

    def _be_full(self, why: str) -> bool:
        self._metrics.event("accept_paused")
        if not self._full:
            logger.error("no connection can be accepted, trying again every %s s: %s", PAUSE, why)
        self._full = True
        self._pause(PAUSE, self._accept_late)
        return False

    def _pause(self, seconds: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listener)
        self._later = self._loop.call_later(seconds, then)

    def _cut_idle(self) -> bool:
        """Close some of the connections that have been idle longest. False where none is idle."""
        found: Iterable[Any] = self._open  # uvicorn knows them as its own classes only
        idle = [(since, id(each), each) for each in found if (since := each.idle_since()) is not None]
        for _, _, connection in nsmallest(1 + len(idle) // CUT, idle):
            connection.transport.close()
            self._metrics.event("idle_cut")
        return bool(idle)

    async def close(self) -> None:
        """Take what waits at the listener already, then leave it."""
        self._metrics.close()
        self._loop.remove_reader(self._listener)
        if self._later is not None:
            self._later.cancel()
        self._accept_all()
        if self._metrics.is_leaving():  # nobody comes any more, but for those who were about to
            await asyncio.sleep(ON_THE_WAY)
            self._accept_all()
        self._listener.close()
        if self._arriving:
            await asyncio.wait(self._arriving)

    def _accept_all(self) -> None:
        for _ in range(BACKLOG):
            if not self._accept():
                break
        if self._later is not None:
            self._later.cancel()
