"""For whom a proxy asks, where it may be believed: by uvicorn's middleware, and the same for the fast lane."""

from collections.abc import Callable
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware


def believing(app: Any, trusted: str | None) -> Any:
    """`app` behind proxies at the `trusted` addresses."""
    return ProxyHeadersMiddleware(app, trusted) if trusted else app


def client_behind(trusted: str) -> Callable[[Any, bytes], Any]:
    """Takes a connection's client and its request's X-Forwarded-For, and gives the client for whom it asks."""
    hosts = believing(None, trusted).trusted_hosts

    def client_of(peer: Any, forwarded: bytes) -> Any:
        if not peer or peer[0] not in hosts:
            return peer
        found = hosts.get_trusted_client_address(forwarded.decode("latin-1"))
        return found if found[0] else peer

    return client_of
