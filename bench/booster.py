"""LightGBM's own text model of the shipped bundle, which the reference's way needs: given, or the shipped one."""

from pathlib import Path

from bench.errors import BenchError
from bench.setup import Setup
from service.settings import ROOT

SHIPPED = ROOT / "model.txt"


def booster(setup: Setup) -> Path:
    """The text model's file. Raises BenchError where there is none."""
    if setup.booster:
        return setup.booster
    if not SHIPPED.is_file():
        raise BenchError(
            f"the reference's way needs LightGBM's own model: {SHIPPED} is not there, and no --booster given"
        )
    return SHIPPED
