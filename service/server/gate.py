"""What every request behind ASGI meets first: its id, whether its client may ask, and its line in the log."""

from time import perf_counter_ns
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.callers import ids, keys
from service.api.callers.ids import Ids
from service.api.callers.keys import Keys, Unauthorized
from service.api.callers.origins import PREFLIGHT, Origins
from service.api.routing.paths import route_of
from service.api.routing.posted import reply
from service.server import logs
from service.server.metrics import Metrics


class Gate:
    """It finds `ids`, `keys` (None where everybody may ask), `origins` and `metrics` in the lifespan's state."""

    def __init__(self, app: ASGIApp, error_body: Any, *, access_log: bool, open_metrics: bool) -> None:
        self.app = app
        self._error_body = error_body
        self._access_log = access_log
        self._open_metrics = open_metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter_ns(), 0
        named = ids.named(scope["headers"])
        made: Ids = scope["state"]["ids"]
        request_id = scope[ids.SCOPE] = named.id or made.new()
        origins: Origins | None = scope["state"]["origins"]
        crossing = origins.told(scope["headers"]) if origins else []

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id), *crossing]
            await send(message)

        try:
            if crossing and origins and origins.is_preflight(scope["method"], scope["headers"]):
                await self._let_ask(scope, tell, started)
            elif self._may_ask(scope):
                await self.app(scope, receive, tell)
            else:
                await self._refuse(scope, tell, started)
        except Exception:
            status = status or 500  # uvicorn answers it
            raise
        finally:
            status = status or 499  # the client left
            path = scope["raw_path"][: logs.MAX_PATH].decode("ascii", "replace")
            method, client = scope["method"], scope["client"]
            if status >= 400 or self._access_log:
                logs.request(method, path, status, started, request_id, named.trace, client, listed=self._access_log)
            if traces := scope["state"]["traces"]:
                traces.request(method, path, status, started, request_id, named)

    def _may_ask(self, scope: Scope) -> bool:
        known: Keys | None = scope["state"]["keys"]
        return known is None or keys.is_open(scope["path"], metrics=self._open_metrics) or known.allow(scope["headers"])

    async def _let_ask(self, scope: Scope, send: Send, started: int) -> None:
        """A browser sends no key when it asks whether it may ask."""
        await send({"type": "http.response.start", "status": 204, "headers": list(PREFLIGHT)})
        await send({"type": "http.response.body"})
        counts: Metrics = scope["state"]["metrics"]
        counts.request(route_of(scope["path"]), 204, started)

    async def _refuse(self, scope: Scope, send: Send, started: int) -> None:
        refused = Unauthorized()
        body = self._error_body(scope["path"])(refused.detail)
        await reply(send, refused.status, body, refused.headers)
        counts: Metrics = scope["state"]["metrics"]
        counts.event("unauthorized")
        counts.request(route_of(scope["path"]), refused.status, started)
