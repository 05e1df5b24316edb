"""What can be measured under load, by name: our server in its scenarios, and the baselines."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from bench import baselines
from bench.errors import BenchError
from bench.flights import Flights
from bench.setup import Setup
from bench.traffic import Traffic, batches, model_status, proxied, proxied_alike, singles
from service import native


@dataclass(frozen=True)
class Row:
    name: str
    about: str
    traffic: Callable[[Flights], Traffic]
    command: Callable[[Setup], list[str]]


def ours(name: str, about: str, traffic: Callable[[Flights], Traffic], *flags: str) -> Row:
    """Our server, started with `flags`."""

    def command(setup: Setup) -> list[str]:
        address = ["--host", "127.0.0.1", "--port", str(setup.port), "--workers", str(setup.workers)]
        return [sys.executable, "-m", "service", *address, *flags]

    return Row(name, about, traffic, command)


UNCACHED = ("--cache-size", "0")
STARLETTE = "--no-fast-lane"
PYTHON = "--no-native"
LANE = "Python lane" if native.missing() else "Rust lane"
"""Who answers where it is left to the service: that depends on what was built."""

OURS = {
    row.name: row
    for row in (
        ours("cached", f"{LANE}, reply cache", singles),
        ours("uncached", f"{LANE}, cache off", singles, *UNCACHED),
        ours("proxied", f"{LANE}, reply cache, each head with an id and a trace of its own", proxied),
        ours("proxied-alike", f"{LANE}, reply cache, heads as long that repeat", proxied_alike),
        ours("python-cached", "Python lane, reply cache", singles, PYTHON),
        ours("python-uncached", "Python lane, cache off", singles, PYTHON, *UNCACHED),
        ours(
            "python-proxied", "Python lane, reply cache, each head with an id and a trace of its own", proxied, PYTHON
        ),
        ours("starlette", "Starlette path, cache off", singles, STARLETTE, *UNCACHED),
        ours("starlette-cached", "Starlette path, reply cache", singles, STARLETTE),
        ours("batch-100", "batches of 100 flights", batches(100)),
        ours("batch-1000", "batches of 1,000 flights", batches(1000)),
        ours("python-batch-1000", "batches of 1,000 flights, in Python", batches(1000), PYTHON),
        ours("model-status", "GET /model_status", model_status),
    )
}

NAMES = (*OURS, *baselines.NAMES)


def row(name: str) -> Row:
    """The row called `name`. Raises BenchError where it is not known, or needs a package that is not installed."""
    if name in OURS:
        return OURS[name]
    if name not in baselines.NAMES:
        raise BenchError(f"there is no row {name!r}; there are {', '.join(NAMES)}")
    module = baselines.load(name)
    return Row(name, module.ABOUT, module.TRAFFIC, module.command)
