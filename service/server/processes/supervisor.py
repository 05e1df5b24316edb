"""The parent: forks the workers, replaces what died or hangs, and changes the bundle without losing a request.

A worker is forked, so it has the very bundle that the parent checked, whatever has become of the files since, and the
shared counters, which need no file. The parent itself loads no model: a bundle is tried in a worker before the others
get it. It has no threads, as a process that forks must not.
"""

import gc
import logging
import os
import selectors
import signal
import socket
import time
from functools import partial
from types import FrameType

from uvicorn.config import STARTUP_FAILURE

from service.api.callers.keys import KeysError
from service.model.bundle import BundleError
from service.server.metrics import MAX_WORKERS, PARENT, Metrics, Shared
from service.server.processes.checked import Checked, check
from service.server.processes.child import Child, fork
from service.server.processes.door import close
from service.server.processes.watcher import Watcher
from service.server.processes.worker import MAKE_ROOM, Job, make_config
from service.settings import Settings

TICK = 0.1
MOST_PAUSE = 30
"""Seconds between two starts of workers that do not get ready, at most."""

MOST_PAUSE_READY = 1
"""The same, of workers that were ready: they did not die of their start."""

FORGET = 60
"""Seconds after which a death is one of its own again."""

SIGNALS = [getattr(signal, f"SIG{name}") for name in ["INT", "TERM", "QUIT", "HUP", "TTIN", "TTOU", "USR1", "USR2"]]

logger = logging.getLogger("uvicorn.error")


