"""wrk, a closed-loop load generator: each connection sends as soon as it has its reply. It measures saturation."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.cpus import Cpus, on
from bench.errors import BenchError, FailedRequests
from bench.tools import find, last_line
from bench.traffic import Traffic

SCRIPT = Path(__file__).with_name("wrk.lua")
TIMEOUT = 10
FAILURES = ("connect", "read", "write", "status", "timeout")


@dataclass(frozen=True)
class Load:
    """How hard, and for how many seconds."""

    seconds: int = 5
    connections: int = 64
    threads: int = 1


@dataclass(frozen=True)
class Done:
    """What wrk saw: all requests answered 200, milliseconds by percentile."""

    requests: int
    seconds: float
    latency_ms: dict[str, float]


def written(traffic: Traffic, path: Path) -> Path:
    """The file of that name, with a body a line; beside it one with the headers, if there are any."""
    path.write_bytes(b"".join(body + b"\n" for body in traffic.bodies))
    if traffic.headers:
        _heads(path).write_text("".join(f"{name}: {value}\n" for name, value in traffic.headers.items()))
    return path


def _heads(bodies: Path) -> Path:
    return bodies.with_suffix(".heads")


def command(load: Load, port: int, traffic: Traffic, bodies: Path) -> list[str]:
    """The command line of wrk that sends `bodies`, a file that `written` wrote."""
    flags = [f"-t{load.threads}", f"-c{load.connections}", f"-d{load.seconds}s", f"--timeout={TIMEOUT}s"]
    url = f"http://127.0.0.1:{port}{traffic.path}"
    files = [str(bodies)] * bool(traffic.bodies) + [str(_heads(bodies))] * bool(traffic.headers)
    return [find("wrk"), *flags, "-s", str(SCRIPT), url, *(["--", *files] if files else [])]


def run(command: list[str], cpus: Cpus) -> Done:
    """Run wrk to its end. Raises FailedRequests unless every request was answered well, and BenchError."""
    with on(cpus.generator):
        ended = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
    if ended.returncode != 0:
        raise BenchError(f"wrk failed: {last_line(ended.stderr or ended.stdout)}")
    return parse(ended.stdout)


def parse(output: str) -> Done:
    """The line of JSON that wrk.lua ends wrk's own text with. Raises FailedRequests."""
    said = json.loads(output.strip().splitlines()[-1])
    failed = {failure: said[failure] for failure in FAILURES if said[failure]}
    if failed or not said["requests"]:
        kinds = ", ".join(f"{count} {failure} errors" for failure, count in failed.items()) or "none was answered"
        raise FailedRequests(f"failed requests, so no figure: {kinds} beside {said['requests']} requests")
    latency = {percentile: said[percentile] / 1000 for percentile in ("p50", "p90", "p99", "p99.9")}
    return Done(said["requests"], said["microseconds"] / 1e6, latency)
