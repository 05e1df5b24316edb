"""One run: a file comes in, processes score it, and what came of it goes out in the same order."""

import gzip
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from bulk import __version__
from bulk.errors import BulkError
from bulk.reading.parquet import ParquetSource
from bulk.reading.source import PARQUET
from bulk.reading.text import TextSource
from bulk.scoring.columns import as_csv
from bulk.scoring.job import Job, scorer_of
from bulk.scoring.results import SCHEMA, Results
from bulk.told import Told
from bulk.workers import Workers
from bulk.writing.part import Part, Progress, place
from bulk.writing.sinks import ParquetPart, Sink, StandardOutput
from export.progress import say
from service.model import bundle as bundles

FORMAT = 1
"""Of what is recorded: goes up where a run cannot go on with what another release began."""

Reading = TextSource | ParquetSource


@dataclass(frozen=True)
class Wanted:
    """What somebody asked for; no path is standard input or output. `columns` are names that were given for fields."""

    flights: Path | None
    out: Path | None
    bad: Path
    bundle: Path
    columns: dict[str, str]
    encoding: str | None = None
    processes: int = 1
    native: bool = True
    memo: bool = True
    force: bool = False


def run(wanted: Wanted) -> Progress:
    """Score a file. Raises ExportError, BundleError, and KeyboardInterrupt once what was done is recorded."""
    bundle = bundles.read(wanted.bundle)
    reading = open_flights(wanted)
    parquet = wanted.out is not None and wanted.out.suffix == ".parquet"
    job = Job(bundle, reading.dialect, reading.names, reading.places, parquet, wanted.native, wanted.memo)
    header = _header(reading, job)
    part = None
    if wanted.out:
        about = {"job": [FORMAT, __version__, bundle.digest, *job.places], "encoding": wanted.encoding}
        part = Part(wanted.out, wanted.bad, {**reading.told_apart(), **about})
        if done := part.completed():
            return done
        check_places(wanted)
    packed = wanted.out is not None and wanted.out.suffix == ".gz"
    header = gzip.compress(header, 6, mtime=0) if packed else header
    workers = Workers(wanted.processes, partial(scorer_of, job), packed)
    sink: Sink = _sink(wanted, part, reading, job)
    try:
        return _score(reading, header, workers, sink)
    finally:
        workers.close()
        sink.close()


def open_flights(wanted: Wanted) -> Reading:
    """A Parquet file is known by its first bytes. Raises ExportError."""
    path = wanted.flights
    try:
        if path and _begin(path) == PARQUET:
            return ParquetSource(path, wanted.columns)
    except OSError as error:
        raise BulkError(f"{path}: {error.strerror or error}") from None
    return TextSource(path, wanted.columns, wanted.encoding)


def _begin(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(PARQUET))


def check_places(wanted: Wanted) -> None:
    """What is there already stays, unless it is to be replaced. Raises BulkError."""
    taken = [wanted.out, place(wanted.out), place(wanted.out, ".json")] if wanted.out else []
    if wanted.bad.resolve() in [path.resolve() for path in taken]:
        raise BulkError(f"{wanted.bad}: rows that cannot be scored go to a file of their own")
    for path in (wanted.out, wanted.bad):
        if path and wanted.flights and path.resolve() == wanted.flights.resolve():
            raise BulkError(f"{path}: what comes out cannot go where the flights come from")
        if path and path.exists() and not wanted.force:
            raise BulkError(f"{path}: it is there already; --force replaces it")


def _header(reading: Reading, job: Job) -> bytes:
    """The first line of what comes out."""
    if job.parquet:
        twice = [name for name in job.names if job.names.count(name) > 1]
        if twice:
            raise BulkError(f"{reading.name}: two columns are called {twice[0]!r}, which Parquet does not allow")
        return b""
    if job.verbatim and reading.dialect:
        return reading.dialect.header + Results(job.bundle, job.separator).header + reading.dialect.line_end
    line_end = reading.dialect.line_end if reading.dialect else b"\n"
    names = [job.names[place] for place in job.kept] + SCHEMA.names
    if isinstance(reading, ParquetSource):
        for place in job.kept:
            if pa.types.is_nested(reading.schema.field(place).type):
                raise BulkError(f"{reading.name}: CSV cannot hold the column {job.names[place]}: write Parquet")
    row = pa.RecordBatch.from_arrays([pa.array([name]) for name in names], [str(n) for n in range(len(names))])
    return as_csv(row, job.separator, line_end)


def _sink(wanted: Wanted, part: Part | None, reading: Reading, job: Job) -> Sink:
    if part is None:
        return StandardOutput(wanted.bad)
    if not job.parquet:
        return part
    fields = (
        [reading.schema.field(place) for place in job.kept]
        if isinstance(reading, ParquetSource)
        else [pa.field(job.names[place], pa.string()) for place in job.kept]
    )
    return ParquetPart(part, pa.schema([pa.field(each.name, each.type) for each in fields] + list(SCHEMA)))


def _score(reading: Reading, header: bytes, workers: Workers, sink: Sink) -> Progress:
    done = sink.begin()
    if done.start:
        say(f"atraso: {done.flights:,} flights were done before; this goes on behind them")
    else:
        done = Progress(lines=reading.lines, out=sink.write(header))
    try:
        blocks = reading.blocks(done.start)
        with Told(reading.name, reading.size, reading.position() if done.start else 0, done.flights) as told:
            for each in workers.run(blocks):
                out = sink.write(each.content)
                bad = sink.write_wrong(done.lines, each.wrong, first=not done.wrong) if each.wrong else 0
                done = Progress(
                    each.end,
                    done.lines + each.lines,
                    done.out + out,
                    done.bad + bad,
                    done.flights + each.flights,
                    done.wrong + len(each.wrong),
                    done.unknown + each.unknown,
                )
                sink.record(done)
                told(reading.position(), done.flights)
    except (KeyboardInterrupt, SystemExit):
        sink.record(done, now=True)
        raise
    sink.finish(done)
    return done
