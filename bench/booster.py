"""LightGBM's own text model of the shipped bundle, which the reference's way needs: given, or trained once."""

import os
import subprocess
import sys
from pathlib import Path

from bench.errors import BenchError
from bench.progress import say
from bench.setup import Setup
from bench.tools import last_line
from service.settings import ROOT


def booster(setup: Setup) -> Path:
    """The text model's file. Raises BenchError where there is none, nor the flights to train it on."""
    if setup.booster:
        return setup.booster
    trained = setup.folder / "booster.txt"
    if not trained.exists():
        _train(trained)
    return trained


def _train(path: Path) -> None:
    flights = Path(os.environ.get("ATRASO_DATA", ROOT / "data" / "dataset_SCL.csv"))
    if not flights.is_file():
        raise BenchError(
            "the reference's way needs LightGBM's own model: name one with --booster, "
            "or get the flights that it is trained on with `python -m export fetch`"
        )
    say("training the reference's LightGBM model once")
    command = [sys.executable, "-m", "export", "train", "--data", str(flights)]
    out = ["--out", str(path.parent / "trained"), "--booster", str(path)]
    ended = subprocess.run([*command, *out], cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise BenchError(f"the reference's model could not be trained: {last_line(ended.stderr)}")
