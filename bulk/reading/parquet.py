"""A Parquet file -> its columns, and batches of its rows in Arrow's format, always of the same rows."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bulk.errors import BulkError
from bulk.reading.blocks import BLOCK, Block
from bulk.scoring.columns import as_ipc
from export.data.headers import find

ROWS = 1 << 15
"""Of a batch at most."""

READ = 1 << 20
"""Bytes that are read of a column at once."""


class ParquetSource:
    """Raises BulkError, as all of it does. `size` is in rows."""

    def __init__(self, path: Path, asked: Mapping[str, str]) -> None:
        self.name = str(path)
        try:
            self._file = pq.ParquetFile(path, buffer_size=READ, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise self._failed(error) from None
        self.schema: pa.Schema = self._file.schema_arrow
        self.names: tuple[str, ...] = tuple(self.schema.names)
        self.places = find(self.name, self.names, asked)
        self.size: int = self._file.metadata.num_rows
        self.dialect, self.lines = None, 0
        self._path, self._at = path, 0
        for place in self.places:
            kind = self.schema.field(place).type
            if pa.types.is_nested(kind):
                raise BulkError(f"{path}: the column {self.names[place]} holds {kind}, and no names or times")

    def told_apart(self) -> dict[str, object]:
        about = self._path.stat()
        return {"file": str(self._path.resolve()), "size": about.st_size, "time": about.st_mtime_ns}

    def position(self) -> int:
        return self._at

    def blocks(self, start: int) -> Iterator[Block]:
        """Behind the first `start` rows; the end of each is its last row's number."""
        before = 0
        try:
            for group in range(self._file.num_row_groups):
                rows = self._file.metadata.row_group(group).num_rows
                if before + rows <= start:
                    before += rows
                    continue
                for batch in self._file.iter_batches(ROWS, row_groups=[group], use_threads=False):
                    before += batch.num_rows
                    self._at = before
                    if before > start:
                        yield from _blocks(self.name, batch, before)
        except (pa.ArrowException, OSError) as error:
            raise self._failed(error) from None

    def _failed(self, error: Any) -> BulkError:
        return BulkError(f"{self.name}: it cannot be read as Parquet: {str(error).splitlines()[0]}")


def _blocks(name: str, batch: pa.RecordBatch, end: int) -> Iterator[Block]:
    """The batch, or halves of it where its rows are long."""
    content = as_ipc(batch)
    if len(content) <= 4 * BLOCK:
        yield Block(content, end)
    elif batch.num_rows == 1:
        raise BulkError(f"{name}, row {end}: it has {len(content):,} bytes")
    else:
        half = batch.num_rows // 2
        yield from _blocks(name, batch.slice(0, half), end - batch.num_rows + half)
        yield from _blocks(name, batch.slice(half), end)
