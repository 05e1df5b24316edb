"""Which other origins' pages may ask, as browsers want to be told: CORS. Where none is allowed, nothing is told."""

from collections.abc import Iterable

HEADERS = Iterable[tuple[bytes, bytes]]
EVERY = b"*"

EXPOSED = b"x-unknown, x-read-as, x-model-version, x-request-id, retry-after, inference-header-content-length"
"""Headers of a reply that such a page may read."""

PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (b"access-control-allow-headers", b"*, authorization"),  # the star does not stand for it
    (b"access-control-max-age", b"7200"),
)


class Origins:
    """Names of headers are in lower case. Keys are headers that pages set, so no credentials are ever allowed."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(origin.encode() for origin in allowed)

    def told(self, headers: HEADERS) -> list[tuple[bytes, bytes]]:
        """What every reply to a request with these headers says of it; nothing where it names no origin."""
        named = [value for name, value in headers if name == b"origin"]
        if not named:
            return []
        every = EVERY in self._allowed
        vary = [] if every else [(b"vary", b"Origin")]
        if len(named) > 1 or not (every or named[0] in self._allowed):
            return vary
        origin = EVERY if every else named[0]
        return [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", EXPOSED), *vary]

    def lines(self, headers: HEADERS) -> bytes:
        """The same as lines of a reply."""
        return b"".join(b"%b: %b\r\n" % header for header in self.told(headers))

    def is_preflight(self, method: str, headers: HEADERS) -> bool:
        """Whether a browser asks if it may ask, and may."""
        if method != "OPTIONS":
            return False
        told = list(headers)
        asks = any(name == b"access-control-request-method" for name, _ in told)
        return asks and any(name == b"access-control-allow-origin" for name, _ in self.told(told))
