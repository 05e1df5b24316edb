"""Names, heads and ids that never come twice: memory and descriptors stay where they are."""

import os
import threading
from collections import Counter
from collections.abc import Callable

from tests.chaos.rig.client import Connection, wait_until
from tests.chaos.rig.questions import HOT, INFER, post
from tests.chaos.rig.results import record, sized
from tests.chaos.rig.started import Started

AT_ONCE = 50
CLIENTS = 2
FLIGHT = '{"OPERA":"%s","SIGLADES":"%s","FECHA_PROGRAMADA":"2017-%02d-%02d %02d:%02d:00"}'
TENSORS = (
    '{"id":"%d","inputs":[{"name":"OPERA","datatype":"BYTES","shape":[1],"data":["%d"]},'
    '{"name":"SIGLADES","datatype":"BYTES","shape":[1],"data":["Lima"]},'
    '{"name":"FECHA_PROGRAMADA","datatype":"BYTES","shape":[1],"data":["2017-03-04 05:06:07"]}]}'
)


def fresh(number: int) -> bytes:
    """A request that was never seen: its name, its head, or its id.

    Those that are sent together are of one kind: behind one that is not the lane's, it would see no other.
    """
    when = (1 + number % 12, 1 + number % 28, number % 24, number // 24 % 60)
    match number // AT_ONCE % 10:
        case 0:
            return post(INFER, (TENSORS % (number, number)).encode())
        case 1 | 2 | 3:
            return post(HOT, (FLIGHT % ("Sky Airline", "Lima", *when)).encode(), f"X-Request-Id: {number:032x}")
        case 4 | 5:
            return post(HOT, (FLIGHT % (f"Nobody {number}", f"Nowhere {number}", *when)).encode())
        case 6:
            return post(f"/nowhere/{number}", b"{}", f"User-Agent: soak/{number}", f"X-{number}: {number}")
        case _:
            return post(HOT, (FLIGHT % (f"Ñ{number}", "Lima", *when)).encode(), f"Cookie: it={number}")


def ask(port: int, numbers: range, statuses: Counter[int]) -> None:
    """Pipelined; a connection a thousand requests or so."""
    connection: Connection | None = None
    for start in range(numbers.start, numbers.stop, AT_ONCE):
        connection = connection or Connection(port)
        several = range(start, min(start + AT_ONCE, numbers.stop))
        connection.socket.sendall(b"".join(map(fresh, several)))
        statuses.update(connection.statuses(len(several)))
        if start % (AT_ONCE * 20) == 0:
            connection.close()
            connection = None
    if connection:
        connection.close()


def work(port: int, first: int, count: int) -> Counter[int]:
    """How many replies had which status."""
    found: list[Counter[int]] = [Counter() for _ in range(CLIENTS)]
    share = count // CLIENTS
    threads = [
        threading.Thread(target=ask, args=(port, range(first + n * share, first + (n + 1) * share), found[n]))
        for n in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(found, Counter())


def test_nothing_grows(start: Callable[..., Started]) -> None:
    """The warm-up nearly fills every cache: two workers' are full after some 165,000 requests, and stay as they are."""
    server = start("--workers", 2, "--cache-size", sized(2000, 65_536))
    warm, count = sized(100_000, 1_000_000), sized(100_000, int(os.environ.get("ATRASO_SOAK", 10_000_000)))
    idle = server.descriptors()
    work(server.port, 0, warm)
    memory = server.memory()
    statuses = work(server.port, warm, count)
    growth = server.memory() / memory - 1
    lost = count - statuses.total()
    wait_until(lambda: server.descriptors() <= idle, why=lambda: f"{server.descriptors()} descriptors, {idle} before")
    in_lane = server.metrics()["atraso_fast_lane_total"] / (warm + count)
    told = f"memory {growth:+.2%} after the first {warm:,}, {server.descriptors() - idle:+} descriptors"
    record("ever-new names, heads and ids", 1, statuses.total(), lost, more=told)
    assert not lost
    assert set(statuses) == {200, 404}
    assert in_lane > 0.75, f"{in_lane:.0%} were answered in the lane"
    assert growth < 0.02, told
    assert "Traceback" not in server.text()
