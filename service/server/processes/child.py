"""A worker as its parent sees it: forked, heard, told to leave, killed."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

from service.server.metrics import Metrics
from service.server.processes.worker import LEAVE, READY, Job, tell, work
from service.settings import Settings

START_TIMEOUT = 60
"""Seconds that a worker may take to start."""

KILL_AFTER = 2
"""Seconds that a worker gets beyond `--shutdown-timeout`."""

logger = logging.getLogger("uvicorn.error")


class Child:
    def __init__(self, pid: int, job: Job, channel: socket.socket) -> None:
        self.pid = pid
        self.channel = channel
        self.checked = job.checked
        self.metrics: Metrics = job.metrics
        self.started = time.monotonic()
        self.ready = False
        self.left = 0.0
        """When it was told to leave."""
        self._killed = False

    def hear(self) -> bool:
        """Read what it says. False where it says no more, as it has ended."""
        try:
            told = self.channel.recv(4096)
        except ConnectionResetError:
            told = b""  # it ended without listening
        if told.startswith(READY):
            self.ready = True
        elif told:
            logger.error("worker %d: %s", self.pid, told.decode(errors="replace").strip())
        return bool(told)

    def leave(self, how: bytes = LEAVE) -> None:
        if not self.left:
            self.left = time.monotonic()
            tell(self.channel, how)

    def is_late(self, settings: Settings, asleep: bool) -> bool:
        """It should have started, said that its loop turns, or left by now. `asleep`: so was the parent."""
        now = time.monotonic()
        if self.left:
            return now - self.left > settings.unready + settings.shutdown_timeout + KILL_AFTER
        if self.ready:
            # A machine that was asleep, or so busy that the parent had no turn either, says nothing of a worker.
            return not asleep and self.metrics.silent_s() > settings.worker_timeout
        return now - self.started > START_TIMEOUT

    def kill(self) -> bool:
        """End it at once. False where that was done before."""
        if self._killed:
            return False
        self._killed = True
        os.kill(self.pid, signal.SIGKILL)
        return True


def fork(make_job: Callable[[socket.socket], Job], others: Sequence[Child], forget: Callable[[], None]) -> Child:
    """A new worker. In it, what is the parent's is left behind: its ends of the `others`' channels, and `forget`."""
    channel, theirs = socket.socketpair()
    job = make_job(theirs)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        for end in (channel, *(other.channel for other in others)):
            end.close()
        forget()
        _work(job)
    theirs.close()
    return Child(pid, job, channel)


def _work(job: Job) -> NoReturn:
    """In the child: work, and end without the parent's last rites."""
    status = 1
    try:
        status = work(job)
    except BaseException:
        logger.exception("worker %d failed", os.getpid())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
