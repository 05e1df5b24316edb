"""The model in other runtimes: how each folder of `examples/` is built and checked, and what its check says."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.tools import last_line
from service.settings import ROOT

FOLDER = ROOT / "examples"
TIMEOUT = 900
"""Seconds that one command of an example may take; a first build downloads and compiles."""

_LINE = re.compile(
    r"(?P<runtime>.+) (?P<version>[^ ]+), (?P<file>.+): largest difference (?P<difference>[^ ]+) "
    r"over (?P<flights>\d+) flights, (?P<alone_us>[\d.]+) us alone, (?P<batch_us>[\d.]+) us in a batch of \d+"
)


@dataclass(frozen=True)
class Example:
    """`needs` are programs, `build` and `check` commands run in its folder; `{python}` and the like are filled in."""

    name: str
    needs: tuple[str, ...]
    build: tuple[str, ...]
    check: tuple[str, ...]
    predict: tuple[str, ...]
    limits: dict[str, str]
    """What one has to know, by a word of the runtime's name."""
    env: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    def missing(self) -> str | None:
        """The first program it needs that is not here."""
        return next((tool for tool in self.needs if not _path(tool)), None)


def run(example: Example, command: tuple[str, ...], *args: str) -> subprocess.CompletedProcess[str]:
    """Run one of its commands in its folder. Raises BenchError where it does not end."""
    words = [word.format_map(_Words()) for word in (*command, *args)]
    env = {**os.environ, **{name: value.format_map(_Words()) for name, value in example.env.items()}}
    try:
        return subprocess.run(
            words, cwd=example.folder, env=env, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"examples/{example.name}: {error}") from None


def build(example: Example) -> None:
    """Raises BenchError."""
    if example.build:
        _ended_well(example, run(example, example.build))


def check(example: Example) -> list[dict[str, Any]]:
    """What the check found, for each file that it checked. Raises BenchError."""
    ended = _ended_well(example, run(example, example.check))
    if not (found := figures(ended.stdout)):
        raise BenchError(f"examples/{example.name}: its check told no largest difference")
    return found


def figures(said: str) -> list[dict[str, Any]]:
    """The figures in what a check said, a dict a line of them."""
    found = [match.groupdict() for match in map(_LINE.fullmatch, said.splitlines()) if match]
    numbers = {"difference": float, "flights": int, "alone_us": float, "batch_us": float}
    return [{name: numbers.get(name, str)(text) for name, text in each.items()} for each in found]


def _ended_well(example: Example, ended: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    if ended.returncode:
        command = " ".join(map(str, ended.args))
        raise BenchError(f"examples/{example.name}: `{command}` failed: {last_line(ended.stderr or ended.stdout)}")
    return ended


def onnxruntime_library() -> str:
    """The path of the shared library that ONNX Runtime's Python package brings."""
    spec = find_spec("onnxruntime")
    folder = Path(spec.origin).parent / "capi" if spec and spec.origin else Path()
    return str(next(iter(sorted(folder.glob("libonnxruntime.so*"))), ""))


class _Words(dict[str, str]):
    """What stands for `{...}` in a command."""

    def __missing__(self, word: str) -> str:
        if word == "cargo_profile":  # the tests want a quick build, and figures a quick program
            return os.environ.get("ATRASO_CARGO_PROFILE", "release")
        return {"python": sys.executable, "library": onnxruntime_library()}[word]


def _path(tool: str) -> str | None:
    if tool == "chromium":
        return os.environ.get("CHROMIUM") or shutil.which(tool)
    return shutil.which(tool)


FLIGHT = ("Sky Airline", "Calama", "2017-11-27 13:00")

EXAMPLES = (
    Example(
        "python",
        needs=(),
        build=(),
        check=("{python}", "check.py"),
        predict=("{python}", "predict.py"),
        limits={"Python": "none"},
    ),
    Example(
        "node",
        needs=("node", "npm"),
        build=("npm", "install", "--no-audit", "--no-fund"),
        check=("node", "check.js"),
        predict=("node", "predict.js"),
        limits={"node": "int64 inputs are `BigInt64Array`; its install script wants the network, and is not needed"},
    ),
    Example(
        "browser",
        needs=("node", "npm", "chromium"),
        build=("npm", "install", "--no-audit", "--no-fund"),
        check=("node", "check.js"),
        predict=(),
        limits={"web": "14 MB of wasm to load; one thread, unless the server sends COOP and COEP headers"},
    ),
    Example(
        "rust",
        needs=("cargo", "cc"),
        build=("cargo", "build", "--quiet", "--profile", "{cargo_profile}"),
        check=("cargo", "run", "--quiet", "--profile", "{cargo_profile}", "--bin", "check", "--"),
        predict=("cargo", "run", "--quiet", "--profile", "{cargo_profile}", "--bin", "predict", "--"),
        limits={
            "tract": "no lookups of texts, so no `pipeline.onnx`; slow where trees have many leaves",
            "ort": "a release candidate; the shared library is the one of the Python package",
        },
        env={"ORT_DYLIB_PATH": "{library}"},
    ),
    Example(
        "java",
        needs=("mvn", "java"),
        build=("mvn", "-q", "-B", "package"),
        check=("java", "-cp", "target/atraso.jar", "atraso.Check"),
        predict=("java", "-jar", "target/atraso.jar"),
        limits={"Java": "its releases come some versions behind Python's"},
    ),
    Example(
        "go",
        needs=("go", "cc"),
        build=("go", "build", "./..."),
        check=("go", "run", "./check"),
        predict=("go", "run", "."),
        limits={"go": "needs cgo and ONNX Runtime's shared library"},
        env={"ONNXRUNTIME_LIB": "{library}"},
    ),
)
