"""Paths with a slash more or less than a route has: told by a relative redirect."""

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send


async def other_slash(scope: Scope, receive: Receive, send: Send) -> None:
    """For a path that no route has: the one with a slash more or without it, where a route has that.

    The redirect is relative: neither the Host that the client named nor a prefix that a proxy cut off is in it.
    """
    path, raw, query = scope["path"], scope["raw_path"], scope["query_string"]
    last = raw.rstrip(b"/").rpartition(b"/")[2].decode("ascii")
    bare = path.rstrip("/")
    other, location = (bare, "../" * (len(path) - len(bare)) + last) if path != bare else (path + "/", f"./{last}/")
    if not any(route.matches({**scope, "path": other})[0] is not Match.NONE for route in scope["router"].routes):
        raise HTTPException(404)
    headers = {"location": location + (f"?{query.decode('ascii')}" if query else "")}
    await Response(status_code=307, headers=headers)(scope, receive, send)
