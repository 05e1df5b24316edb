"""Clients that ask, wait for the reply and ask again, and keep what came of every single request."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

from tests.chaos.rig.questions import Question

DEADLINE = 30
REFUSED = "refused at the door"
LENGTH = b"\r\ncontent-length: "
RENEWED = 40
"""A client leaves its connection after a question whose number this divides, so that new workers get some too."""


@dataclass(slots=True)
class Asked:
    """One request: `port` is the client's end of its connection, `whole` says that all of it was sent."""

    question: int
    port: int
    began: float
    whole: bool = False
    ended: float = 0.0
    status: int = 0
    body: bytes = b""
    version: str = ""
    retry_after: bool = False
    failure: str = ""

    @property
    def lost(self) -> bool:
        return self.whole and bool(self.failure)


class Connection:
    """Reads one reply after the other."""

    def __init__(self, port: int, timeout: float = DEADLINE) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self.socket.getsockname()[1]
        self._received = b""

    def reply(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body. Raises OSError where the connection ends first."""
        status = 100
        while status == 100:
            head, _, self._received = self._until(lambda data: b"\r\n\r\n" in data).partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            status = int(first.split()[1])
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", 0))
        received = self._until(lambda data: len(data) >= length)
        self._received = received[length:]
        return status, headers, received[:length]

    def statuses(self, count: int) -> list[int]:
        """Those of so many replies, read at once. Raises OSError where the connection ends first."""
        found: list[int] = []
        data, at = self._received, 0
        while len(found) < count:
            head = data.find(b"\r\n\r\n", at)
            if head > 0:
                length = data.index(LENGTH, at, head) + len(LENGTH)
                end = head + 4 + int(data[length : data.index(b"\r\n", length)])
                if len(data) >= end:
                    found.append(int(data[at + 9 : at + 12]))
                    at = end
                    continue
            more = self.socket.recv(1 << 16)
            if not more:
                raise ConnectionError("closed within a reply")
            data, at = data[at:] + more, 0
        self._received = data[at:]
        return found

    def _until(self, enough: Callable[[bytes], bool]) -> bytes:
        while not enough(self._received):
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("closed within a reply" if self._received else "closed without a reply")
            self._received += data
        return self._received

    def close(self) -> None:
        self.socket.close()


class Load:
    """`clients` threads that ask `questions` in turn until the block ends, or until nobody listens any more."""

    def __init__(self, port: int, questions: Sequence[Question], clients: int = 16, leaving: bool = False) -> None:
        self._port, self._questions, self._leaving = port, questions, leaving
        self._stop = threading.Event()
        self.kept: list[list[Asked]] = [[] for _ in range(clients)]
        self._bodies: dict[bytes, bytes] = {}
        self._threads = [threading.Thread(target=self._client, args=(n,), daemon=True) for n in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self.join()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(2 * DEADLINE)
            assert not thread.is_alive(), "a client still waits for its reply"

    @property
    def asked(self) -> list[Asked]:
        return [each for kept in self.kept for each in kept]

    def answered(self) -> int:
        return sum(map(len, self.kept))

    def wait_for_more(self, each: int = 10) -> None:
        """Until every client that is still there has got `each` replies more."""
        goals = [len(kept) + each for kept in self.kept]
        wait_until(lambda: all(len(kept) >= goal for kept, goal in zip(self.kept, goals, strict=True)))

    def _client(self, number: int) -> None:
        connection: Connection | None = None
        turn = number * 7
        while not self._stop.is_set():
            turn = (turn + 1) % len(self._questions)
            asked = Asked(turn, 0, time.monotonic())
            try:
                connection = connection or Connection(self._port)
                asked.port = connection.port
                connection.socket.sendall(self._questions[turn].request)
                asked.whole = True
                if self._reply(connection, asked):
                    connection.close()
                    connection = None
            except OSError as error:
                asked.failure = REFUSED if connection is None else f"{type(error).__name__}: {error}"
                if connection is not None:
                    connection.close()
                connection = None
            asked.ended = time.monotonic()
            if asked.failure == REFUSED and self._leaving:
                return
            self.kept[number].append(asked)
        if connection is not None:
            connection.close()

    def _reply(self, connection: Connection, asked: Asked) -> bool:
        """Whether the connection ends after it: the server says so, or it was long enough."""
        asked.status, headers, body = connection.reply()
        asked.body = self._bodies.setdefault(body, body)
        asked.version = headers.get("x-model-version", "")
        asked.retry_after = "retry-after" in headers
        return headers.get("connection") == "close" or asked.question % RENEWED == 0


def wait_until(check: Callable[[], Any], deadline: float = DEADLINE, why: Callable[[], object] = lambda: "") -> Any:
    """Poll `check` until it gives something."""
    end = time.monotonic() + deadline
    while not (result := check()):
        assert time.monotonic() < end, why() or f"not within {deadline} s"
        time.sleep(0.01)
    return result


def calm(port: int, questions: Sequence[Question]) -> tuple[str, list[bytes]]:
    """What the server answers to each question while nothing disturbs it, and its model's version."""
    connection = Connection(port)
    bodies, versions = [], set()
    for question in questions:
        connection.socket.sendall(question.request)
        status, headers, body = connection.reply()
        assert status == 200, body
        bodies.append(body)
        versions.add(headers.get("x-model-version", ""))
    connection.close()
    assert len(versions) == 1, versions
    return versions.pop(), bodies


def wrong(asked: Iterable[Asked], right: dict[str, list[bytes]], statuses: tuple[int, ...] = (200,)) -> list[Asked]:
    """The replies that are not what the bundle that they name answers."""
    replies = [each for each in asked if not each.failure]
    return [
        each
        for each in replies
        if each.status not in statuses
        or (each.status == 200 and each.body != right.get(each.version, {each.question: None})[each.question])
    ]


def failures(asked: Iterable[Asked], excused: Collection[int] = ()) -> Counter[str]:
    """Why requests failed, on connections that had no reason to (`excused` are the ports of those that had)."""
    return Counter(each.failure for each in asked if each.failure and each.port not in excused)


def longest_gap(asked: Iterable[Asked]) -> float:
    """The longest time in which nobody got a reply, in seconds."""
    times = sorted(each.ended for each in asked if not each.failure)
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


def p99(asked: Iterable[Asked]) -> float:
    """In milliseconds."""
    times = sorted(each.ended - each.began for each in asked if not each.failure)
    return 1000 * times[len(times) * 99 // 100] if times else 0.0
