"""Every knob of the service, read once at start; `service/__main__.py` makes a flag of each."""

import math
import os
import re
import resource
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

MOST_FILES = 65_536
RESERVED_FILES = 64
"""Of the files that a worker may open, those that are no connections: libraries, logs, listener, channels."""

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


def max_connections() -> int:
    """What the limit of open files leaves for connections."""
    return max(1, open_files()[0] - RESERVED_FILES)


def open_files() -> tuple[int, int]:
    """How many files a process may open, where it asks for as many as it may, and the hard limit that says so."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)), hard


def knob(default: Any, help: str, **metadata: Any) -> Any:
    """A field with its `--help` text; `env` is one more variable, `choices`, `most` and `check` what it may be."""
    metadata["help"] = help
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def origin(text: str) -> str:
    """Raises ValueError, as do the others."""
    if text != "*" and not re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#@*\s]+", text.lower()):
        raise ValueError("an origin is like https://example.com or http://localhost:3000, without a path")
    return text.lower()


def prefix(text: str) -> str:
    if not re.fullmatch(r"(/[\w.~-]+)*/?", text, re.ASCII):
        raise ValueError("it should begin with a slash and be made of letters, digits, dots and hyphens")
    return text.rstrip("/")


def proxies(text: str) -> str:
    named = [each.strip() for each in text.split(",")]
    if named != ["*"]:
        for each in named:
            ip_network(each)
    return ",".join(named)


@dataclass(frozen=True)
class Settings:
    host: str = knob("127.0.0.1", "Address to listen on; 0.0.0.0 for every one.")
    port: int = knob(8080, "Port to listen on; 0 asks the system for a free one.", env="PORT", most=65_535)
    workers: int = knob(usable_cpus, "Worker processes. [default: one a usable CPU]")
    bundle: Path = knob(ROOT, "Folder that holds model.onnx and tables/.")
    strict: bool = knob(False, "Answer 422 to an airline or destination that the tables do not know.")
    fast_lane: bool = knob(True, "Answer single flights ahead of ASGI.")
    native: bool = knob(True, "Use the hot path in Rust where it was built.")
    cache_size: int = knob(65_536, "Replies a worker keeps; 0 keeps none.")
    max_body: int = knob(2 * 1024 * 1024, "Largest request body, in bytes; a larger one is answered 413.")
    max_batch: int = knob(10_000, "Most flights in one batch.")
    max_pending: int = knob(50_000, "Single flights a worker lets wait for the model; beyond them it answers 503.")
    max_batch_pending: int = knob(
        32 * 1024 * 1024, "Bytes of batches that a worker lets wait for their turn; beyond them it answers 503."
    )
    max_explain_pending: int = knob(100, "Explanations a worker lets wait; beyond them it answers 503.")
    max_head: int = knob(
        32 * 1024, "Largest head of a request, in bytes; a larger one is answered 431, a longer URL 414."
    )
    max_headers: int = knob(100, "Most headers of a request, and most trailers; more are answered 431.")
    request_timeout: int = knob(30, "Seconds from a request's first byte to its last; a slower one is answered 408.")
    write_timeout: int = knob(30, "Seconds that a client may take none of its reply before it is cut.")
    keep_alive: int = knob(75, "Seconds that an idle connection is kept; more than the proxy in front keeps it.")
    max_connections: int = knob(max_connections, "Connections a worker keeps open. [default: what descriptors allow]")
    worker_timeout: int = knob(5, "Seconds that a worker may not answer before it is killed and replaced.")
    drain_timeout: int = knob(3, "Seconds that half-sent requests get after SIGTERM.")
    shutdown_timeout: int = knob(30, "Seconds that pending requests get after SIGTERM.")
    unready: int = knob(0, "Seconds that it still serves after SIGTERM, and says that it is not ready.")
    watch: bool = knob(False, "Load the bundle anew when its manifest changes, as SIGHUP does.")
    api_keys_file: Path | None = knob(
        None, "File of API keys, one a line; # begins a comment. ATRASO_API_KEYS may hold more. [default: all may ask]"
    )
    open_metrics: bool = knob(False, "Show /metrics without an API key too.")
    cors_origin: tuple[str, ...] = knob(
        (),
        "Origin whose pages may ask, like https://example.com, or * for every one; may be given again.",
        check=origin,
    )
    root_path: str = knob(
        "", "Path that a proxy in front leaves before ours, like /atraso. [default: none]", check=prefix
    )
    forwarded_allow_ips: str | None = knob(
        None,
        "Proxies whose X-Forwarded-For is believed: addresses and networks with commas, or *. [default: none]",
        check=proxies,
    )
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
