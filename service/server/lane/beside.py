"""The other routes that are sent flights, where the lane can do what they would, in the same bytes and for less.

An explanation that nobody waits before is made in the turn of the loop that its flight came in. A batch that cannot
wait in line is refused before anything is made of it: behind ASGI that costs a tenth of an answer, and a worker that is
sent three times what it can do would spend a quarter of its time on it.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from service.api.errors import refusal
from service.api.routing.posted import Made
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


class Direct(NamedTuple):
    """A route whose reply can be made at once."""

    path: str
    make: Callable[[bytes], Made | None]
    """Of a body; None where it has to wait. Whatever it raises is told behind ASGI."""


class Beside:
    """`judge` says what a head for a path is, or None where it is not plain."""

    def __init__(
        self, lines: Lines, routes: Iterable[Shed | Direct], judge: Callable[[bytes, str], "Plain | None"]
    ) -> None:
        """`lines` are those that the requests of a `Shed` wait in."""
        self._lines = lines
        self._routes = {f"POST {route.path} HTTP/1.1\r\n".encode(): route for route in routes}
        self._judge = lru_cache(HEADS)(judge)

    def find(self, head: bytes) -> "tuple[Plain, Shed | Direct] | None":
        """What `head` says, and the route that it asks, where the lane may have something to do with it."""
        route = self._routes.get(head[: head.find(b"\r\n") + 2])
        if route is None or (isinstance(route, Shed) and not self._lines.waiting):
            return None
        plain = self._judge(head, route.path)
        if plain is None or (isinstance(route, Shed) and self._lines.has_room(plain.length)):
            return None
        return plain, route
