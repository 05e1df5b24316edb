"""What can go wrong through no fault of ours; the command line prints its sentence and nothing else."""

import sys
from typing import NoReturn


class ExportError(Exception):
    """A user's mistake or a proof that failed, told in one sentence."""


class ParityError(ExportError):
    """The ONNX model would not give what the booster gives."""


def missing(error: ModuleNotFoundError, package: str) -> NoReturn:
    """End `python -m package` with what installs all that it needs, unless the module is one of our own."""
    if (error.name or "").partition(".")[0] in ("service", "export", "bench", "bulk"):
        raise error
    sys.exit(f"atraso: the package {error.name} is not here; `make dev`, then `.venv/bin/python -m {package}`, has it")
