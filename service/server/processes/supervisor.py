"""The parent: forks the workers, replaces what died or hangs, and changes the bundle without losing a request.

A worker is forked, so it has the very bundle that the parent checked, whatever has become of the files since, and the
shared counters, which need no file. The parent itself loads no model: a bundle is tried in a worker before the others
get it. It has no threads, as a process that forks must not.
"""

import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from uvicorn.config import STARTUP_FAILURE

from service.model import bundle as bundles
from service.model.bundle import Bundle, BundleError
from service.server.metrics import MAX_WORKERS, PARENT, Metrics, Shared
from service.server.processes.watcher import Watcher
from service.server.processes.worker import LEAVE, READY, Job, make_config, tell, work
from service.settings import Settings

TICK = 0.1
START_TIMEOUT = 60
"""Seconds that a worker may take to start."""

KILL_AFTER = 2
"""Seconds that a worker gets beyond `--shutdown-timeout`."""

MOST_PAUSE = 30
"""Seconds between two starts of workers that do not live, at most."""

STEADY = 10
"""A worker that lived so many seconds did not die of its start."""

SIGNALS = [getattr(signal, f"SIG{name}") for name in ["INT", "TERM", "QUIT", "HUP", "TTIN", "TTOU", "USR1", "USR2"]]

logger = logging.getLogger("uvicorn.error")


@dataclass
class Worker:
    """A child, as the parent sees it."""

    pid: int
    metrics: Metrics
    bundle: Bundle
    channel: socket.socket
    started: float = field(default_factory=time.monotonic)
    ready: bool = False
    leaves: float = 0.0
    """When it was told to leave."""
    killed: bool = False


