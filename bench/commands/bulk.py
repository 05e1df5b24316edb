"""`python -m bench bulk`: what scoring a whole file costs, beside ONNX Runtime alone on the same rows."""

import gzip
import hashlib
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory

import click

from bench import options, results
from bench.errors import BenchError
from bench.measure import Figures
from bench.processes import tree
from bench.rounds import in_turn
from bench.table import Column, renderer
from bench.tools import last_line, shown
from bulk.reading.text import TextSource
from bulk.scoring.model import Model
from bulk.scoring.rows import read_rows
from service.model import bundle as bundles
from service.settings import ROOT

TITLE = "Whole files"
BAD = 1_000
BLOCKS = 30
"""That ONNX Runtime alone scores: a million rows."""

COLUMNS = (
    Column("row", "row"),
    Column("flights", "flights", ",d"),
    Column("cpu_us", "CPU µs a flight", ",.3f"),
    Column("ratio", "ONNX Runtime's ÷ its", ".2f"),
    Column("ratios", "of its rounds"),
    Column("flights_s", "flights/s", ",.0f"),
    Column("peak_mib", "peak MiB (PSS)", ",.0f"),
    Column("bad", "bad rows", ",d"),
    Column("sha256", "sha256"),
)

RUNS = {
    "native reader": (),
    "Python alone": ("--no-native",),
    "native reader, the model asked about each row": ("--no-memo",),
    "Python alone, the model asked about each row": ("--no-native", "--no-memo"),
}
"""What each row adds to the command."""

render = renderer(COLUMNS)


@click.command("bulk")
@click.option("--data", type=options.EXISTING, required=True, help="The real flights, which are repeated.")
@options.number("--rows", 10_000_000, "Rows of the file, 1,000 bad ones among them.")
@options.number("--rounds", 3, "Rounds, of which the median ratio counts.")
@options.number("--processes", 2, "Processes that score.")
@options.out("bulk")
def command(data: Path, rows: int, rounds: int, processes: int, out: Path) -> None:
    """Score a file made of the real flights: CPU a flight, memory, and whether a killed run gives the same.

    Each run lies between two of ONNX Runtime alone, in as many processes.
    """
    header = results.header()
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        flights, scored = Path(folder) / "flights.csv", Path(folder) / "out.csv"
        make(data, flights, rows)
        bare = [bare_us(flights, processes)]

        def between(name: str) -> Figures:
            row = measure(flights, scored, rows, processes, RUNS[name])
            bare.append(bare_us(flights, processes))
            return {**row, "ratio": round((bare[-2] + bare[-1]) / 2 / row["cpu_us"], 3)}

        found = in_turn([*RUNS], rounds, between, lambda row: f"{row['ratio']:.2f} of ONNX Runtime alone")
        killed = measure(flights, scored, rows, processes, (), killed=True)
    alone = {"row": "ONNX Runtime alone", "cpu_us": round(median(bare), 3), "ratio": 1.0}
    kept = [{"row": name, **_middle(each)} for name, each in found.items()]
    killed = {"row": "killed in the middle and run again", **killed}
    results.publish({"header": header, "rows": [alone, *kept, killed]}, out, render)


def _middle(rounds: Sequence[Figures]) -> Figures:
    """The round with the median ratio, the most memory of all, how far apart they were, and all that came out."""
    ratios = sorted(row["ratio"] for row in rounds)
    middle = next(row for row in rounds if row["ratio"] == ratios[len(ratios) // 2])
    return {
        **middle,
        "peak_mib": max(row["peak_mib"] for row in rounds),
        "ratios": f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
        "sha256": ", ".join(dict.fromkeys(row["sha256"] for row in rounds)),
    }


def make(data: Path, path: Path, rows: int) -> None:
    """A CSV of the real flights over and over, some of which are broken."""
    content = data.read_bytes()
    head, *lines = (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).splitlines(keepends=True)
    bad = sorted(random.Random(0).sample(range(rows), min(BAD, rows // 10)), reverse=True)
    with path.open("wb") as file:
        file.write(head)
        for start in range(0, rows, len(lines)):
            some = lines[: rows - start]
            while bad and bad[-1] < start + len(some):
                place = bad.pop() - start
                some[place] = b"broken " + some[place][:10] + b"\n"
            file.writelines(some)


def bare_us(path: Path, processes: int) -> float:
    """CPU microseconds of ONNX Runtime for a row of the file's features, in as many processes at once as score."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return fmean(pool.map(_alone_us, [path] * processes))


def _alone_us(path: Path) -> float:
    """How the features are made does not count."""
    bundle, source = bundles.read(ROOT), TextSource(path, {})
    dialect = source.dialect
    assert dialect
    model = Model(bundle, memo=False)
    spent = count = 0
    for number, block in enumerate(source.blocks(0)):
        matrix = model.lookup(*read_rows(block.content, dialect).columns).matrix
        before = time.process_time_ns()
        model.run(matrix)
        spent, count = spent + time.process_time_ns() - before, count + len(matrix)
        if number == BLOCKS:
            break
    return spent / 1000 / count


def measure(flights: Path, out: Path, rows: int, processes: int, more: Sequence[str], killed: bool = False) -> Figures:
    """One run; where it is `killed`, that is done once a third has come out, and the command is given again."""
    command = [
        sys.executable,
        "-m",
        "bulk",
        str(flights),
        "-o",
        str(out),
        "--processes",
        str(processes),
        "--force",
        *more,
    ]
    if killed:
        _kill(command, out, flights.stat().st_size // 3)
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as run:
        peak = 0.0
        while run.poll() is None:
            peak = max(peak, pss_mib(run.pid))
            time.sleep(0.2)
        told = run.stderr.read() if run.stderr else ""
    wall = time.monotonic() - wall
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode not in (0, 3):
        raise BenchError(f"python -m bulk ended with status {run.returncode}: {last_line(told)}")
    bad = out.with_name("out.bad.csv")
    count = sum(1 for _ in bad.open("rb")) - 1 if bad.exists() else 0
    cpu = spent.ru_utime + spent.ru_stime - before.ru_utime - before.ru_stime
    with out.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    whole = {} if killed else {"cpu_us": round(cpu / rows * 1e6, 3), "flights_s": round(rows / wall)}
    found = {"command": shown(command), "flights": rows - count, **whole}
    return {**found, "peak_mib": round(peak, 1), "bad": count, "sha256": digest[:12]}


def _kill(command: list[str], out: Path, size: int) -> None:
    part = out.with_name(f"{out.name}.part")
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as run:
        while run.poll() is None and not (part.exists() and part.stat().st_size > size):
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)


def pss_mib(pid: int) -> float:
    """The memory of a process and its children, what they share counted once."""
    total = 0
    for each in tree(pid):
        try:
            text = Path(f"/proc/{each}/smaps_rollup").read_text()
        except OSError:
            continue  # it has ended
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return total / 1024
