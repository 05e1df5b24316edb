"""A real worker under loads whose arrivals are known, each between two looks at how fast the machine is."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection

import numpy as np

from bench import paced, processes
from bench.errors import BenchError
from bench.measure import WARM_UP, Bench, Target, started
from bench.plan.arrivals import poisson
from bench.plan.fit import Load
from bench.plan.service import Floats
from bench.rows import OURS
from bench.traffic import Traffic

CONNECTIONS = 128
FEW = 32
"""Connections of a load whose requests are all due at once: each sends as soon as it has its reply."""
LIKELY = 20_000
"""Requests a second to warm up with."""
PROBE = 12_000
"""Requests, all due at once, whose CPU tells the machine's speed: a tenth of a second."""
DRIFT = 0.06
"""A machine whose speed differs by more between two looks has changed it: what was loaded meanwhile is loaded again."""
TRIES = 5
SEED = 18


class Worker:
    """A server of one worker to load; `counts` says that it tells its turns.

    `slow` is what a request costs now as a multiple of what it cost at first. `loads` were asked for, and `again` times
    one was done anew because the machine's speed had changed meanwhile.
    """

    def __init__(self, target: Target, bench: Bench) -> None:
        self.counts = "--cache-size 0" in target.command
        self.loads = self.again = 0
        self._target, self._bench = target, bench
        self.load(poisson(LIKELY, LIKELY * WARM_UP, 0))
        self._first = self._now = self._probed()

    @property
    def slow(self) -> float:
        return self._now / self._first

    def steady(self, due: Floats, connections: int = CONNECTIONS) -> Load:
        """What a load does while the machine's speed stays; a slower machine gets it slower. Raises BenchError.

        On a machine that is never steady it is what the last of the tries did.
        """
        self.loads += 1
        for tried in range(TRIES):
            self.again += tried > 0
            before = self.slow
            load = self.load(due * before, connections)
            self._now = self._probed()
            if abs(self.slow / before - 1) <= DRIFT:
                break
        return replace(load, slow=(before + self.slow) / 2)

    def load(self, due: Floats, connections: int = CONNECTIONS) -> Load:
        """What a load does. Raises BenchError."""
        server = self._target.server
        pids = processes.tree(server.pid)
        before = self._runs()
        done, spent = processes.watch(
            pids,
            lambda: paced.send(
                due, server.port, self._target.traffic, connections, self._bench.cpus, self._bench.folder
            ),
        )
        return Load(done.due, done.sent, done.done, spent.server_s, (self._runs() - before) or None)

    def _probed(self) -> float:
        return self.load(np.zeros(PROBE), FEW).cpu_s

    def _runs(self) -> float:
        """Runs of the model: one a turn, where no reply is cached."""
        if not self.counts:
            return 0.0
        connection = HTTPConnection("127.0.0.1", self._target.server.port, timeout=10)
        try:
            connection.request("GET", "/metrics")
            found = re.search(rb"^atraso_model_runs_total (\d+)$", connection.getresponse().read(), re.M)
        finally:
            connection.close()
        if not found:
            raise BenchError("/metrics does not tell the runs of the model")
        return float(found[1])


@contextmanager
def working(name: str, bench: Bench) -> Iterator[Worker]:
    """The server of the row `name`, warm. Raises BenchError."""
    with started(OURS[name], bench) as target:
        yield Worker(replace(target, traffic=_mixed(target.traffic)), bench)


def _mixed(traffic: Traffic) -> Traffic:
    """The same in no order: what costs more than the rest is not to come all at once."""
    bodies = list(traffic.bodies)
    random.Random(SEED).shuffle(bodies)
    return replace(traffic, bodies=bodies)
