"""Results as files: the machine and versions that they came from, and JSON that a diff can be read of."""

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from bench import tools
from bench.cpus import Cpus, taken
from bench.errors import BenchError
from export.files import read_object, write_file
from export.progress import say
from service.settings import ROOT

FOLDER = Path("bench/results")
"""The published results."""
LOCAL = FOLDER / "local"
"""Everybody's own, which git does not see."""
MEASURED = ("service", "tables", "model.onnx", "pipeline.onnx", "examples", "bench", ":!bench/results")
PACKAGES = (
    "onnxruntime",
    "atraso-native",
    "uvicorn",
    "uvloop",
    "httptools",
    "starlette",
    "fastapi",
    "blacksheep",
    "pandas",
    "lightgbm",
)
QUIET = 0.05
"""The share of the CPUs that other programs may take unmentioned."""

Result = dict[str, Any]


def header(*cpus: Cpus) -> Result:
    """Where the figures of a result come from; `cpus` are those of its rows."""
    others = taken()
    if others > QUIET:
        say(f"atraso: other programs take {others:.0%} of the CPUs: do not trust the figures")
    return {
        "command": tools.shown([sys.executable, "-m", "bench", *sys.argv[1:]]),
        "commit": _git("rev-parse", "--short", "HEAD") or "unknown",
        "changed_since_commit": bool(_git("status", "--porcelain", "--", *MEASURED)),
        "cores": os.cpu_count(),
        "cpu": cpu_model(),
        "cpus": "; ".join(dict.fromkeys(map(str, cpus))),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "kernel": platform.release(),
        "others_busy": round(others, 3),
        "versions": _versions(),
    }


def publish(result: Result, path: Path, render: Callable[[Result], str]) -> None:
    """Write a result and print it as `render` shows it. Raises ExportError."""
    write(result, path)
    click.echo(render(result))


def write(result: Result, path: Path) -> None:
    """Write a result, keys sorted, one entry a line. Raises ExportError."""
    write_file(path, (json.dumps(result, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def read(path: Path) -> Result:
    """Read a result. Raises ExportError where it is not JSON, and BenchError where it is something else."""
    result = read_object(path)
    if "header" not in result:
        raise BenchError(f"{path}: it is no result of `python -m bench`")
    return result


@contextmanager
def whole(path: Path, then: str = "measure it again") -> Iterator[None]:
    """Raises BenchError where the result there lacks what is told of it."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise BenchError(f"{path}: it is damaged, or of another version ({error!r}): {then}") from None


def cpu_model() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    return found.group(1).strip() if found else platform.machine()


def _versions() -> dict[str, str]:
    installed = {package: _version(package) for package in PACKAGES}
    return {"python": platform.python_version(), **installed, **{tool: tools.version(tool) for tool in tools.INSTALL}}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _git(*args: str) -> str:
    """What git says, nothing where there is no git or no repository."""
    try:
        return subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
