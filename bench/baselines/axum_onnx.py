"""What one would write in Rust instead: axum and one run of ONNX Runtime a request, a thread for each worker.

Its source is in `axum/`; it is built here, into `build/`, and nowhere else.
"""

import os
import subprocess
from functools import cache
from pathlib import Path

from bench.errors import BenchError
from bench.examples import onnxruntime_library
from bench.setup import Setup
from bench.tools import find, last_line
from bench.traffic import singles
from export.progress import say
from service.settings import ROOT

ABOUT = "axum + ONNX Runtime, all in Rust"
TRAFFIC = singles

SOURCE = Path(__file__).with_name("axum")
BUILD = ROOT / "build" / "axum"


@cache
def built(profile: str) -> Path:
    """The program, built anew where its source changed. Raises BenchError."""
    cargo, program = find("cargo"), BUILD / ("debug" if profile == "dev" else profile) / "atraso-axum"
    if not program.exists():
        say("\natraso: building axum's server with cargo, which takes a minute or two the first time")
    manifest, target = ["--manifest-path", str(SOURCE / "Cargo.toml")], ["--target-dir", str(BUILD)]
    command = [cargo, "build", "--quiet", "--profile", profile, *manifest, *target]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise BenchError(f"axum's server could not be built: {last_line(ended.stderr)}")
    return program


def command(setup: Setup) -> list[str]:
    program = built(os.environ.get("ATRASO_CARGO_PROFILE", "release"))  # the tests want a quick build
    return [str(program), str(setup.port), str(setup.workers), str(ROOT), onnxruntime_library()]
