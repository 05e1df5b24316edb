"""What a process does to each piece of a file: a block of CSV or a batch of Parquet -> scored rows and wrong ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bulk.reading.dialect import RESULTS, Dialect
from bulk.scoring.columns import as_csv, as_ipc, as_text, from_ipc, only, row_text
from bulk.scoring.model import Model, Said, reason
from bulk.scoring.natively import read_natively, reader_of
from bulk.scoring.oddly import Wrong, is_blank
from bulk.scoring.results import Results
from bulk.scoring.rows import Rows, read_rows
from service.model.bundle import Bundle

Piece = bytes | memoryview


class Scored(NamedTuple):
    """`content` is in pieces; `lines` are those of the block, or rows of the batch."""

    content: Sequence[Piece]
    flights: int
    unknown: int
    lines: int
    wrong: list[Wrong]


Score = Callable[[bytes], Scored]


@dataclass(frozen=True)
class Job:
    """`dialect` is that of a CSV, whose rows stay as they are where `out` is CSV too; a Parquet file has none.

    `names` are its columns, `places` those of OPERA, SIGLADES and FECHA_PROGRAMADA.
    """

    bundle: Bundle
    dialect: Dialect | None
    names: tuple[str, ...]
    places: tuple[int, int, int]
    parquet: bool
    """What comes out."""
    native: bool = True
    memo: bool = True

    @property
    def verbatim(self) -> bool:
        return self.dialect is not None and not self.parquet and not set(self.names) & set(RESULTS)

    @property
    def kept(self) -> tuple[int, ...]:
        """The places of the columns that are none of the results."""
        return tuple(place for place, name in enumerate(self.names) if name not in RESULTS)

    @property
    def separator(self) -> str:
        return self.dialect.separator if self.dialect else ","


def scorer_of(job: Job) -> Score:
    """In the process that scores. Raises BundleError."""
    model = Model(job.bundle, job.memo)
    if job.dialect is None:
        return Batches(job, model)
    return Lines(job, model, job.dialect) if job.verbatim else Blocks(job, model, job.dialect)


class Lines:
    """A block of CSV -> the same rows with the results behind each."""

    def __init__(self, job: Job, model: Model, dialect: Dialect) -> None:
        self._model, self._dialect = model, dialect
        self._results = Results(job.bundle, dialect.separator)
        self._native = reader_of(job.bundle.tables) if job.native else None

    def __call__(self, block: bytes) -> Scored:
        cut = not block.endswith(b"\n")  # within a row that is too long: its line goes on
        texts, said, wrong, lines = self._read(block + b"\n" if cut else block)
        if not said.good.all():
            texts = texts.filter(pa.array(said.good))
        content = _joined(texts, self._results.ends(said.probabilities, said.unknown), self._dialect.line_end)
        return Scored(content, len(said.unknown), int(np.count_nonzero(said.unknown)), lines - cut, wrong)

    def _read(self, block: bytes) -> tuple[pa.Array, Said, list[Wrong], int]:
        if self._native and (read := read_natively(self._native, block, self._dialect, self._model.lookup)):
            return read.texts, self._model.say(read.found), read.wrong, len(read.texts)
        rows = read_rows(block, self._dialect)
        said = self._model(*rows.columns)
        return rows.texts, said, _wrong(rows, said, rows.columns, self._dialect), block.count(b"\n")


class Blocks:
    """A block of CSV -> its columns and the results."""

    def __init__(self, job: Job, model: Model, dialect: Dialect) -> None:
        self._job, self._model, self._dialect = job, model, dialect
        self._results = Results(job.bundle, dialect.separator)

    def __call__(self, block: bytes) -> Scored:
        lines = block.count(b"\n")
        rows = read_rows(block if block.endswith(b"\n") else block + b"\n", self._dialect, every=True)
        fields = [rows.columns[place] for place in self._job.places]
        said = self._model(*fields)
        wrong = _wrong(rows, said, fields, self._dialect)
        content = _content(self._job, self._results, rows.columns, said, self._dialect.line_end)
        return Scored(content, len(said.unknown), int(np.count_nonzero(said.unknown)), lines, wrong)


class Batches:
    """A batch of a Parquet file, in Arrow's format -> its columns and the results."""

    def __init__(self, job: Job, model: Model) -> None:
        self._job, self._model = job, model
        self._results = Results(job.bundle)

    def __call__(self, block: bytes) -> Scored:
        batch = from_ipc(block)
        fields = [as_text(batch.column(place)) for place in self._job.places]
        said = self._model(*fields)
        wrong = [
            Wrong(row, reason(*(column[row].as_py() for column in fields)), row_text(batch, row))
            for row in np.flatnonzero(~said.good).tolist()
        ]
        content = _content(self._job, self._results, batch.columns, said, b"\n")
        return Scored(content, len(said.unknown), int(np.count_nonzero(said.unknown)), batch.num_rows, wrong)


def _content(job: Job, results: Results, columns: Sequence[pa.Array], said: Said, line_end: bytes) -> list[Piece]:
    kept = [only(columns[place], said.good) for place in job.kept]
    names = [*(job.names[place] for place in job.kept), *RESULTS]
    batch = pa.RecordBatch.from_arrays([*kept, *results.columns(said.probabilities, said.unknown)], names)
    return [as_ipc(batch) if job.parquet else as_csv(batch, job.separator, line_end)]


def _wrong(rows: Rows, said: Said, fields: Sequence[pa.Array], dialect: Dialect) -> list[Wrong]:
    """What is wrong in the shape of rows, and in their fields, in the order of the lines."""
    wrong = list(rows.wrong)
    for row in np.flatnonzero(~said.good).tolist():
        text = rows.texts[row].as_py().strip(b"\r\n").decode()
        if not is_blank(text, dialect):
            wrong.append(Wrong(int(rows.lines[row]), reason(*(column[row].as_py() for column in fields)), text))
    return sorted(wrong)


def _joined(texts: pa.Array, ends: pa.Array, line_end: bytes) -> list[Piece]:
    """The rows as one text. Each brought the line end before it, which the last one needs behind it."""
    if not len(texts):
        return []
    joined = pc.binary_join_element_wise(texts, ends, pa.scalar(b"", pa.binary()))
    offsets = np.frombuffer(joined.buffers()[1], np.int32)
    start = offsets[joined.offset]
    text = memoryview(joined.buffers()[2])[start : offsets[joined.offset + len(joined)]]
    return [text[len(line_end) :] if bytes(text[: len(line_end)]) == line_end else text, line_end]
