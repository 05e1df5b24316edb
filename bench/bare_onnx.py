"""ONNX Runtime alone, in a process of its own: what a flight costs without HTTP, JSON and tables.

`python -m bench.bare_onnx SECONDS` scores the bench's flights in matrices of 1,000 and prints a line of JSON.
"""

import json
import subprocess
import sys
import time
from typing import Any

import numpy as np

from bench import flights
from bench.cpus import Cpus, on
from bench.errors import BenchError
from bench.model import Model
from bench.tools import last_line, shown
from service.settings import ROOT

ROWS = 1_000


def measure(cpus: Cpus, seconds: int) -> dict[str, Any]:
    """The figures of a run on the server's CPU. Raises BenchError."""
    command = [sys.executable, "-m", "bench.bare_onnx", str(seconds)]
    with on(cpus.server):
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise BenchError(f"ONNX Runtime alone could not be measured: {last_line(ended.stderr)}")
    return {"load": shown(command), **json.loads(ended.stdout)}


def score(seconds: int) -> dict[str, float]:
    """Score for `seconds`; the CPU microseconds of a flight."""
    model, matrix = Model(), flights.make().matrix
    matrices = np.split(matrix, len(matrix) // ROWS)
    scored, before, end = 0, time.process_time_ns(), time.monotonic() + seconds
    while time.monotonic() < end:
        for each in matrices:
            model.run(each)
        scored += len(matrix)
    return {"cpu_us_flight": round((time.process_time_ns() - before) / 1000 / scored, 4)}


if __name__ == "__main__":
    print(json.dumps(score(int(sys.argv[1]))))
