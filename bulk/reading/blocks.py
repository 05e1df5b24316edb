"""A CSV's text -> blocks of whole rows, always cut at the same places, so that a run can be gone on with."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bulk.reading.source import Source

BLOCK = 4 << 20
"""Bytes of text that a process scores at once."""

QUOTE, NEWLINE = b'"', b"\n"


class Block(NamedTuple):
    content: bytes
    end: int
    """Where the next one begins in the text."""


def read_head(source: Source) -> bytes:
    """The text's start: a block of it, or all there is. Raises BulkError."""
    head = b""
    while len(head) < BLOCK and (more := source.read(BLOCK - len(head))):
        head += more
    return head


def blocks(source: Source, carry: bytes, start: int) -> Iterator[Block]:
    """Blocks of the text from `start` on, of which `carry` was read; the last row has a line end too."""
    more = True
    while True:
        pieces, size = [carry], len(carry)
        while more and size < BLOCK:
            piece = source.read(BLOCK - size)
            pieces.append(piece)
            size += len(piece)
            more = bool(piece)
        text = b"".join(pieces) if len(pieces) > 1 else carry
        if not more and len(text) <= BLOCK:
            end = len(text)
            if not text.endswith(NEWLINE):
                text = text.rstrip(b"\x1a\0")  # what programs of old put at a text's end
                text += NEWLINE * bool(text)
            if text:
                yield Block(text, start + end)
            return
        end = cut(text[:BLOCK])
        start += end
        yield Block(text[:end], start)
        carry = text[end:]


def cut(text: bytes) -> int:
    """Where the last whole row of a block ends. Quotes that do not close cost the line that they begin in.

    A block without any line end is a row as it stands, which is too long to be one.
    """
    last = text.rfind(NEWLINE) + 1
    if last == 0:
        return len(text)
    if text.count(QUOTE, 0, last) % 2 == 0:
        return last
    letters = np.frombuffer(text, dtype=np.uint8)
    newlines = np.flatnonzero(letters == ord(NEWLINE))
    outside = newlines[np.searchsorted(np.flatnonzero(letters == ord(QUOTE)), newlines) % 2 == 0]
    return int(outside[-1] if len(outside) else newlines[0]) + 1
