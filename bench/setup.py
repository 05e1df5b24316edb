"""What a server to be measured is started with."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setup:
    """`folder` is for whatever files the server needs; `booster` a LightGBM text model of the shipped bundle."""

    port: int
    folder: Path
    workers: int = 1
    booster: Path | None = None
