"""A file or standard input -> its text as UTF-8 bytes, piece by piece: unpacked, and decoded where it was asked for."""

import codecs
import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import IO

from bulk.errors import BulkError

GZIP, PARQUET, ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
BUFFER = 1 << 20


class Source:
    """Text from its first byte on; `position` is where in the file itself it has come to, `size` how long that is."""

    def __init__(self, name: str, file: IO[bytes], size: int | None, encoding: str | None = None) -> None:
        """No size is one that nobody knows. Raises BulkError."""
        self.name, self.size = name, size
        self._file = file
        try:
            begin = _peek(file, 4)
            if begin.startswith((PARQUET, ZIP)):
                what = "Parquet" if begin == PARQUET else "a workbook or another zip file"
                raise BulkError(f"{name}: it is {what} inside; CSV is expected there")
            self._text: IO[bytes] = file
            if begin.startswith(GZIP):  # what unpacks reads some kilobytes at a time; this asks it for whole pieces
                self._text = io.BufferedReader(gzip.GzipFile(fileobj=file), BUFFER)
            if encoding is None and _peek(self._text, 2)[:2] in UTF16:
                encoding = "utf-16"
        except (OSError, EOFError, zlib.error) as error:
            raise self._failed(error) from None
        self._decoder = codecs.getincrementaldecoder(encoding)() if encoding else None
        self._encoding = encoding

    @property
    def position(self) -> int:
        return self._file.tell() if self.size is not None else 0

    def read(self, size: int) -> bytes:
        """About `size` bytes, none at the end. Raises BulkError."""
        try:
            content = self._text.read(size)
            while self._decoder:
                text = self._decoder.decode(content, not content)
                if text or not content:
                    return text.encode()
                content = self._text.read(size)
        except UnicodeDecodeError as error:
            raise BulkError(f"{self.name}: it is not in the encoding {self._encoding}: {error.reason}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise self._failed(error) from None
        return content

    def skip(self, size: int) -> bytes:
        """Go on behind so many bytes of text; gives what was read beyond them. Raises BulkError."""
        if self._text is self._file and not self._decoder and self.size is not None:
            self._file.seek(size)
            return b""
        while content := self.read(BUFFER):
            if len(content) > size:
                return content[size:]
            size -= len(content)
        return b""

    def close(self) -> None:
        self._text.close()

    def _failed(self, error: Exception) -> BulkError:
        if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
            return BulkError(f"{self.name}: the gzip file is damaged or cut short: {error}")
        reason = error.strerror if isinstance(error, OSError) else None
        return BulkError(f"{self.name}: {reason or error}")


def open_source(path: Path | None, encoding: str | None = None) -> Source:
    """Standard input where there is no path. Raises BulkError."""
    if path is None:
        return Source("standard input", sys.stdin.buffer, None, encoding)
    try:
        return Source(str(path), path.open("rb", BUFFER), path.stat().st_size, encoding)
    except OSError as error:
        raise BulkError(f"{path}: {error.strerror or error}") from None


def _peek(file: IO[bytes], size: int) -> bytes:
    return file.peek(size)[:size] if isinstance(file, io.BufferedReader) else b""
