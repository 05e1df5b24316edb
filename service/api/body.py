"""What the routes share: reading a body within its limit, the JSON media type, the header that names unknown values."""

from collections.abc import Collection

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from service.api.contract import BodyTooLarge

JSON = "application/json"


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body of a request. Raises BodyTooLarge as soon as it is, and ClientDisconnect."""
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


def unknown_header(names: Collection[str]) -> dict[str, str]:
    return {"x-unknown": ", ".join(names)} if names else {}
