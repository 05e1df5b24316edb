"""More than a server can do: it does nearly as much as it can, refuses the rest quickly, and is well again after."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.rig.client import Load, failures, wait_until
from tests.chaos.rig.questions import BATCH, FLIGHTS, HOT, asked
from tests.chaos.rig.results import FULL, record, sized
from tests.chaos.rig.started import Started

BIG = asked(BATCH, FLIGHTS * 10)
SINGLE = asked(HOT, FLIGHTS[0])
SATURATING = 8
TIMES = 3


@dataclass
class Tried:
    """A request that was sent when it was due."""

    due: float
    took: float = 0.0
    status: int = 0
    retry_after: bool = False
    failure: str = "no reply within a minute"


async def offered(port: int, request: bytes, rate: float, seconds: float) -> list[Tried]:
    """An open loop: `rate` requests a second, whether or not others were answered."""
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    loop, tried, running = asyncio.get_running_loop(), [], set()
    began = loop.time()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        if (pause := due - loop.time()) > 0:
            await asyncio.sleep(pause)
        tried.append(Tried(due))
        task = loop.create_task(one(port, request, idle, tried[-1]))
        running.add(task)
        task.add_done_callback(running.discard)
    if running:
        await asyncio.wait(running, timeout=60)
    for _, writer in idle:
        writer.close()
    return tried


async def one(
    port: int, request: bytes, idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]], tried: Tried
) -> None:
    writer = None
    try:
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
    except (OSError, asyncio.IncompleteReadError) as error:
        tried.failure = f"{type(error).__name__}: {error}"
        if writer is not None:
            writer.close()
        return
    tried.failure = ""
    tried.took = asyncio.get_running_loop().time() - tried.due
    tried.status, tried.retry_after = int(head.split()[1]), b"retry-after: " in head
    if b"connection: close" in head:
        writer.close()
    else:
        idle.append((reader, writer))


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)] if times else 0.0


def test_three_times_what_saturates(start: Callable[..., Started]) -> None:
    server = start("--workers", 1, "--max-pending", 5000, "--keep-alive", 600)
    seconds = sized(2, 30)
    with Load(server.port, [BIG], clients=SATURATING) as load:
        load.wait_for_more(sized(20, 200))
    times = sorted(each.ended for each in load.asked)
    peak = len(times) / (times[-1] - times[0])
    tried = asyncio.run(offered(server.port, BIG.request, TIMES * peak, seconds))
    ended = time.monotonic()
    with Load(server.port, [SINGLE], clients=1) as alone:
        alone.wait_for_more(20)
    well_again = max(each.ended for each in alone.asked[:20]) - ended
    done = [each for each in tried if each.status == 200]
    shed = [each for each in tried if each.status == 503]
    goodput = len(done) / seconds / peak
    slowest = percentile([each.took for each in shed], 0.99)
    told = f"{goodput:.0%} of the peak answered, {len(shed):,} refused, p99 of a refusal {1000 * slowest:.0f} ms"
    lost = len(tried) - len(done) - len(shed)
    record(f"{TIMES} times the load that saturates, for {seconds} s", 1, len(tried), lost, more=told)
    assert Counter(each.failure for each in tried if each.failure) == {}
    assert lost == 0
    assert done
    assert all(each.retry_after for each in shed)
    assert not failures(alone.asked)
    assert all(each.status == 200 for each in alone.asked[-10:])
    assert "Traceback" not in server.text()
    wait_until(lambda: server.get("/v2/health/ready").status_code == 200)
    if FULL:
        assert goodput >= 0.8
        assert well_again < 2
        assert slowest < 1
