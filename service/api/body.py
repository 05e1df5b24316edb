"""A request's body, read within its limit, and what is made of it while somebody waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from service.api.coding.inflate import coding_of, inflate
from service.api.errors import BodyTooLarge
from service.model.turns import Lines

JSON = "application/json"

Made = TypeVar("Made")


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body of a request, inflated. Raises BodyTooLarge as soon as it is, HttpError, and ClientDisconnect."""
    coding = coding_of(scope["headers"])
    body = await _read_as_sent(scope, receive, limit)
    return body if coding is None else await inflate(body, coding, limit)


async def _read_as_sent(scope: Scope, receive: Receive, limit: int) -> bytes:
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > limit:
            raise BodyTooLarge(limit)
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge(limit)
        if not message.get("more_body", False):
            return body


async def while_awaited(receive: Receive, work: Coroutine[Any, Any, Made]) -> Made:
    """What `work` makes. Where the client leaves before, it is dropped wherever it is. Raises ClientDisconnect."""
    task, is_awaited, has_left = asyncio.current_task(), True, False

    def drop(_: asyncio.Future[None]) -> None:
        nonlocal has_left
        if task and is_awaited:
            has_left = task.cancel()

    leaving = asyncio.ensure_future(_disconnect(receive))
    leaving.add_done_callback(drop)
    try:
        return await work
    except asyncio.CancelledError:
        if task and has_left and not task.uncancel():
            raise ClientDisconnect from None
        raise
    finally:
        is_awaited = False
        leaving.cancel()


async def in_turn(receive: Receive, lines: Lines, size: int, work: Callable[[], Awaitable[Made]]) -> Made:
    """What `work` makes of a body of `size` bytes once it is its turn. Raises Overloaded and ClientDisconnect."""
    line = lines.of(size)
    line.check(size)  # who is refused costs little

    async def taken() -> Made:
        async with line.turn(size):
            return await work()

    return await (taken() if lines.are_free(size) else while_awaited(receive, taken()))


async def _disconnect(receive: Receive) -> None:
    """Comes back when the client has left; its request was read to its end."""
    while (await receive())["type"] != "http.disconnect":
        pass