class Supervisor:
    def __init__(self, settings: Settings, bundle: Bundle, listener: socket.socket, factory: str) -> None:
        self._settings = settings
        self._bundle = bundle
        self._listener = listener
        self._factory = factory
        self._config = make_config(settings)
        self._wanted = settings.workers
        self._shared = Shared()
        self._metrics = Metrics(self._shared, row=PARENT)
        self._workers: list[Worker] = []
        self._candidate: Worker | None = None
        self._reload_wanted = False
        self._served = False
        """Some worker has been ready: from then on a death is no reason to end."""
        self._pause, self._next_start = 0.0, 0.0
        self._ending = 0.0
        self._ticked = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._watcher = Watcher(settings.bundle) if settings.watch else None

    def run(self) -> int:
        """Serve until a signal ends it; the exit status."""
        logger.info("Started parent process [%d]", os.getpid())
        self._catch_signals()
        while not self._ending or self._workers:
            self._start_missing()
            self._wait()
            self._reap()
            self._end_the_stuck()
            self._renew()
            if not self._workers and not self._served and not self._ending:
                return STARTUP_FAILURE
        logger.info("Stopping parent process [%d]", os.getpid())
        return 0

    # What comes in

    def _catch_signals(self) -> None:
        read, self._wake = socket.socketpair()
        for end in (read, self._wake):
            end.setblocking(False)
        self._selector.register(read, selectors.EVENT_READ, self._wake_up)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def _wake_up(self, read: socket.socket) -> None:
        read.recv(4096)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        match signal.Signals(number):
            case signal.SIGINT | signal.SIGTERM | signal.SIGQUIT:
                self._end(number)
            case signal.SIGHUP:
                self._reload_wanted = True
            case signal.SIGTTIN:
                self._wanted = min(self._wanted + 1, MAX_WORKERS // 2)
            case signal.SIGTTOU:
                self._wanted = max(self._wanted - 1, 1)
            case _:
                pass  # nothing is asked for by these, and their default would end the server

    def _wait(self) -> None:
        for key, _ in self._selector.select(TICK):
            key.data(key.fileobj)

    def _hear(self, worker: Worker) -> Callable[[socket.socket], None]:
        def hear(channel: socket.socket) -> None:
            told = channel.recv(4096)
            if not told:
                self._selector.unregister(channel)  # it has ended; `_reap` knows how
            elif told == READY:
                self._is_ready(worker)
            else:
                logger.error("worker %d: %s", worker.pid, told.decode(errors="replace").strip())

        return hear

    def _is_ready(self, worker: Worker) -> None:
        worker.ready = self._served = True
        if worker is self._candidate:
            self._candidate, self._bundle = None, worker.bundle
            self._metrics.event("reload_done")
            logger.info("bundle %s is served from now on", worker.bundle.digest)

    # How many workers there are

    def _start_missing(self) -> None:
        """Start what is missing; during a change of bundle one more, whose predecessor leaves when it is ready."""
        if self._ending:
            return
        mine = [each for each in self._workers if not each.leaves and each is not self._candidate]
        outdated = [each for each in mine if each.ready and each.bundle is not self._bundle]
        starting = [each for each in mine if not each.ready]
        missing = self._wanted - len(mine) or int(bool(outdated) and not starting and not self._candidate)
        if missing > 0 and time.monotonic() >= self._next_start:
            for _ in range(missing):
                self._start(self._bundle)
        surplus = len([each for each in mine if each.ready]) - self._wanted
        for worker in (outdated or mine[:1])[: max(surplus, 0)][:1]:
            self._send_away(worker)

    def _start(self, bundle: Bundle) -> Worker:
        """Fork a worker."""
        channel, theirs = socket.socketpair()
        taken = [each.metrics.row for each in self._workers]
        metrics = Metrics(self._shared, _about(bundle), self._shared.free_row(taken))
        metrics.close()  # until it is ready
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            channel.close()
            job = Job(self._settings, self._config, self._listener, self._factory, bundle, metrics, theirs)
            self._become_a_worker(job)
        theirs.close()
        worker = Worker(pid, metrics, bundle, channel)
        self._workers.append(worker)
        self._selector.register(channel, selectors.EVENT_READ, self._hear(worker))
        return worker

    def _become_a_worker(self, job: Job) -> None:
        """In the child: leave behind what is the parent's, work, and end without the parent's last rites."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            self._selector.close()
            for worker in self._workers:
                worker.channel.close()
            status = work(job)
        except BaseException:
            logger.exception("worker %d failed", os.getpid())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> None:
        """Take leave of the children that have ended; as process 1 of a container, of orphans too."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for worker in [each for each in self._workers if each.pid == pid]:
                self._bury(worker, os.waitstatus_to_exitcode(status))

    def _bury(self, worker: Worker, status: int) -> None:
        self._workers.remove(worker)
        if worker.channel.fileno() in self._selector.get_map():
            self._hear_last_words(worker)
            self._selector.unregister(worker.channel)
        worker.channel.close()
        worker.metrics.close()
        if worker is self._candidate:
            self._candidate = None
            self._refuse_reload("no worker could start with it")
        elif not worker.leaves and not self._ending and self._served:
            self._metrics.event("worker_died")
            how = f"signal {-status}" if status < 0 else f"status {status}"
            steady = worker.ready and time.monotonic() - worker.started > STEADY
            self._pause = 0.0 if steady else min(self._pause * 2 or TICK, MOST_PAUSE)
            self._next_start = time.monotonic() + self._pause
            logger.error("worker %d died (%s), another one starts in %.1f s", worker.pid, how, self._pause)

    def _hear_last_words(self, worker: Worker) -> None:
        worker.channel.setblocking(False)
        try:
            if told := worker.channel.recv(4096).removeprefix(READY):
                logger.error("worker %d: %s", worker.pid, told.decode(errors="replace").strip())
        except OSError:
            pass

    def _end_the_stuck(self) -> None:
        """Kill the workers whose loop has not turned for too long, and those that do not leave."""
        now = time.monotonic()
        asleep, self._ticked = now - self._ticked > 10 * TICK, now
        for worker in self._workers:
            if worker.leaves:
                late = now - worker.leaves > self._settings.shutdown_timeout + KILL_AFTER
            elif worker.ready:
                # A machine that was asleep, or so busy that the parent had no turn either, says nothing of a worker.
                late = not asleep and worker.metrics.silent_s() > self._settings.worker_timeout
            else:
                late = now - worker.started > START_TIMEOUT
            if late and not worker.killed:
                worker.killed = True
                self._metrics.event("worker_stuck")
                logger.error("worker %d does not answer and is killed", worker.pid)
                os.kill(worker.pid, signal.SIGKILL)

    # A change of bundle

    def _renew(self) -> None:
        """Try a new bundle where one is asked for, in one worker first."""
        if self._watcher and self._watcher.has_changed():
            self._reload_wanted = True
        settled = not self._candidate and all(each.bundle is self._bundle for each in self._workers if not each.leaves)
        if not self._reload_wanted or self._ending or not settled:
            return
        self._reload_wanted = False
        try:
            bundle = bundles.read(self._settings.bundle)
        except BundleError as error:
            self._refuse_reload(str(error))
            return
        logger.info("trying bundle %s", bundle.digest)
        self._candidate = self._start(bundle)

    def _refuse_reload(self, why: str) -> None:
        self._metrics.event("reload_refused")
        logger.error("the new bundle is refused, %s goes on: %s", self._bundle.digest, why)

    # The end

    def _end(self, number: int) -> None:
        """The first time politely, the second time at once."""
        if self._ending:
            for worker in self._workers:
                os.kill(worker.pid, signal.SIGKILL)
            os._exit(128 + number)
        self._ending = time.monotonic()
        self._metrics.leave()
        # Before any worker leaves its listener: whoever leaves it last has to take what waits there.
        self._listener.close()
        for worker in self._workers:
            self._send_away(worker)

    def _send_away(self, worker: Worker) -> None:
        if not worker.leaves:
            worker.leaves = time.monotonic()
            tell(worker.channel, LEAVE)


def _about(bundle: Bundle) -> dict[str, str]:
    return {"name": bundle.name, "version": bundle.version, "recipe": bundle.recipe}
