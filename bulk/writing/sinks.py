"""Where scored rows go: into a CSV or a Parquet file that gets its name in the end, or to standard output."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from bulk.errors import BulkError
from bulk.scoring.columns import from_ipc
from bulk.scoring.oddly import Wrong
from bulk.writing.part import Part, Progress, wrong_rows
from export.files import make_folder


class Sink(Protocol):
    """All of it raises BulkError. What is written says how many bytes that were."""

    def begin(self) -> Progress: ...

    def write(self, content: bytes | memoryview) -> int: ...

    def write_wrong(self, lines: int, wrong: Sequence[Wrong], first: bool) -> int: ...

    def record(self, done: Progress, now: bool = False) -> None: ...

    def finish(self, done: Progress) -> None: ...

    def close(self) -> None: ...


class ParquetPart:
    """A Parquet file cannot be gone on with: its end tells what is in it. A run that was cut off begins again."""

    def __init__(self, part: Part, schema: pa.Schema) -> None:
        self._part, self._schema = part, schema
        self._writer: Any = None

    def begin(self) -> Progress:
        done = self._part.begin()
        self._into = pa.PythonFile(self._part.file, "w")  # once it is gone the file is closed
        self._writer = pq.ParquetWriter(self._into, self._schema)
        return done

    def write(self, content: bytes | memoryview) -> int:
        if not len(content):
            return 0
        batch = from_ipc(content)
        if batch.num_rows:
            try:
                self._writer.write_batch(batch)
            except OSError as error:
                raise self._part.failed(error) from None
        return 0

    def write_wrong(self, lines: int, wrong: Sequence[Wrong], first: bool) -> int:
        return self._part.write_wrong(lines, wrong, first)

    def record(self, done: Progress, now: bool = False) -> None:
        pass

    def finish(self, done: Progress) -> None:
        try:
            self._writer.close()
        except OSError as error:
            raise self._part.failed(error) from None
        self._part.finish(done)

    def close(self) -> None:
        if self._writer:
            with suppress(OSError):  # of a run that was cut off: what it writes is of no use
                self._writer.close()
        self._part.close()


class StandardOutput:
    def __init__(self, bad: Path) -> None:
        self._bad = bad
        self._wrong: list[bytes] = []

    def begin(self) -> Progress:
        try:
            make_folder(self._bad.parent)
            self._file = self._bad.open("wb")
        except OSError as error:
            raise BulkError(f"{self._bad}: {error.strerror}") from None
        return Progress()

    def write(self, content: bytes | memoryview) -> int:
        sys.stdout.buffer.write(content)
        return len(content)

    def write_wrong(self, lines: int, wrong: Sequence[Wrong], first: bool) -> int:
        return self._file.write(wrong_rows(lines, wrong, first))

    def record(self, done: Progress, now: bool = False) -> None:
        pass

    def finish(self, done: Progress) -> None:
        sys.stdout.buffer.flush()
        self.close()
        if not done.wrong:
            self._bad.unlink()

    def close(self) -> None:
        self._file.close()
