"""The processes that serve: uvicorn's server and supervisor, with connections shared evenly among the workers.

All workers wait for connections at the same socket, and the kernel would let one of them take nearly all. Here a worker
that is ahead of another leaves a new connection to it for a moment.
"""

import asyncio
import logging
import pkgutil
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
from uvicorn import Config, Server
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import multiprocess

from service.server import logs
from service.server.drain import DrainingProtocol
from service.server.lane import FastLaneProtocol, missing_in_uvicorn
from service.server.metrics import CONNECTIONS, Metrics
from service.settings import Settings

PATIENCE = 0.01
"""Seconds that a worker leaves a connection to one that has fewer."""

SLACK = 16
"""One connection in so many more than another worker has is no reason to wait."""

logger = logging.getLogger("uvicorn.error")


def run(settings: Settings, listener: socket.socket, counters: Path, factory: str) -> None:
    """Serve until a signal ends it. Exits with uvicorn's STARTUP_FAILURE where a worker could not start.

    `factory` (`module:function`) makes the app of `settings` and `counters`, and is imported where the app runs: the
    parent of the workers needs no ONNX Runtime.
    """
    config = Config(
        partial(make_app, factory, settings, counters),
        factory=True,
        interface="asgi3",
        http=choose_protocol(settings),
        lifespan="on",
        ws="none",
        workers=settings.workers,
        headers=[("x-content-type-options", "nosniff")],
        access_log=False,  # ours is written by `service/server/logs.py`, for the lane too
        log_config=logs.config(settings.log_format, settings.log_level),
        log_level=settings.log_level,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=settings.keep_alive,
        timeout_graceful_shutdown=settings.shutdown_timeout,
    )
    if settings.workers == 1:
        WorkerServer(config).run([listener])
        return
    supervisor = Supervisor(config, [listener])
    supervisor.run()
    if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
        sys.exit(STARTUP_FAILURE)


def make_app(factory: str, settings: Settings, counters: Path) -> Any:
    return pkgutil.resolve_name(factory)(settings, counters)


def choose_protocol(settings: Settings) -> type[asyncio.Protocol]:
    """The fast lane, unless it is off or could not work."""
    if not settings.fast_lane:
        return DrainingProtocol
    if missing := missing_in_uvicorn():
        click.echo(f"atraso: no fast lane, this uvicorn lacks {', '.join(missing)}", err=True)
        return DrainingProtocol
    return FastLaneProtocol


class WorkerServer(Server):
    """uvicorn's server, which accepts by itself."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        metrics: Metrics = self.lifespan.state["metrics"]
        await self._wait_for_the_others(metrics)
        self.acceptors = [Acceptor(listener, self._protocol, metrics, self) for listener in sockets or []]

    async def _wait_for_the_others(self, metrics: Metrics) -> None:
        """The first worker that is ready would take every connection that is waiting already."""
        for _ in range(200):
            if metrics.live_workers() >= self.config.workers:
                return
            await asyncio.sleep(0.005)

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for acceptor in self.acceptors:
            await acceptor.close()
        await super().shutdown(sockets)


class Acceptor:
    """Takes connections from a listener that other workers wait at too."""

    def __init__(
        self, listener: socket.socket, protocol: Callable[[], asyncio.Protocol], metrics: Metrics, server: Server
    ) -> None:
        self._listener = listener
        self._protocol = protocol
        self._metrics = metrics
        self._open = server.server_state.connections
        self._backlog = server.config.backlog
        self._arriving: set[asyncio.Task[Any]] = set()
        self._patience: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        listener.setblocking(False)
        listener.listen(self._backlog)
        self._loop.add_reader(listener, self._ready)

    def _ready(self) -> None:
        mine = self._metrics.counts[CONNECTIONS] = len(self._open) + len(self._arriving)
        least = self._metrics.least_connections()
        if mine > least + 1 + least // SLACK:
            self._loop.remove_reader(self._listener)
            self._patience = self._loop.call_later(PATIENCE, self._accept_late)
        else:
            self._accept()

    def _accept_late(self) -> None:
        """Nobody else took it in time, or there is another one."""
        self._loop.add_reader(self._listener, self._ready)
        self._accept()

    def _accept(self) -> bool:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False  # another worker was faster, or the client left
        except OSError as error:
            self._metrics.event("accept_failed")
            logger.error("cannot accept a connection: %s", error)
            return False
        connection.setblocking(False)
        arrival = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, connection))
        self._arriving.add(arrival)
        arrival.add_done_callback(self._arriving.discard)
        self._metrics.counts[CONNECTIONS] += 1
        return True

    async def close(self) -> None:
        """Take what waits at the listener already, then leave it."""
        self._metrics.close()
        self._loop.remove_reader(self._listener)
        if self._patience is not None:
            self._patience.cancel()
        for _ in range(self._backlog):
            if not self._accept():
                break
        if self._arriving:
            await asyncio.wait(self._arriving)


class Worker(multiprocess.Process):
    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = WorkerServer(self.config)
        return self._server


class Supervisor(multiprocess.Multiprocess):
    def terminate_all(self) -> None:
        for listener in self.sockets:
            listener.close()  # the last worker that leaves it closes it for good
        super().terminate_all()


multiprocess.Process = Worker  # type: ignore[misc]  # uvicorn has no other way to give its supervisor another server
