"""How load is shed on the wire, and which batches are refused before anything is made of them.

The routes behind ASGI refuse a batch that cannot wait in line as well, and in the same bytes; but that costs a tenth of
an answer, and a worker that is sent three times what it can do would spend a quarter of its time on it.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from service.api.errors import refusal
from service.model.errors import Overloaded
from service.model.turns import Lines

if TYPE_CHECKING:
    from service.server.lane.heads import Plain

HEADS = 1024
"""Heads that are remembered, each of `MAX_HEAD` bytes at most: 2 MB."""

_BUSY = refusal(Overloaded())


def unheard(started: int) -> None:
    """Nobody wants to know of it."""


class Shed(NamedTuple):
    """How a route refuses a request since too many wait."""

    path: str
    route: str
    """What counters call it."""
    body: bytes
    headers: bytes
    heard: Callable[[int], None]
    """Is told of each: when it was read (`perf_counter_ns`)."""


def shed_of(path: str, route: str, error_body: Callable[[Any], bytes], heard: Callable[[int], None] = unheard) -> Shed:
    body = error_body(_BUSY.detail)
    own = (b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in _BUSY.headers.items())
    return Shed(path, route, body, b"".join((b"content-length: %d\r\n" % len(body), *own)), heard)


class Queues:
    """The routes whose requests wait in `lines`; `judge` says what a head for a path is, where it is plain."""

    def __init__(self, lines: Lines, sheds: Iterable[Shed], judge: Callable[[bytes, str], "Plain | None"]) -> None:
        self._lines = lines
        self._sheds = {f"POST {shed.path} HTTP/1.1\r\n".encode(): shed for shed in sheds}
        self._judge = judge
        self._known = lru_cache(HEADS)(self._find)

    def refuse(self, head: bytes) -> "tuple[Plain, Shed] | None":
        """What `head` says and how it is refused, where what it announces cannot wait."""
        if not self._lines.waiting:
            return None
        found = self._known(head)
        return found if found and not self._lines.has_room(found[0].length) else None

    def _find(self, head: bytes) -> "tuple[Plain, Shed] | None":
        shed = self._sheds.get(head[: head.find(b"\r\n") + 2])
        plain = self._judge(head, shed.path) if shed else None
        return (plain, shed) if plain and shed else None
