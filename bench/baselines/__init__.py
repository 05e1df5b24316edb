"""What others would use, and what nobody can be faster than: each module a server that is measured beside ours.

Each has the same names: `ABOUT`, a few words; `TRAFFIC`, what is sent to it and what it has to answer; and
`command(setup)`, what starts it. A module is only imported where its row is wanted, as it may need packages of its own.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import uvicorn

from bench.errors import BenchError

NAMES = ("nginx-constant", "empty-asgi", "axum-onnx", "blacksheep-onnx", "fastapi-onnx", "reference")


def load(name: str) -> ModuleType:
    """The module of the baseline `name`. Raises BenchError where it needs a package that is not installed."""
    try:
        return import_module(f"bench.baselines.{name.replace('-', '_')}")
    except ModuleNotFoundError as error:
        raise BenchError(f"{name} needs {error.name}: pip install --group bench") from None


def serve(app: Any) -> None:
    """Serve an ASGI app on the port that the command line names, with the settings that `service` gives uvicorn."""
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        interface="asgi3",
        ws="none",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
    )
