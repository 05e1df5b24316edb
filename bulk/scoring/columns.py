"""Arrow's columns: of a Parquet file, as texts that the API takes, as CSV, and on the way between processes."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}


def as_text(column: pa.Array) -> pa.StringArray:
    """Empty where there is nothing. A time without a zone is Santiago's, as in a CSV."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        column = pc.cast(column, pa.timestamp("s", "UTC" if column.type.tz else None), safe=False)
    return pc.fill_null(pc.cast(column, pa.string()), "")


def as_csv(batch: pa.RecordBatch, separator: str, line_end: bytes) -> bytes:
    """Rows without a header. Texts are quoted where one of them needs it."""
    batch = pa.RecordBatch.from_arrays([_to_write(column) for column in batch.columns], batch.schema.names)
    content = b""
    for quoting in ("none", "needed"):
        options = pyarrow.csv.WriteOptions(
            include_header=False, delimiter=separator, quoting_style=quoting, eol=line_end.decode()
        )
        out = io.BytesIO()
        try:
            pyarrow.csv.write_csv(batch, out, options)
        except pa.ArrowInvalid:
            if quoting == "needed":
                raise
            continue
        content = out.getvalue()
        break
    return content


def _to_write(column: pa.Array) -> pa.Array:
    """Times without fractions of a second where they have none; texts as CSV knows them."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.type in VIEWS:
        return pc.cast(column, VIEWS[column.type])
    if pa.types.is_timestamp(column.type):
        try:
            return pc.cast(column, pa.timestamp("s", column.type.tz))
        except pa.ArrowInvalid:
            return column
    return column


def as_ipc(batch: pa.RecordBatch) -> bytes:
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, batch.schema) as stream:
        stream.write_batch(batch)
    content: bytes = out.getvalue().to_pybytes()
    return content


def from_ipc(content: bytes | memoryview) -> pa.RecordBatch:
    return pa.ipc.open_stream(content).read_next_batch()


def only(column: pa.Array, good: NDArray[np.bool_]) -> pa.Array:
    """The good rows of a column."""
    if good.all():
        return column
    try:
        return column.filter(pa.array(good))
    except pa.ArrowNotImplementedError:  # of string views, plain and nested
        edges = np.flatnonzero(np.diff(good, prepend=False, append=False)).tolist()
        runs = [column.slice(start, end - start) for start, end in zip(edges[::2], edges[1::2], strict=True)]
        return pa.concat_arrays(runs or [column.slice(0, 0)])


def row_text(batch: pa.RecordBatch, row: int) -> str:
    """A row as JSON."""
    return json.dumps(batch.slice(row, 1).to_pylist()[0], ensure_ascii=False, default=str)
