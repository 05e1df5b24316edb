"""Where there is no memory for a request, that is what its client is told: 503, and never that the request is wrong."""

import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from service.api.contract import EXAMPLE, parse_batch
from service.api.errors import refusal
from service.api.flights.batch import predict_batch
from service.load import load
from service.model import bundle as bundles
from service.server.metrics import Metrics
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
STEP = 1 << 19
MOST = 40 << 20


def infer(count: int) -> bytes:
    inputs = [
        {"name": name, "datatype": "BYTES", "shape": [count], "data": [value] * count}
        for name, value in EXAMPLE.items()
    ]
    return json.dumps({"inputs": inputs}).encode()


BODIES = {"batch": json.dumps([EXAMPLE] * 10_000).encode(), "infer": infer(9_000)}


def in_use() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


async def statuses(kind: str) -> set[int]:
    """With which one the request was answered, given more and more memory. It limits this process's own."""
    served = load(Settings(), bundles.read(ROOT), Metrics())
    body = BODIES[kind]

    async def batch() -> Any:
        return await predict_batch(served.predictor, served.names, parse_batch(body, 10_000))

    async def infer() -> Any:
        return await served.protocol.infer(served.protocol.find("flight_delay", None), body, None, lambda *_: None)

    ask = {"batch": batch, "infer": infer}[kind]
    return {await with_memory(more, ask) for more in range(0, MOST, STEP)} | {await with_memory(1 << 32, ask)}


async def with_memory(more: int, ask: Callable[[], Awaitable[Any]]) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (in_use() + more, resource.RLIM_INFINITY))
    try:
        await ask()
        return 200
    except Exception as error:
        return refusal(error).status
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="it takes Linux to limit a process's memory")
@pytest.mark.parametrize("kind", BODIES)
def test_out_of_memory_is_503(kind: str) -> None:
    ended = subprocess.run(
        [sys.executable, __file__, kind], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert ended.stdout == "[200, 503]\n", ended.stderr


if __name__ == "__main__":
    print(sorted(asyncio.run(statuses(sys.argv[1]))))
