"""The same on a distributed engine: an Apache Beam pipeline that scores the blocks which one machine would score.

`python -m bulk.beam --input 'FLIGHTS-*.csv' --output OUT`, with any of Beam's own options behind. Each block of a CSV,
plain or gzipped, becomes a file with a header, `OUT-FLIGHTS-00000.csv`: in the order of their names their rows are
those of `python -m bulk`. What cannot be scored is in `OUT-FLIGHTS-00000.bad.csv`. A block that is scored again, as its
machine was lost, becomes the same file. Beam has pins of its own, and an environment: `make beam`.
"""

import argparse
import io
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.io.filesystems import CompressionTypes, FileSystems
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions

from bulk.reading.blocks import blocks, read_head
from bulk.reading.dialect import Dialect, read_dialect
from bulk.reading.source import BUFFER, Source
from bulk.scoring.job import Job, Score, scorer_of
from bulk.scoring.results import Results
from bulk.writing.part import wrong_rows
from export.errors import ExportError
from export.progress import say
from service.model import bundle as bundles
from service.settings import ROOT

COUNTED = ("flights", "unknown", "wrong")


class Piece(NamedTuple):
    """A block of a file: the `number`th, behind so many `lines`."""

    name: str
    number: int
    lines: int
    content: bytes
    dialect: Dialect


class Cut(beam.DoFn):  # type: ignore[misc]
    """A file's path -> its blocks. It only reads, so that the work is in what comes behind."""

    def __init__(self, encoding: str | None) -> None:
        self._encoding = encoding

    def process(self, path: str) -> Iterator[Piece]:
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as opened:
            file = opened if isinstance(opened, io.BufferedReader) else io.BufferedReader(opened, BUFFER)
            source = Source(path, file, None, self._encoding)
            head = read_head(source)
            dialect = read_dialect(path, head, {})
            name, lines = PurePosixPath(path).name.removesuffix(".gz").removesuffix(".csv"), dialect.lines
            number = 0
            for number, block in enumerate(blocks(source, head[dialect.start :], dialect.start), 1):
                yield Piece(name, number - 1, lines, block.content, dialect)
                lines += block.content.count(b"\n")
            if not number:
                yield Piece(name, 0, lines, b"", dialect)


class Scored(beam.DoFn):  # type: ignore[misc]
    """A block -> the files of its rows, which it writes, and their names."""

    def __init__(self, bundle: str, output: str) -> None:
        self._folder, self._output = bundle, output
        self._counters = {name: Metrics.counter("bulk", name) for name in COUNTED}

    def setup(self) -> None:
        self._bundle = bundles.read(Path(self._folder))
        self._scorer = lru_cache(maxsize=4)(self._make)

    def _make(self, dialect: Dialect) -> tuple[bytes, Score]:
        job = Job(self._bundle, dialect, dialect.names, dialect.places, parquet=False)
        if not job.verbatim:
            raise ExportError(f"a file was scored before: take its columns {', '.join(dialect.names[-4:])} out")
        header = dialect.header + Results(self._bundle, dialect.separator).header + dialect.line_end
        return header, scorer_of(job)

    def process(self, piece: Piece) -> Iterator[str]:
        header, score = self._scorer(piece.dialect)
        name = f"{self._output}-{piece.name}-{piece.number:05}"
        scored = score(piece.content) if piece.content else None
        yield _write(f"{name}.csv", [header, *(scored.content if scored else ())])
        if scored is None:
            return
        if scored.wrong:
            yield _write(f"{name}.bad.csv", [wrong_rows(piece.lines, scored.wrong, first=True)])
        for what, count in zip(COUNTED, (scored.flights, scored.unknown, len(scored.wrong)), strict=True):
            self._counters[what].inc(count)


def _write(path: str, content: Sequence[Any]) -> str:
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        for each in content:
            file.write(bytes(each))
    return path


def run(arguments: Sequence[str]) -> dict[str, int]:
    """Run the pipeline to its end; how many flights, unknown names and wrong rows there were."""
    parser = argparse.ArgumentParser(prog="python -m bulk.beam", epilog="Beam's own options go behind.")
    parser.add_argument("--input", required=True, help="A CSV or a pattern of several, on any of Beam's file systems.")
    parser.add_argument("--output", required=True, help="How the names begin of what is written.")
    parser.add_argument("--bundle", default=str(ROOT), help="Folder of the model, on each machine.")
    parser.add_argument("--encoding", help="What a CSV that is not UTF-8 is in.")
    asked, others = parser.parse_known_args(arguments)
    found = [each.path for match in FileSystems.match([asked.input]) for each in match.metadata_list]
    if not found:
        raise ExportError(f"{asked.input}: there is no such file")
    pipeline = beam.Pipeline(options=PipelineOptions(others))
    (
        pipeline
        | "files" >> beam.Create(sorted(found))
        | "cut" >> beam.ParDo(Cut(asked.encoding))
        | "spread" >> beam.Reshuffle()
        | "score" >> beam.ParDo(Scored(asked.bundle, asked.output))
    )
    result = pipeline.run()
    result.wait_until_finish()
    counters = result.metrics().query()["counters"]
    return {
        each.key.metric.name: each.committed or each.attempted
        for each in counters
        if each.key.metric.namespace == "bulk"
    }


def main() -> None:
    try:
        counted = run(sys.argv[1:])
    except ExportError as error:
        say(f"atraso: {error}")
        sys.exit(1)
    say("atraso: " + ", ".join(f"{counted.get(name, 0):,} {name}" for name in COUNTED))


if __name__ == "__main__":
    main()
