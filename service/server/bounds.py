"""What one request may hold, and how one that holds too much, or is no HTTP, is refused.

uvicorn bounds nothing but the body that waits for the app: a head, trailers and what comes after a 413 may be endless.
Here whatever is not a body that the app waits for is counted as it comes. It knows no time; `drain.py` does.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from service.api.callers.origins import Origins
from service.api.errors import error_body
from service.server.metrics import Metrics
from service.settings import Settings

logger = logging.getLogger("uvicorn.error")

CHUNK = 16
"""Bytes that each chunk of a body may have around it."""

SLICE = 4096
"""Bytes that are parsed at once: a small request that waits for its turn is a hundred times its bytes."""

UPGRADING = (b"upgrade", b"http2-settings")
"""What a Connection header says of an upgrade."""

HOSTLESS = ("0.9", "1.0")
"""The versions of HTTP whose requests need no Host, and know neither chunks nor 100."""


@dataclass(frozen=True)
class Bounds:
    """What one connection may do: times in seconds, sizes in bytes."""

    request_timeout: float
    keep_alive: float
    write_timeout: float
    drain_timeout: float
    max_head: int
    max_headers: int
    max_body: int

    @property
    def thrown_away(self) -> int:
        """Bytes read of what nobody waits for: many clients send all before they read that it was too much."""
        return max(8 * self.max_body, 1 << 20)


def bounds_of(settings: Settings) -> Bounds:
    return Bounds(**{name: getattr(settings, name) for name in Bounds.__dataclass_fields__})


class Refused(Exception):
    """Stops uvicorn's parser."""


@dataclass(frozen=True)
class Refusal:
    """Why a request reaches no route: the status and `detail` that say so, and the event that it is counted as."""

    status: int
    detail: str
    event: str

    def reply(self, default_headers: list[tuple[bytes, bytes]], crossing: bytes) -> bytes:
        """`crossing` is what lines say of the page that asks."""
        body = error_body(self.detail)
        headers = [
            *default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return STATUS_LINE[self.status] + lines + crossing + b"\r\n" + body


NO_HTTP = Refusal(400, "Invalid HTTP request", "bad_request")
NO_HOST = Refusal(400, "An HTTP/1.1 request has one Host header", "bad_request")
NO_CHUNKS = Refusal(400, "An HTTP/1.0 request has no Transfer-Encoding", "bad_request")
TOO_SLOW = Refusal(408, "The request did not arrive in time", "request_timeout")
URL_TOO_LONG = Refusal(414, "The request's URL is too long", "url_too_long")
HEAD_TOO_LARGE = Refusal(431, "The request's headers or trailers are too large", "head_too_large")


class BoundedProtocol(HttpToolsProtocol):
    _parsing = False  # uvicorn's parser is inside a message
    _in_body = False  # and past its head
    _room = 0  # bytes, read by read, that may still come of this part of the message
    _size = 0  # bytes, header by header, that it may still have
    _lines = 0
    _why: Refusal | None = None
    _unread = b""  # what came behind requests that wait for their turn
    _left = 0  # bytes to come of a body that told its length
    _not_upgraded = b""  # a head that asked for another protocol, without that

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.bounds: Bounds = app_state["bounds"]
        self.metrics: Metrics = app_state["metrics"]

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._read_on()

    def _read_on(self) -> None:
        """Parse what came, until requests wait for their turn."""
        while self._unread and not self.pipeline:
            size = max(SLICE, self._left)
            data, self._unread = self._unread[:size], self._unread[size:]
            self._read(data)

    def _read(self, data: bytes) -> None:
        self._room -= len(data)  # of the message that is being received; one that begins in `data` begins anew
        self._unset_keepalive_if_required()
        while data:
            data = self._parse(data)
        if self._room < 0 and self._parsing and not self.transport.is_closing():
            self.refuse(HEAD_TOO_LARGE)

    def _parse(self, data: bytes) -> bytes:
        """Have the parser read `data`; what it has to read next, where it stopped at an upgrade.

        It takes what follows such a head for another protocol's. None is spoken here, so the request is one like any
        other (RFC 9110, 7.8): its head is read once more without the upgrade, and its body as it is framed.
        """
        rest = b""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as stopped:
            rest = data[stopped.args[0] :]
        except httptools.HttpParserError as error:
            logger.debug("%s: no HTTP: %s", self.client, error)
            self.send_400_response("")
            return b""
        head, self._not_upgraded = self._not_upgraded, b""
        return head + rest if head else b""

    def on_message_begin(self) -> None:
        self._parsing, self._in_body = True, False
        self._begin_part()
        super().on_message_begin()

    def _begin_part(self) -> None:
        self._room = self._size = self.bounds.max_head
        self._lines = self.bounds.max_headers

    def on_url(self, url: bytes) -> None:
        self._size -= len(url)
        if self._size < 0:
            raise self._because(URL_TOO_LONG)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._size -= len(name) + len(value) + 4
        self._lines -= 1
        if self._size < 0 or self._lines < 0:
            raise self._because(HEAD_TOO_LARGE)
        if not self._in_body:  # a trailer is no header, whatever it is called
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        names, old = [name for name, _ in self.headers], self.parser.get_http_version() in HOSTLESS
        hosts = names.count(b"host")
        if hosts > 1 or not (hosts or old):
            raise self._because(NO_HOST)
        if old and b"transfer-encoding" in names:
            raise self._because(NO_CHUNKS)
        self._left = int(self.headers[names.index(b"content-length")][1]) if b"content-length" in names else 0
        if self.parser.should_upgrade():
            self._not_upgraded = self._without_upgrade()
            return
        super().on_headers_complete()
        self._in_body = True
        self._begin_part()

    def _without_upgrade(self) -> bytes:
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise self._because(NO_HTTP)
        lines = [b"%b %b HTTP/%b" % (method, self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            if name == b"connection":
                value = b", ".join(each for each in value.split(b",") if each.strip().lower() not in UPGRADING)
            if name != b"upgrade" and (value or name != b"connection"):
                lines.append(b"%b: %b" % (name, value))
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def on_chunk_header(self) -> None:
        self._room += CHUNK

    def on_body(self, body: bytes) -> None:
        self._left -= len(body)
        if not self.cycle.response_complete:
            self._room += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._not_upgraded:
            return
        super().on_message_complete()
        self._in_body = self._parsing = False
        self._left = 0

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_body and self.cycle.response_complete:
            self._room = self.bounds.thrown_away

    def _because(self, why: Refusal) -> Refused:
        """What to raise; `send_400_response` finds `why`, since the parser tells only that something was raised."""
        self._why = why
        return Refused(why.detail)

    def send_400_response(self, msg: str) -> None:
        """uvicorn's parser stopped."""
        self.refuse(self._why or NO_HTTP)

    def refuse(self, why: Refusal) -> None:
        """Tell the request that is being received why it ends here, unless it was answered already."""
        self.metrics.event(why.event)
        self._unread = b""
        answered = self._in_body and self.cycle.response_started
        self.finish(b"" if answered else why.reply(self.server_state.default_headers, self._crossed()))

    def _crossed(self) -> bytes:
        """What lines say of the page that asks, as far as the head of the request that is being received has come."""
        origins: Origins | None = self.app_state.get("origins")
        return origins.lines(self.headers) if origins and self._parsing else b""

    def finish(self, words: bytes) -> None:
        """Say `words` and close."""
        self.transport.write(words)
        self.transport.close()
