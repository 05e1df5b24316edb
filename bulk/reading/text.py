"""A CSV, from a file or standard input: what its first line says, and its rows in blocks."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bulk.reading.blocks import Block, blocks, read_head
from bulk.reading.dialect import Dialect, read_dialect
from bulk.reading.source import open_source

BEGIN = 1 << 16
"""Bytes of a file's start that tell it from others."""


class TextSource:
    """Raises ExportError, as all of it does. `size` is in bytes of the file, None where nobody knows."""

    def __init__(self, path: Path | None, asked: Mapping[str, str], encoding: str | None = None) -> None:
        self._path, self._encoding = path, encoding
        self._source = open_source(path, encoding)
        self._head = read_head(self._source)
        self.dialect: Dialect | None = None
        self._dialect = self.dialect = read_dialect(self._source.name, self._head, asked)
        self.name, self.size, self.lines = self._source.name, self._source.size, self._dialect.lines
        self.names, self.places = self._dialect.names, self._dialect.places

    def told_apart(self) -> dict[str, object]:
        """What tells this file from any other, and from itself once it was changed."""
        begin = hashlib.sha256(self._head[:BEGIN]).hexdigest()
        if self._path is None:
            return {"file": "", "read": time.time_ns()}
        about = self._path.stat()
        return {"file": str(self._path.resolve()), "size": about.st_size, "time": about.st_mtime_ns, "begin": begin}

    def blocks(self, start: int) -> Iterator[Block]:
        """From `start` on, which is the end of a block, or from the first row where it is 0."""
        carry = self._head[self._dialect.start :]
        self._head = b""
        if start:
            self._source.close()
            self._source = open_source(self._path, self._encoding)
            carry = self._source.skip(start)
        return blocks(self._source, carry, start or self._dialect.start)

    def position(self) -> int:
        """How far in the file it has read."""
        return self._source.position
