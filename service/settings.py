"""Every knob of the service, read once at start; `service/__main__.py` makes a flag of each."""

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def usable_cpus() -> int:
    """CPUs that this process may use: its affinity, and its container's quota rounded up."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cpus, _quota(Path("/sys/fs/cgroup/cpu.max"))))


def _quota(cpu_max: Path) -> int:
    """CPUs that a cgroup (v2) grants: its `cpu.max` holds microseconds and a period, or `max` and a period."""
    try:
        quota, period = cpu_max.read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return 1 << 20


def knob(default: Any, help: str, **metadata: Any) -> Any:
    """A field with its `--help` text; `env` is one more environment variable that sets it, `choices` what it may be."""
    metadata["help"] = help
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    host: str = knob("127.0.0.1", "Address to listen on; 0.0.0.0 for every one.")
    port: int = knob(8080, "Port to listen on; 0 asks the system for a free one.", env="PORT")
    workers: int = knob(usable_cpus, "Worker processes. [default: one a usable CPU]")
    bundle: Path = knob(ROOT, "Folder that holds model.onnx and tables/.")
    strict: bool = knob(False, "Answer 422 to an airline or destination that the tables do not know.")
    fast_lane: bool = knob(True, "Answer single flights ahead of ASGI.")
    cache_size: int = knob(65_536, "Replies a worker keeps; 0 keeps none.")
    max_body: int = knob(2 * 1024 * 1024, "Largest request body, in bytes; a larger one is answered 413.")
    max_batch: int = knob(10_000, "Most flights in one batch.")
    max_pending: int = knob(50_000, "Flights a worker lets wait for the model; beyond them it answers 503.")
    keep_alive: int = knob(5, "Seconds that an idle connection is kept.")
    shutdown_timeout: int = knob(30, "Seconds that pending requests get after SIGTERM.")
    api_keys_file: Path | None = knob(
        None, "File of API keys, one a line; # begins a comment. ATRASO_API_KEYS may hold more. [default: all may ask]"
    )
    open_metrics: bool = knob(False, "Show /metrics without an API key too.")
    access_log: bool = knob(False, "Log every request.")
    log_format: str = knob("text", "How to log: lines, or JSON objects, one a line.", choices=("text", "json"))
    log_predictions: Path | None = knob(
        None, "Folder to keep what was asked and answered in, as CSV for `python -m export`. [default: none is kept]"
    )
    log_predictions_sample: float = knob(1.0, "Share of the flights that are kept there, from 0 to 1.")
    log_predictions_bytes: int = knob(64 * 1024 * 1024, "Bytes of a file there, about; then the next one begins.")
    log_predictions_keep: int = knob(32, "Most files there, of all workers together; the oldest go. 0 keeps all.")
    otlp_endpoint: str | None = knob(
        None, "OpenTelemetry collector to send spans to, like http://collector:4318. [default: none are made]"
    )
    otlp_sample: float = knob(0.01, "Share of the requests that begin a trace, from 0 to 1.")
    log_level: str = knob("info", "What to log.", choices=("critical", "error", "warning", "info", "debug"))
