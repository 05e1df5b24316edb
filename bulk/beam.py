"""The same on a distributed engine: an Apache Beam pipeline, which scores the blocks of files that one machine would.

`python -m bulk.beam --input 'FLIGHTS-*.csv' --output OUT --bundle .` and any of Beam's own options. Each block becomes a
file, `OUT-FLIGHTS-00000.csv`, with the header; in the order of their names their rows are those of `python -m bulk`. What
cannot be scored is in `OUT-FLIGHTS-00000.bad.csv`. It runs in an environment of its own: `make beam`.
"""

import argparse
import gzip
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions

from bulk.reading.dialect import Dialect
from bulk.reading.text import TextSource
from bulk.scoring.job import Job, scorer_of
from bulk.scoring.results import Results
from bulk.writing.part import wrong_rows
from service.model import bundle as bundles
