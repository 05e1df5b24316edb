"""oha, an open-loop load generator: requests are sent when they are due, whether or not others were answered.

Its latencies count from when a request was due, so that a server that stalls cannot hide it.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.cpus import Cpus, on
from bench.errors import BenchError
from bench.tools import find
from bench.traffic import Traffic

CUT_OFF = "aborted due to deadline"
"""oha's word for the requests that were under way when its time was over: they did not fail."""


@dataclass(frozen=True)
class Done:
    """Requests a second that were answered, how many failed, milliseconds by percentile."""

    requests_s: float
    requests: int
    failed: int
    latency_ms: dict[str, float]


def command(rate: int, seconds: int, connections: int, port: int, traffic: Traffic, bodies: Path) -> list[str]:
    """The command line of oha that sends lines of `bodies` at `rate` requests a second."""
    pace = ["-q", str(rate), "--latency-correction", "-z", f"{seconds}s", "-c", str(connections)]
    request = ["-m", traffic.method, "-T", "application/json", "-Z", str(bodies)]
    url = f"http://127.0.0.1:{port}{traffic.path}"
    return [find("oha"), *pace, *request, "--no-tui", "--output-format", "json", url]


def run(command: list[str], cpus: Cpus) -> Done:
    """Run oha to its end. Raises BenchError."""
    with on(cpus.generator):
        ended = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
    if ended.returncode != 0:
        raise BenchError(f"oha failed: {(ended.stderr.splitlines() or ['it said nothing'])[0]}")
    return parse(ended.stdout)


def parse(output: str) -> Done:
    """What oha's JSON says."""
    said = json.loads(output)
    statuses, errors = said["statusCodeDistribution"], said["errorDistribution"]
    failed = sum(count for status, count in statuses.items() if status != "200")
    failed += sum(count for error, count in errors.items() if error != CUT_OFF)
    answered = sum(statuses.values())
    latency = {name: said["latencyPercentiles"][name] for name in ("p50", "p90", "p99", "p99.9")}
    return Done(
        requests_s=answered / said["summary"]["total"],
        requests=answered,
        failed=failed,
        latency_ms={name: seconds * 1000 for name, seconds in latency.items() if seconds is not None},
    )
