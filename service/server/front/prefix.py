"""A path in front of all paths, for proxies that leave it on: a request with it is the same as one without."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Prefix:
    """`prefix` begins with a slash and ends with none."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self.app = app
        self._prefix = prefix
        self._raw = prefix.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["raw_path"] + b"/").startswith(self._raw + b"/"):
            path, raw = scope["path"].removeprefix(self._prefix), scope["raw_path"].removeprefix(self._raw)
            # Of the bare prefix nothing is left: its raw path stays, as what a relative redirect needs to name.
            scope = {**scope, "path": path, "raw_path": raw or scope["raw_path"]}
        await self.app(scope, receive, send)
