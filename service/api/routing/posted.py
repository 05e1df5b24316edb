"""The routes that are sent flights, as plain ASGI: Starlette's requests and responses cost more than a model run."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, TypeAlias

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from service.api.body import JSON
from service.api.errors import HttpError, Problem, refusal
from service.api.served import Served

logger = logging.getLogger("uvicorn.error")


class Made(NamedTuple):
    """What a reply with status 200 is made of; `headers` are those beside the body's type and length."""

    body: bytes
    headers: Mapping[str, str]
    media_type: str = JSON


Make: TypeAlias = Callable[[Scope, Receive, Served], Awaitable[Made]]
"""Raises what `refusal` tells apart, and ClientDisconnect."""

LEFT = 499


class Posted:
    """An ASGI app for one route."""

    def __init__(self, make: Make, error_body: Callable[[str | list[Problem]], bytes]) -> None:
        self._make = make
        self._error_body = error_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.answer(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Answer a request; with which status."""
        served: Served = scope["state"]["served"]
        status = 200
        try:
            body, extra, media_type = await self._make(scope, receive, served)
        except ClientDisconnect:
            served.counts.event("client_left")
            status, body, extra, media_type = LEFT, b"", {}, JSON  # nobody reads it
        except Exception as error:
            refused = self._refused(error, scope, served)
            status, body, extra, media_type = refused.status, self._error_body(refused.detail), refused.headers, JSON
        await reply(send, status, body, extra, media_type)
        return status

    def _refused(self, error: Exception, scope: Scope, served: Served) -> HttpError:
        told = refusal(error)
        if told.status == HttpError.status:
            logger.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
        if told.event:
            served.counts.event(told.event)
        return told


class Way(NamedTuple):
    """From a path straight to what answers its posts: `route` is what counters call it."""

    posted: Posted
    route: str
    params: Mapping[str, str]


async def reply(send: Send, status: int, body: bytes, extra: Mapping[str, str], media_type: str = JSON) -> None:
    """Send a whole reply; `extra` are headers beside the body's."""
    headers = [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body))]
    headers += [(name.encode(), value.encode()) for name, value in extra.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
