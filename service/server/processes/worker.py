"""One worker: uvicorn's server in a process of its own, which obeys its parent alone.

It leaves when the parent says so, or is no more. A SIGTERM of its own it obeys only when the parent says nothing for a
moment: where a whole process group is told to end, the parent has to close its door first, or connections are lost.
"""

import asyncio
import logging
import os
import pkgutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any

import click
from uvicorn import Config, Server
from uvicorn.config import STARTUP_FAILURE

from service.server import logs
from service.server.drain import DrainingProtocol
from service.server.lane.native import NativeLaneProtocol
from service.server.lane.needed import missing_in_uvicorn
from service.server.metrics import Metrics
from service.server.processes.acceptor import BACKLOG, Acceptor
from service.server.processes.checked import Checked
from service.server.sweep import LONG_GRACE
from service.settings import Settings

READY, LEAVE, MAKE_ROOM = b"ready\n", b"leave\n", b"make room\n"
"""What worker and parent tell each other; a worker that cannot start tells why instead, in a line."""

ALONE = 0.5
"""Seconds that a worker which was told to end waits for the parent's word."""

logger = logging.getLogger("uvicorn.error")


@dataclass(frozen=True)
class Job:
    """What a worker needs of its parent. `factory` (`module:function`) makes the app, and is imported in the worker."""

    settings: Settings
    config: Config
    listener: socket.socket
    factory: str
    checked: Checked
    metrics: Metrics
    parent: socket.socket


def no_app() -> Any:
    """Stands where each worker puts an app of its own."""
    raise NotImplementedError


def make_config(settings: Settings) -> Config:
    return Config(
        no_app,
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


def choose_protocol(settings: Settings) -> type[asyncio.Protocol]:
    """The fast lane, unless it is off or could not work."""
    if not settings.fast_lane:
        return DrainingProtocol
    if missing := missing_in_uvicorn():
        click.echo(f"atraso: no fast lane, this uvicorn lacks {', '.join(missing)}", err=True)
        return DrainingProtocol
    return NativeLaneProtocol


def work(job: Job) -> int:
    """Serve until the parent says that it is enough. The exit status of the process."""
    job.config.app = partial(
        pkgutil.resolve_name(job.factory), job.settings, job.checked.bundle, job.metrics, job.checked.keys
    )
    server = WorkerServer(job)
    try:
        server.run([job.listener])
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


class WorkerServer(Server):
    """uvicorn's server, which accepts by itself, and tells the parent of it."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.config)
        self._job = job
        self._metrics = job.metrics
        self._heard = b""
        self.acceptors: list[Acceptor] = []

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._told_to_end)
        yield

    def _told_to_end(self, number: int, frame: FrameType | None) -> None:
        asyncio.get_running_loop().call_soon_threadsafe(self._leave_soon)

    def _leave_soon(self) -> None:
        asyncio.get_running_loop().call_later(ALONE, self._leave)

    def _leave(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(STARTUP_FAILURE)
        if self.config.http_protocol_class is DrainingProtocol:
            self._metrics.lane = "none"
        self.servers = []
        for listener in sockets or []:
            self._listen(listener)
        self._job.parent.setblocking(False)
        asyncio.get_running_loop().add_reader(self._job.parent, self._hear)
        self._metrics.open()
        tell(self._job.parent, READY)
        await self._wait_for_the_others()
        self.acceptors = [
            Acceptor(listener, self._protocol, self._metrics, self, self._job.settings.max_connections)
            for listener in sockets or []
        ]
        self.started = True

    def _listen(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        try:
            listener.listen(BACKLOG)
        except OSError as error:
            host, port = listener.getsockname()[:2]
            tell(self._job.parent, f"cannot listen on {host} port {port}: {error.strerror}\n".encode())
            sys.exit(STARTUP_FAILURE)

    async def _wait_for_the_others(self) -> None:
        """The first worker that is ready would take every connection that is waiting already."""
        for _ in range(200):
            if self._metrics.live_workers() >= self.config.workers:
                return
            await asyncio.sleep(0.005)

    def _hear(self) -> None:
        try:
            told = self._job.parent.recv(4096)
        except BlockingIOError:
            return
        if not told:
            logger.warning("the parent process is gone, worker %d leaves", os.getpid())
        if MAKE_ROOM in told:  # others serve on, so there is no hurry
            self.lifespan.state["sweep"].grace = LONG_GRACE
        if not told or LEAVE in told or MAKE_ROOM in told:
            asyncio.get_running_loop().remove_reader(self._job.parent)
            self._leave()

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def on_tick(self, counter: int) -> bool:
        self._metrics.beat()
        self._metrics.gauge(len(self.server_state.connections), self.lifespan.state["served"].predictor.pending)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for acceptor in self.acceptors:
            await acceptor.close()
        await super().shutdown(sockets)


def tell(other: socket.socket, message: bytes) -> None:
    """Send a message to the process at the other end, if it is still there."""
    try:
        other.send(message)
    except OSError:
        logger.debug("nobody hears %r", message)
