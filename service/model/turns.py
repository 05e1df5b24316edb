"""Who is next where work takes long: one at a time, in the order they came, and no more waiting than may.

The work itself lets others be served between its slices. Two pieces of it side by side would make everybody wait for
twice as long, and neither would be done sooner.
"""

import asyncio

from service.model.errors import Overloaded

SHORT = 32 * 1024
"""Bytes of a body that is soon done: a few hundred flights."""

FEW = 16
"""Flights that are scored within the turn of the loop they are read in, as single ones are."""


class Line:
    """Belongs to the event loop that made it."""

    def __init__(self, most: int) -> None:
        self.waiting = 0
        self._most = most
        self._one_at_a_time = asyncio.Lock()  # it serves in order, and forgets who left

    def turn(self, size: int) -> "Turn":
        """Within it nobody else of the line is served. Raises Overloaded; one that comes alone is taken at any size."""
        return Turn(self, size)

    def check(self, size: int) -> None:
        """Raises Overloaded where such a piece of work cannot wait."""
        if not self.has_room(size):
            raise Overloaded

    def has_room(self, size: int) -> bool:
        return not self.waiting or self.waiting + size <= self._most

    async def wait(self, size: int) -> None:
        self.check(size)
        self.waiting += size
        try:
            await self._one_at_a_time.acquire()
        except BaseException:
            self.waiting -= size
            raise

    def leave(self, size: int) -> None:
        self._one_at_a_time.release()
        self.waiting -= size


class Turn:
    """One's turn in a line."""

    __slots__ = ("_line", "_size")

    def __init__(self, line: Line, size: int) -> None:
        self._line, self._size = line, size

    async def __aenter__(self) -> None:
        await self._line.wait(self._size)

    async def __aexit__(self, *_: object) -> None:
        self._line.leave(self._size)


class Lines:
    """A line for what is soon done, so that it need not wait for what takes long: their slices take turns."""

    def __init__(self, most: int) -> None:
        """`most` is in bytes, of each."""
        self.short, self.long = Line(most), Line(most)

    def of(self, size: int) -> Line:
        return self.short if size <= SHORT else self.long

    @property
    def waiting(self) -> int:
        """Bytes."""
        return self.short.waiting + self.long.waiting

    def has_room(self, size: int) -> bool:
        return self.of(size).has_room(size)

    def are_free(self, size: int) -> bool:
        """Whether such a piece of work is done so soon that nobody could leave before."""
        return size <= SHORT and not self.short.waiting
