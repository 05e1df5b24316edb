"""Replies that stay the same: their bytes, compressed too, and a tag by which clients know that they have them.

A reply is compressed once, when the first client takes it so, and only where that makes it smaller.
"""

import gzip
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.responses import Response

LEVEL = 6
WORTH = 0.9
"""A compressed reply is at most so much of the other one."""

LITTLE = 512
"""Bytes that are not compressed: it would save no packet."""

COMPRESSED = ("image/png",)

FRESH = {"cache-control": "no-cache"}
"""A client asks each time whether it has the newest."""


class Kept:
    def __init__(self, body: bytes, media_type: str) -> None:
        self._body = body
        self._media_type = media_type
        self._tag = sha256(body).hexdigest()[:32]

    @cached_property
    def _compressed(self) -> bytes | None:
        if len(self._body) < LITTLE or self._media_type in COMPRESSED:
            return None
        packed = gzip.compress(self._body, LEVEL, mtime=0)
        return packed if len(packed) <= WORTH * len(self._body) else None

    def reply(self, headers: Headers, more: Mapping[str, str] = FRESH) -> Response:
        """The reply to a request with these headers: 304 where the client has it. It says `more` in any case."""
        packed = self._compressed if takes_gzip(headers) else None
        tag = f'"{self._tag}-gzip"' if packed else f'"{self._tag}"'
        told = {**more, "etag": tag, "vary": "accept-encoding"}
        if is_known(headers, tag):
            return Response(status_code=304, headers=told)
        if packed:
            told["content-encoding"] = "gzip"
        return Response(packed or self._body, headers=told, media_type=self._media_type)


def takes_gzip(headers: Headers) -> bool:
    """Whether a client takes replies in gzip, by its own name or by the star's."""
    taken = {}
    for each in ",".join(headers.getlist("accept-encoding")).lower().split(","):
        coding, _, quality = each.replace(" ", "").partition(";q=")
        taken[coding] = quality.strip("0.") != "" if quality else True
    return taken.get("gzip", taken.get("x-gzip", taken.get("*", False)))


def is_known(headers: Headers, tag: str) -> bool:
    """Whether the client has the reply with this tag; a proxy that compresses on its own makes tags weak."""
    named = [each.strip().removeprefix("W/") for each in ",".join(headers.getlist("if-none-match")).split(",")]
    return tag in named or "*" in named
