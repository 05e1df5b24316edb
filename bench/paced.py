"""Requests at the very times asked for: `paced.rs`, a small open-loop generator in Rust, built here into `build/`.

oha sends at an even pace; how a service takes bursts, or arrivals at random, needs a generator that can be told when.
"""

import struct
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.cpus import Cpus, on
from bench.errors import BenchError
from bench.tools import find, last_line
from bench.traffic import Traffic
from service.settings import ROOT

SOURCE = Path(__file__).with_name("paced.rs")
PROGRAM = ROOT / "build" / "paced"
CLOCK = 1e9
"""Its times are in nanoseconds."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sent:
    """Seconds by request: when it was due, when it was sent, when its reply was whole. All were answered 200."""

    due: Floats
    sent: Floats
    done: Floats

    @property
    def latency(self) -> Floats:
        """From when each was due, so that waiting for a connection counts too."""
        return self.done - self.due


@cache
def built() -> Path:
    """The program, built anew where its source changed. Raises BenchError."""
    rustc = find("rustc")
    if not PROGRAM.exists() or PROGRAM.stat().st_mtime < SOURCE.stat().st_mtime:
        PROGRAM.parent.mkdir(exist_ok=True)
        command = [rustc, "-O", "--edition", "2024", "-o", str(PROGRAM), str(SOURCE)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            raise BenchError(f"the load generator could not be built: {last_line(ended.stderr)}")
    return PROGRAM


def send(due: Floats, port: int, traffic: Traffic, connections: int, cpus: Cpus, folder: Path) -> Sent:
    """Send `traffic` in turn, each request when it is due. Raises BenchError where one was not answered well."""
    requests, times, done = (folder / f"{port}.{name}" for name in ("requests", "due", "done"))
    requests.write_bytes(b"".join(struct.pack("<Q", len(each)) + each for each in _requests(port, traffic)))
    times.write_bytes((due * CLOCK).astype("<u8").tobytes())
    command = [str(built()), str(port), str(connections), *map(str, (requests, times, done))]
    with on(cpus.generator):
        ended = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
    if ended.returncode != 0:
        raise BenchError(f"no figure: {last_line(ended.stderr)}")
    sent, answered = np.fromfile(done, "<u8").reshape(-1, 2).T / CLOCK
    return Sent(due, sent, answered)


def _requests(port: int, traffic: Traffic) -> list[bytes]:
    line = f"{traffic.method} {traffic.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    return [f"{line}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in traffic.bodies]
