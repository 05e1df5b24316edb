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
    fast_lane: bool = knob(True, "Answer single flights ahead of ASGI; the access log turns it off.")
    cache_size: int = knob(65_536, "Replies a worker keeps; 0 keeps none.")
    max_body: int = knob(2 * 1024 * 1024, "Largest request body, in bytes; a larger one is answered 413.")
    max_batch: int = knob(10_000, "Most flights in one batch.")
    max_pending: int = knob(50_000, "Flights a worker lets wait for the model; beyond them it answers 503.")
    max_head: int = knob(
        32 * 1024, "Largest head of a request, in bytes; a larger one is answered 431, a longer URL 414."
    )
    max_headers: int = knob(100, "Most headers of a request, and most trailers; more are answered 431.")
    request_timeout: int = knob(30, "Seconds from a request's first byte to its last; a slower one is answered 408.")
    write_timeout: int = knob(30, "Seconds that a client may take none of its reply before it is cut.")
    keep_alive: int = knob(75, "Seconds that an idle connection is kept; more than the proxy in front keeps it.")
    drain_timeout: int = knob(3, "Seconds that half-sent requests get after SIGTERM.")
    shutdown_timeout: int = knob(30, "Seconds that pending requests get after SIGTERM.")
    access_log: bool = knob(False, "Log every request.")
    log_level: str = knob("info", "What to log.", choices=("critical", "error", "warning", "info", "debug"))
