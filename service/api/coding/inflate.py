"""Compressed bodies -> what they hold, within the limit of a body: one that would not end is refused as too large."""

import asyncio
import zlib
from collections.abc import Iterable

from service.api.contract import problem
from service.api.errors import BodyTooLarge, HttpError

STEP = 256 * 1024
"""Bytes that are made in a turn of the event loop, at most; it takes less than a millisecond."""

PIECE = 64 * 1024
"""Bytes that are looked at together."""

A_MEMBER = 4096
"""Bytes that each of a gzip body's members may count for: reading one takes as long, however little it holds."""

FEW_MEMBERS = 16

GZIP, ZLIB, RAW = 31, 15, -15
CODINGS = {"gzip": GZIP, "x-gzip": GZIP, "deflate": ZLIB}
TAKEN = "gzip, deflate"

_one_at_a_time = asyncio.Lock()
"""So that those who send a little do not make much in memory together: what waits is still as small as it came."""


class UnknownCoding(HttpError):
    status = 415

    def __init__(self) -> None:
        text = f"The request body's Content-Encoding is not taken; send it as it is, or in one of {TAKEN}"
        super().__init__(text, {"accept-encoding": TAKEN})


class NotInflated(HttpError):
    """It is not what its Content-Encoding says."""

    status = 422

    def __init__(self, coding: str, why: str) -> None:
        self.sentence = f"The request body is no valid {coding}: {why}"
        super().__init__([problem("content_encoding", ("body",), self.sentence, None)])


def coding_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The one coding that a request's headers name, whose names are in lower case. Raises UnknownCoding."""
    named = b",".join(value for name, value in headers if name == b"content-encoding")
    codings = [each for each in named.decode("latin-1").lower().replace(" ", "").split(",") if each]
    codings = [each for each in codings if each != "identity"]
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in CODINGS:
        raise UnknownCoding
    return codings[0]


async def inflate(body: bytes, coding: str, limit: int) -> bytes:
    """What the body holds. Raises BodyTooLarge, NotInflated."""
    async with _one_at_a_time:
        try:
            return await _inflate(body, coding, limit)
        except zlib.error as error:
            raise NotInflated(coding, str(error).rpartition(": ")[2]) from None


async def _inflate(body: bytes, coding: str, limit: int) -> bytes:
    form = CODINGS[coding]
    if form == ZLIB and not _has_head(body):
        form = RAW  # what some clients understand by deflate
    made = bytearray()
    members = FEW_MEMBERS + limit // A_MEMBER
    at = 0
    stream = zlib.decompressobj(form)
    while True:
        piece = body[at : at + PIECE]
        at += len(piece)
        while not stream.eof:
            some = stream.decompress(piece, STEP)
            made += some
            if len(made) > limit:
                raise BodyTooLarge(limit)
            piece = stream.unconsumed_tail
            if not piece and len(some) < STEP:
                break
            await asyncio.sleep(0)
        at -= len(stream.unused_data)
        if not stream.eof and at >= len(body):
            raise NotInflated(coding, "it ends before its end")
        if stream.eof:
            rest = body[at : at + 2]
            if not rest:
                return bytes(made)
            members -= 1
            if form != GZIP or rest != b"\x1f\x8b" or not members:
                raise NotInflated(coding, "something follows it" if members else "it has too many members")
            stream = zlib.decompressobj(form)


def _has_head(body: bytes) -> bool:
    """Whether it begins as zlib's streams do."""
    return len(body) > 1 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0