class Supervisor:
    def __init__(self, settings: Settings, checked: Checked, listener: socket.socket, factory: str) -> None:
        self._settings = settings
        self._checked = checked
        self._listener = listener
        self._factory = factory
        self._config = make_config(settings)
        self._wanted = settings.workers
        self._shared = Shared()
        self._metrics = Metrics(self._shared, row=PARENT)
        self._workers: list[Child] = []
        self._candidate: Child | None = None
        self._reload_wanted = False
        self._served = False
        """Some worker has been ready: from then on a death is no reason to end."""
        self._pause, self._next_start = 0.0, 0.0
        self._ends = 0.0
        """When it was told to end."""
        self._status = 0
        self._ticked = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._watcher = Watcher(settings.bundle) if settings.watch else None

    def run(self) -> int:
        """Serve until a signal ends it; the exit status."""
        logger.info("Started parent process [%d]", os.getpid())
        self._catch_signals()
        gc.collect()
        gc.freeze()  # what is here now stays: a worker that collects garbage would copy its pages for nothing
        while not self._ends or self._workers:
            if self._ends:
                self._send_all_away()
            else:
                self._start_missing()
                self._renew()
            self._wait()
            self._reap()
            self._end_the_stuck()
        logger.info("Stopping parent process [%d]", os.getpid())
        return self._status

    # What comes in

    def _catch_signals(self) -> None:
        read, self._wake = socket.socketpair()
        for end in (read, self._wake):
            end.setblocking(False)
        self._selector.register(read, selectors.EVENT_READ, partial(read.recv, 4096))
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

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
            key.data()

    def _is_ready(self, worker: Child) -> None:
        self._served = True
        if worker is self._candidate:
            self._candidate, self._checked = None, worker.checked
            self._metrics.event("reload_done")
            logger.info("bundle %s is served from now on", worker.checked.bundle.digest)

    def _hear(self, worker: Child) -> None:
        was_ready = worker.ready
        if not worker.hear():
            self._selector.unregister(worker.channel)  # it has ended; `_reap` knows how
        elif worker.ready and not was_ready:
            self._is_ready(worker)

    # How many workers there are

    def _start_missing(self) -> None:
        """Start what is missing; during a change of bundle one more, whose predecessor leaves when it is ready."""
        mine = [each for each in self._workers if not each.left and each is not self._candidate]
        outdated = [each for each in mine if each.ready and each.checked is not self._checked]
        starting = [each for each in mine if not each.ready]
        missing = self._wanted - len(mine) or int(bool(outdated) and not starting and not self._candidate)
        if missing > 0 and time.monotonic() >= self._next_start:
            for _ in range(missing):
                self._start(self._checked)
        surplus = len([each for each in mine if each.ready]) - self._wanted
        for worker in (outdated or mine[:1])[: max(surplus, 0)][:1]:
            worker.leave(MAKE_ROOM)

    def _start(self, checked: Checked) -> Child:
        def job(channel: socket.socket) -> Job:
            taken = [each.metrics.row for each in self._workers]
            metrics = Metrics(self._shared, checked.about(), self._shared.free_row(taken))
            metrics.close()  # until it is ready
            return Job(self._settings, self._config, self._listener, self._factory, checked, metrics, channel)

        # A signal in between would miss a worker that is not among the others yet, or find the parent's handlers in it.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        worker = fork(job, self._workers, self._forget)
        self._workers.append(worker)
        self._selector.register(worker.channel, selectors.EVENT_READ, partial(self._hear, worker))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return worker

    def _forget(self) -> None:
        """In a child: this is the parent's. The signals that come from now on are ignored until the worker serves."""
        signal.set_wakeup_fd(-1)
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self._selector.close()

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

    def _bury(self, worker: Child, status: int) -> None:
        self._workers.remove(worker)
        while worker.channel.fileno() in self._selector.get_map():
            self._hear(worker)  # its last words
        worker.channel.close()
        worker.metrics.close()
        if worker is self._candidate:
            self._candidate = None
            self._refuse_reload("no worker could start with it")
        elif not self._served:
            self._status = self._status or STARTUP_FAILURE
            self._end(signal.SIGTERM)
        elif not worker.left and not self._ends:
            self._metrics.event("worker_died")
            how = f"signal {-status}" if status < 0 else f"status {status}"
            if time.monotonic() - self._next_start > FORGET:
                self._pause = 0.0
            self._pause = min(self._pause * 2 or TICK, MOST_PAUSE_READY if worker.ready else MOST_PAUSE)
            self._next_start = time.monotonic() + self._pause
            logger.error("worker %d died (%s), another one starts in %.1f s", worker.pid, how, self._pause)

    def _end_the_stuck(self) -> None:
        """Kill the workers whose loop has not turned for too long, and those that do not leave."""
        now = time.monotonic()
        asleep, self._ticked = now - self._ticked > 10 * TICK, now
        for worker in self._workers:
            if worker.is_late(self._settings, asleep) and worker.kill():
                self._metrics.event("worker_stuck")
                logger.error("worker %d does not answer and is killed", worker.pid)

    # A change of bundle

    def _renew(self) -> None:
        """Try a new bundle where one is asked for, in one worker first."""
        if self._watcher and self._watcher.has_changed():
            self._reload_wanted = True
        settled = not self._candidate and all(each.checked is self._checked for each in self._workers if not each.left)
        if not self._reload_wanted or not settled:
            return
        self._reload_wanted = False
        try:
            checked = check(self._settings)
        except (BundleError, KeysError) as error:
            self._refuse_reload(str(error))
            return
        logger.info("trying bundle %s", checked.bundle.digest)
        self._candidate = self._start(checked)

    def _refuse_reload(self, why: str) -> None:
        self._metrics.event("reload_refused")
        logger.error("the new bundle is refused, %s goes on: %s", self._checked.bundle.digest, why)

    # The end

    def _end(self, number: int) -> None:
        """The first time politely, the second time at once."""
        if self._ends and not self._status:
            for worker in self._workers:
                worker.kill()
            os._exit(128 + number)
        self._ends = time.monotonic()
        self._metrics.leave()
        if not self._settings.unready:
            close(self._listener)  # at once: until the loop turns, connections would come to a door that closes

    def _send_all_away(self) -> None:
        """Once it has been unready for long enough."""
        if time.monotonic() - self._ends < self._settings.unready and self._served:
            return
        # Before any worker leaves its listener: whoever leaves it last has to take what waits there.
        close(self._listener)
        for worker in self._workers:
            worker.leave()
